import { describe, expect, test } from 'vitest';
import { pairedRatios, pairedSums, percentile, summarise } from '../../../lab/bench/statistics.ts';

describe('summarise', () => {
  test('tells the middle of an odd number of rounds and the mean of the middle two of an even number', () => {
    expect(summarise([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, count: 3 });
    expect(summarise([4, 1, 3, 10])).toEqual({ median: 3.5, min: 1, max: 10, count: 4 });
  });

  test('leaves out rounds without a value', () => {
    expect(summarise([null, 7, null])).toEqual({ median: 7, min: 7, max: 7, count: 1 });
    expect(summarise([null, null])).toBeNull();
  });
});

test('ratios are taken within a round, so a slow round of both sides changes nothing', () => {
  expect(pairedRatios([80, 8, 800], [10, 1, 100])).toEqual([8, 8, 8]);
});

test('a round that one side lacks has neither a ratio nor a sum', () => {
  expect(pairedRatios([80, null, 60, 50], [10, 10, null, 0])).toEqual([8, null, null, null]);
  expect(pairedSums([1, null, 3], [1, 2, null])).toEqual([2, null, null]);
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 0.5)).toBe(101);
  expect(percentile(values, 0.99)).toBe(199);
  expect(percentile([3], 0.99)).toBe(3);
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});
