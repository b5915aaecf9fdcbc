import { expect, test } from 'vitest';
import { recoveryMs } from '../../../../lab/bench/manners/recovery.ts';

test('goodput that never leaves its level has recovered at once', () => {
  expect(recoveryMs([95, 100, 98, 97, 99], 100, 90)).toBe(0);
});

test('recovery is when it stays there, not when it first comes there', () => {
  const bins = [20, 100, 100, 100, 20, 20, 20, 100, 100, 100, 100];
  expect(recoveryMs(bins, 100, 90)).toBe(700);
});

test('an empty bin that the next one makes up for is no loss', () => {
  expect(recoveryMs([20, 100, 100, 60, 140, 100, 100, 100], 100, 85)).toBe(100);
});

test('what is not there at the end has not recovered at all', () => {
  expect(recoveryMs([100, 100, 100, 100, 20, 20], 100, 90)).toBe(600);
});
