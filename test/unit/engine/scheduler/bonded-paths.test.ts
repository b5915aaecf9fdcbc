import { beforeEach, describe, expect, test } from 'vitest';
import { Path } from '../../../../src-engine/path/path.ts';
import { BondedPaths } from '../../../../src-engine/scheduler/bonded-paths.ts';

const KIB = 1024;
const SECOND = 1_000_000;

interface Conditions {
  readonly megabits: number;
  readonly rttMs: number;
  readonly lossRatio?: number;
}

let now: number;
let log: string[];
let bonded: BondedPaths;

beforeEach(() => {
  now = 1_000_000;
  log = [];
  bonded = new BondedPaths((path, reason) => log.push(`${path.id} ${reason}`));
});

function path(id: number, conditions: Conditions): Path {
  const made = new Path(id);
  made.open(id, id, 0, 1_472, 0);
  made.validate(0);
  measure(made, conditions);
  return made;
}

function measure(path: Path, { megabits, rttMs, lossRatio = 0 }: Conditions): void {
  path.rtt.reset();
  path.rtt.update(rttMs * 1_000, 0, true, now);
  path.model.bytesPerSecond = (megabits * 1e6) / 8;
  path.loss.reset();
  path.loss.take(4 * lossRatio);
}

/** Lets a path deliver; `more` tells that more waited. */
function carry(path: Path, bytes: number, more = true): void {
  path.model.spend(bytes, !more);
  path.model.delivered += bytes;
  path.bytesSent += bytes;
}

function update(...paths: Path[]): void {
  now += 1_000;
  bonded.update(paths, paths[0]!, now);
}

/** A fast path that carries, and another that has just come up. */
function pair(other: Conditions): [Path, Path] {
  const paths: [Path, Path] = [path(0, { megabits: 100, rttMs: 2 }), path(1, other)];
  update(...paths);
  expect(log.splice(0)).toEqual(['0 helps', '1 unmeasured']);
  return paths;
}

describe('a path in bonded mode', () => {
  test('is tried with copies, but only while there is much to copy', () => {
    const [carrying, other] = pair({ megabits: 0, rttMs: 2 });
    expect([bonded.isMember(other), bonded.isTried(other)]).toEqual([false, false]);
    carry(carrying, 70 * KIB);
    now += 100_000;
    update(carrying, other);
    expect(bonded.isTried(other)).toBe(true);
    now += 100_000;
    update(carrying, other);
    expect(bonded.isTried(other), 'nothing was sent for a while').toBe(false);
  });

  test('joins as soon as what it delivered shows that it helps', () => {
    const [carrying, other] = pair({ megabits: 7, rttMs: 20 });
    carry(other, 15 * KIB);
    update(carrying, other);
    expect(bonded.isMember(other)).toBe(false);
    carry(other, 2 * KIB);
    update(carrying, other);
    expect(bonded.isMember(other)).toBe(true);
    expect(bonded.spreadMicros, 'half the difference of the round trips').toBe(9_000);
  });

  test('is not taken for slow before it was given enough to carry', () => {
    const [carrying, other] = pair({ megabits: 1, rttMs: 40 });
    carry(other, 200 * KIB);
    update(carrying, other);
    expect(log).toEqual([]);
    measure(other, { megabits: 30, rttMs: 40 });
    update(carrying, other);
    expect(log).toEqual(['1 helps']);
  });

  test('that is too slow stays out, and is tried again after a while', () => {
    const [carrying, other] = pair({ megabits: 2, rttMs: 160 });
    carry(other, 300 * KIB);
    update(carrying, other);
    expect(log.splice(0)).toEqual(['1 too-slow']);
    now += 9 * SECOND;
    update(carrying, other);
    expect(log).toEqual([]);
    now += 2 * SECOND;
    update(carrying, other);
    expect(log).toEqual(['1 unmeasured']);
  });

  test.each([
    ['loses too much', { megabits: 80, rttMs: 10, lossRatio: 0.3 }, 'too-lossy'],
    ['would make the other end hold too much', { megabits: 80, rttMs: 800 }, 'too-late'],
    ['became too slow', { megabits: 5, rttMs: 10 }, 'too-slow'],
  ])('that %s leaves, and says why', (_, conditions, reason) => {
    const [carrying, other] = pair({ megabits: 80, rttMs: 10 });
    carry(other, 300 * KIB);
    update(carrying, other);
    expect(log.splice(0)).toEqual(['1 helps']);
    measure(other, conditions);
    update(carrying, other);
    expect(log).toEqual([`1 ${reason}`]);
    expect(bonded.isMember(other)).toBe(false);
    expect(bonded.spreadMicros).toBe(0);
  });

  test('that carries for all is always a member, however it is', () => {
    const only = path(0, { megabits: 1, rttMs: 900, lossRatio: 0.5 });
    update(only);
    expect(bonded.isMember(only)).toBe(true);
  });

  test('that failed proves itself anew when it is back', () => {
    const [carrying, other] = pair({ megabits: 80, rttMs: 10 });
    carry(other, 300 * KIB);
    update(carrying, other);
    const fate = { acknowledge: () => {}, lose: () => {}, suspect: () => {}, repeat: () => {} };
    other.suspect(fate, now);
    update(carrying, other);
    expect(bonded.isMember(other)).toBe(false);
    other.validate(now);
    log.length = 0;
    update(carrying, other);
    expect(log).toEqual(['1 unmeasured']);
  });
});
