import { describe, expect, test } from 'vitest';
import { InitiationLimiter } from '../../../src-engine/initiation-limiter.ts';

/** How many of `count` initiations are looked at. */
function admitted(
  limiter: InitiationLimiter,
  count: number,
  of: (index: number) => { source: number; remote: number; isKnown?: boolean; now?: number },
): number {
  let admittedCount = 0;
  for (let index = 0; index < count; index++) {
    const { source, remote, isKnown = false, now = 0 } = of(index);
    if (limiter.admits(source, remote, isKnown, now)) admittedCount++;
  }
  return admittedCount;
}

describe('a flood of initiations', () => {
  test('from one address, whatever its ports, leaves other addresses their share', () => {
    const limiter = new InitiationLimiter();
    expect(admitted(limiter, 5_000, (index) => ({ source: 7, remote: index }))).toBe(16);
    expect(admitted(limiter, 16, (index) => ({ source: 8, remote: index }))).toBe(16);
  });

  test('from ever new addresses is looked at up to a limit', () => {
    const limiter = new InitiationLimiter();
    expect(
      admitted(limiter, 50_000, (index) => ({
        source: (index * 2_654_435_761) >>> 0,
        remote: 1 + (index % 4_096),
      })),
    ).toBe(1_000);
  });

  test('takes nothing from the addresses of paths in use, unless it comes from just there', () => {
    const limiter = new InitiationLimiter();
    admitted(limiter, 50_000, (index) => ({ source: index, remote: 1 + (index % 4_096) }));
    expect(admitted(limiter, 4, () => ({ source: 7, remote: 9, isKnown: true }))).toBe(4);
    expect(
      admitted(limiter, 50, () => ({ source: 7, remote: 9, isKnown: true })),
      'and then to its limit',
    ).toBe(12);
  });

  test('is forgotten after a tenth of a second', () => {
    const limiter = new InitiationLimiter();
    admitted(limiter, 50_000, (index) => ({ source: index, remote: index }));
    expect(admitted(limiter, 1, () => ({ source: 1, remote: 1, now: 100_000 }))).toBe(0);
    expect(admitted(limiter, 1, () => ({ source: 1, remote: 1, now: 100_001 }))).toBe(1);
  });
});
