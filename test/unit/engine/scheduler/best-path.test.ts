import { expect, test } from 'vitest';
import { Path } from '../../../../src-engine/path/path.ts';
import { BestPath } from '../../../../src-engine/scheduler/best-path.ts';
import { STATUS_AVAILABLE } from '../../../../src-engine/wire/frames.ts';

const PROBATION_MICROS = 300_000;
const SETTLED = 10_000_000;

function path(
  id: number,
  options: { rank?: number; rttMicros?: number; validatedAt?: number | null } = {},
): Path {
  const made = new Path(id);
  made.open(id, id, options.rank ?? 0, 1_472, 0);
  made.rtt.update(options.rttMicros ?? 500, 0, true, 0);
  if (options.validatedAt !== null) made.validate(options.validatedAt ?? 0);
  return made;
}

function chooser(paths: readonly Path[], ownsLinks = true): (now: number) => number {
  const best = new BestPath(ownsLinks);
  return (now) => {
    best.update(paths, now);
    return best.carrying?.id ?? -1;
  };
}

test('the first usable path is taken at once, without probation', () => {
  expect(chooser([path(0, { validatedAt: null }), path(1)])(1)).toBe(1);
});

test('among usable paths the cheapest by rank and round trip carries', () => {
  const choose = chooser([path(0, { rank: 3_000, rttMicros: 400 }), path(1, { rank: 0, rttMicros: 900 })]);
  expect(choose(SETTLED)).toBe(1);
});

test('a path that is slightly better never displaces the carrying one', () => {
  const [carrying, other] = [path(0, { rttMicros: 5_000 }), path(1, { rttMicros: 5_000 })];
  const choose = chooser([carrying, other]);
  expect(choose(SETTLED)).toBe(0);
  other.rtt.reset();
  other.rtt.update(100, 0, true, 0);
  expect(choose(SETTLED)).toBe(0);
});

test('a path that is clearly better takes over', () => {
  const [carrying, other] = [path(0, { rttMicros: 5_200 }), path(1, { validatedAt: null, rttMicros: 100 })];
  const choose = chooser([carrying, other]);
  choose(SETTLED);
  other.validate(0);
  expect(choose(SETTLED)).toBe(1);
});

test('a path that has just come back waits out its probation, and the wait has a deadline', () => {
  const [carrying, back] = [path(0, { rank: 20_000 }), path(1, { validatedAt: null })];
  const best = new BestPath(true);
  best.update([carrying, back], SETTLED);
  back.validate(SETTLED);
  best.update([carrying, back], SETTLED + PROBATION_MICROS - 1);
  expect(best.carrying).toBe(carrying);
  expect(best.nextDeadline([carrying, back], SETTLED)).toBe(SETTLED + PROBATION_MICROS);
  expect(best.update([carrying, back], SETTLED + PROBATION_MICROS)).toBe(true);
  expect(best.carrying).toBe(back);
});

test('when the carrying path fails, one on probation is better than none', () => {
  const [carrying, back] = [path(0), path(1, { rank: 50_000, validatedAt: SETTLED })];
  const choose = chooser([carrying, back]);
  expect(choose(SETTLED)).toBe(0);
  carrying.close({ acknowledge: none, lose: none, suspect: none, repeat: none }, SETTLED);
  expect(choose(SETTLED + 1)).toBe(1);
});

test('no usable path means that none carries', () => {
  expect(chooser([path(0, { validatedAt: null })])(SETTLED)).toBe(-1);
});

test('loss makes a path dearer', () => {
  const lossy = path(0);
  lossy.loss.take(0.4);
  expect(chooser([lossy, path(1, { rttMicros: 9_000 })])(SETTLED)).toBe(1);
});

test('the side without links follows the wish of the other at once', () => {
  const [one, other] = [
    path(0, { validatedAt: SETTLED }),
    path(1, { rttMicros: 90_000, validatedAt: SETTLED }),
  ];
  const choose = chooser([one, other], false);
  expect(choose(SETTLED)).toBe(0);
  other.peerStatus = STATUS_AVAILABLE;
  expect(choose(SETTLED)).toBe(1);
});

test('what is sent again takes the cheapest path that has room', () => {
  const [full, free] = [path(0), path(1, { rttMicros: 4_000 })];
  const best = new BestPath(true);
  expect(best.replayPath([full, free])).toBe(full);
  full.isBlocked = true;
  expect(best.replayPath([full, free])).toBe(free);
});

function none(): void {
  // Nothing is in flight in these tests.
}
