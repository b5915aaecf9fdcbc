import { describe, expect, test } from 'vitest';
import { Codel } from '../../../../src-engine/send/codel.ts';

const MS = 1_000;

/** Lets a packet leave each millisecond; tells at which milliseconds the sender was signalled. */
function signals(codel: Codel, lane: number, waitedMs: number, fromMs: number, toMs: number): number[] {
  const at: number[] = [];
  for (let ms = fromMs; ms < toMs; ms++) {
    if (codel.onDequeue(lane, waitedMs * MS, 1_000_000 + ms * MS)) at.push(ms);
  }
  return at;
}

describe('CoDel', () => {
  test('bears a queue below its target, and a long one that does not last', () => {
    const codel = new Codel();
    expect(signals(codel, 1, 19.9, 0, 1_000)).toEqual([]);
    expect(signals(codel, 1, 50, 1_000, 1_099)).toEqual([]);
    expect(signals(codel, 1, 0, 1_099, 1_100)).toEqual([]);
    expect(signals(codel, 1, 50, 1_100, 1_199)).toEqual([]);
  });

  test('signals after an interval, then at intervals that shrink with the square root of their number', () => {
    const at = signals(new Codel(), 1, 50, 0, 500);
    expect(at.slice(0, 5)).toEqual([100, 200, 271, 329, 379]);
  });

  test('goes on nearly where it stopped when the queue is back at once', () => {
    const codel = new Codel();
    const before = signals(codel, 1, 50, 0, 1_000).length;
    signals(codel, 1, 0, 1_000, 1_010);
    const after = signals(codel, 1, 50, 1_010, 2_010).length;
    expect(after).toBeGreaterThan(before);
  });

  test('keeps lanes apart, and allows more waiting when asked', () => {
    const codel = new Codel();
    expect(signals(codel, 1, 50, 0, 200)).not.toEqual([]);
    expect(signals(codel, 2, 4, 0, 200)).toEqual([]);
    codel.targetMicros = 60 * MS;
    expect(signals(codel, 3, 50, 0, 200)).toEqual([]);
  });
});
