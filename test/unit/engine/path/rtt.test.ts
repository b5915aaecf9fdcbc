import { expect, test } from 'vitest';
import { RttEstimator } from '../../../../src-engine/path/rtt.ts';

function fed(
  ...samples: readonly (readonly [sample: number, delay?: number, isClean?: boolean, at?: number])[]
) {
  const rtt = new RttEstimator();
  for (const [sample, delay = 0, isClean = true, at = 0] of samples) rtt.update(sample, delay, isClean, at);
  return rtt;
}

test('the first sample is believed, with half of it as variation', () => {
  expect(fed([800])).toMatchObject({ smoothedMicros: 800, variationMicros: 400, minimumMicros: 800 });
});

test('later samples move the average by an eighth and the variation by a quarter', () => {
  expect(fed([800], [1_600])).toMatchObject({ smoothedMicros: 900, variationMicros: 500 });
});

test('what the peer waited is taken out, but never below the minimum', () => {
  expect(fed([800], [1_600, 500]).latestMicros).toBe(1_100);
  expect(fed([800], [1_000, 900]).latestMicros, 'a lie about the wait').toBe(1_000);
});

test('a sample taken behind our own queue never raises the minimum', () => {
  expect(fed([500], [9_000, 0, false, 20_000_000]).minimumMicros).toBe(500);
});

test('after ten seconds the lowest clean sample since becomes the minimum', () => {
  const samples = [[500], [900, 0, true, 5_000_000], [2_000, 0, true, 9_999_999]] as const;
  expect(fed(...samples).minimumMicros, 'before').toBe(500);
  expect(fed(...samples, [1_500, 0, true, 10_000_000]).minimumMicros, 'after').toBe(900);
});

test('a reset forgets everything', () => {
  const rtt = fed([500]);
  rtt.reset();
  expect(rtt).toMatchObject({ hasSample: false, smoothedMicros: 0, minimumMicros: 0 });
});
