import { describe, expect, it } from 'vitest';
import { englishFormat, formatDuration, formatRate, formatRatio } from '../../../src-shared/i18n/format.ts';

describe('formatting', () => {
  it.each([
    [0, '0 µs'],
    [99, '99 µs'],
    [412, '0.4 ms'],
    [8300, '8.3 ms'],
    [9960, '10 ms'],
    [40_000, '40 ms'],
    [999_600, '1 s'],
    [2_540_000, '2.5 s'],
    [20_000_000, '20 s'],
    [119_600_000, '2 min'],
    [7_300_000_000, '2 h'],
  ])('writes %d microseconds as %s', (micros, text) => expect(formatDuration(micros)).toBe(text));

  it.each([
    [0, '0 bit/s'],
    [999.6, '1 kbit/s'],
    [640_000, '640 kbit/s'],
    [999_600, '1 Mbit/s'],
    [1.24e9, '1.2 Gbit/s'],
    [620e6, '620 Mbit/s'],
  ])('writes %d bits per second as %s', (rate, text) => expect(formatRate(rate)).toBe(text));

  it.each([
    [0, '0 B'],
    [1472, '1,472 B'],
    [56_000, '56 kB'],
    [1_250_000, '1.3 MB'],
  ])('writes %d bytes as %s', (bytes, text) => expect(englishFormat.size(bytes)).toBe(text));

  it.each([
    [0, '0%'],
    [0.0001, '<0.1%'],
    [0.06, '6%'],
    [0.066, '6.6%'],
    [0.0996, '10%'],
    [1, '100%'],
  ])('writes the share %d as %s', (ratio, text) => expect(formatRatio(ratio)).toBe(text));
});
