import { expect, test } from 'vitest';
import { bytesBetween } from '../../../../lab/bench/manners/bulk.ts';
import { jainIndex } from '../../../../lab/bench/manners/fairness.ts';
import { judgeMeasure, MannersFigures } from '../../../../lab/bench/manners/measure.ts';
import type { Measure, Target } from '../../../../lab/bench/manners/measure.ts';

test('a target is held against the median of the worst line', () => {
  const figures = measured({ text: 'short', column: 'ms', most: 10 });
  for (const [round, slow] of [9, 30, 8].entries()) {
    figures.add(round, [
      { line: 'quick', figures: { ms: 2 } },
      { line: 'slow', figures: { ms: slow } },
    ]);
  }

  expect(judgeMeasure(figures)).toEqual([
    { target: 'short', outcome: 'met', evidence: 'slow: delay, ms 9.0' },
  ]);
});

test('where more is better the lowest line is the worst', () => {
  const figures = measured({ text: 'fair', column: 'ms', least: 0.95 });
  figures.add(0, [
    { line: 'up', figures: { ms: 0.99 } },
    { line: 'down', figures: { ms: 0.5 } },
  ]);

  expect(judgeMeasure(figures)[0]).toMatchObject({ outcome: 'missed', evidence: 'down: delay, ms 0.5' });
});

test('a line without the figure is not judged, and no figure at all is no success', () => {
  const figures = measured({ text: 'short', column: 'ms', most: 10 });
  expect(judgeMeasure(figures)[0]?.outcome).toBe('not measured');
  figures.add(1, [
    { line: 'plain link', figures: { other: 99 } },
    { line: 'tunnel', figures: { ms: 10 } },
  ]);

  expect(judgeMeasure(figures)[0]).toMatchObject({ outcome: 'met', evidence: 'tunnel: delay, ms 10.0' });
});

test("Jain's index is 1 for equal shares and 1/n where one has all", () => {
  expect(jainIndex([5, 5, 5, 5])).toBe(1);
  expect(jainIndex([5, 0, 0, 0])).toBe(0.25);
  expect(jainIndex([0, 0])).toBe(0);
});

test('a time as long as some bins always counts as many, wherever it begins', () => {
  const log = { beganMicros: 1000, binMicros: 10_000 };
  const flow = new Array<number>(20).fill(1);
  for (const fromMicros of [21_000, 24_000, 27_000, 30_999]) {
    expect(bytesBetween(log, flow, fromMicros, fromMicros + 100_000)).toBe(10);
  }
  expect(bytesBetween(log, flow, -500_000, -1)).toBe(0);
});

function measured(target: Target): MannersFigures {
  const measure: Measure = {
    name: 'test',
    title: 'Test',
    columns: [{ name: 'ms', label: 'delay, ms', digits: 1 }],
    targets: [target],
    seconds: 1,
    run: () => Promise.resolve([]),
  };
  return new MannersFigures(measure, 3);
}
