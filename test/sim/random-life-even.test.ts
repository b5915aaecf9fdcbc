import { expect, test } from 'vitest';
import { liveThroughHalf } from './random-life.ts';

// Two files, so that the seeds use two cores.
test('even lives full of faults lose, repeat, reorder and leak nothing', { timeout: 900_000 }, () => {
  const { faults, sent, lives } = liveThroughHalf(1);
  expect(faults).toEqual([]);
  expect(sent, 'traffic flowed').toBeGreaterThan(lives * 20);
});
