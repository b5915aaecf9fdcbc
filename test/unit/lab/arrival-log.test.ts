import { describe, expect, it } from 'vitest';
import { ArrivalLog, percentiles } from '../../lab/probes/shared/arrival-log.ts';

describe('an arrival log', () => {
  it('counts each number once, its copies, its absence and its lateness in order', () => {
    const log = new ArrivalLog(10);
    for (const [sequence, at] of [
      [0, 1000],
      [2, 2000],
      [1, 3000],
      [2, 4000],
      [4, 5000],
    ] as const) {
      log.record(sequence, at - 100, 0, at);
    }
    expect(log.received(0, 6)).toEqual({ received: 4, lost: 2, duplicated: 1, reordered: 1 });
    expect(log.received(3, 5)).toEqual({ received: 1, lost: 1, duplicated: 0, reordered: 0 });
  });

  it('finds the longest silence and takes off how late its last packet was sent', () => {
    const log = steady();
    log.record(10, 17_000, 4000, 17_100);
    goOn(log, 11, 18_100);
    const { longest, longestCorrected } = log.arrivals(0, 40_000);
    expect(longest).toMatchObject({ fromMicros: 9100, untilMicros: 17_100, senderLateMicros: 4000 });
    expect(longestCorrected?.correctedMicros).toBe(4000);
  });

  it('does not let a late sender hide a longer silence of the network', () => {
    const log = steady();
    log.record(10, 17_000, 7000, 17_100);
    goOn(log, 11, 22_100);
    const { longest, longestCorrected } = log.arrivals(0, 40_000);
    expect(longest?.untilMicros).toBe(17_100);
    expect(longestCorrected).toMatchObject({ fromMicros: 17_100, correctedMicros: 5000 });
  });

  it('counts a silence that still lasts up to the end of the window', () => {
    expect(steady().arrivals(5000, 50_000).longest).toMatchObject({ fromMicros: 9100, untilMicros: 50_000 });
  });

  it('shares silences out among windows that follow each other', () => {
    const log = steady();
    log.record(10, 90_000, 0, 90_100);
    const longest = (from: number, until: number): unknown => log.arrivals(from, until).longest;
    // A fault at 10 ms: the silence began just before, and is the fault's.
    expect(longest(0, 10_000)).toBeNull();
    expect(longest(10_000, 60_000)).toMatchObject({ fromMicros: 9100, untilMicros: 90_100 });
    // Whoever looks later sees only what was left of it.
    expect(longest(60_000, 120_000)).toMatchObject({ fromMicros: 60_000, untilMicros: 90_100 });
  });

  it('keeps windows apart', () => {
    const log = steady();
    log.record(10, 60_000, 0, 60_100);
    goOn(log, 11, 61_100);
    expect(log.arrivals(70_000, 100_000)).toMatchObject({ arrivals: 30, longest: { correctedMicros: 1000 } });
  });

  it('tells the delays of what arrived in the window', () => {
    expect(steady().arrivals(0, 9000).latency).toEqual({ median: 100, p95: 100, p99: 100, max: 100 });
  });

  it('ignores numbers beyond its books', () => {
    const log = new ArrivalLog(2);
    log.record(4_000_000_000, 0, 0, 1);
    expect(log.arrivals(0, 10).arrivals).toBe(0);
  });
});

describe('percentiles', () => {
  it('are null for nothing and pick by rank otherwise', () => {
    expect(percentiles([])).toBeNull();
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentiles(values)).toEqual({ median: 51, p95: 96, p99: 100, max: 100 });
  });
});

/** Ten packets, one a millisecond, each 100 us under way. */
function steady(): ArrivalLog {
  const log = new ArrivalLog(1000);
  for (let sequence = 0; sequence < 10; sequence++) {
    log.record(sequence, sequence * 1000, 0, sequence * 1000 + 100);
  }
  return log;
}

/** Fifty more packets, one a millisecond, each 100 us under way. */
function goOn(log: ArrivalLog, firstSequence: number, firstArrivalMicros: number): void {
  for (let packet = 0; packet < 50; packet++) {
    const arrived = firstArrivalMicros + packet * 1000;
    log.record(firstSequence + packet, arrived - 100, 0, arrived);
  }
}
