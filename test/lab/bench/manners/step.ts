import type { LinkName } from '../../home-plan.ts';
import { BenchHome } from '../bench-home.ts';
import { pause } from '../machine.ts';
import { bulkRate, bytesBetween, startBulk } from './bulk.ts';
import type { BulkResult } from './bulk.ts';
import type { Measure, Reading } from './measure.ts';
import { recoveryMs } from './recovery.ts';
import { overBowline, overPlainLink, plainLink } from './setups.ts';

const FAST_MEGABITS = 200;
const SLOW_MEGABITS = 20;
const OTHER_MEGABITS = 100;
const BEFORE_SECONDS = 4;
const AFTER_SECONDS = 3;
const BIN_MS = 100;
const LEVEL = 0.9;
const PLAIN = { warmUpSeconds: 1, seconds: 1.5 } as const;

/** How soon goodput is what it can be after one of two links has become slow, and fast again. */
export const step: Measure = {
  name: 'step',
  title:
    `One link steps from ${FAST_MEGABITS} to ${SLOW_MEGABITS} to ${FAST_MEGABITS} Mbit/s beside one of ` +
    `${OTHER_MEGABITS}, 1 ms each, bonded; until goodput stays at ${LEVEL * 100} % of the links alone`,
  columns: [
    { name: 'down', label: `after the step down, s (${AFTER_SECONDS}: never)`, digits: 1 },
    { name: 'up', label: 'after the step up, s', digits: 1 },
    { name: 'before', label: 'of the sum before', digits: 2 },
    { name: 'slow', label: 'in the last second while slow', digits: 2 },
    { name: 'fast', label: 'in the last second', digits: 2 },
    { name: 'leastSlow', label: 'least second while slow', digits: 2 },
  ],
  targets: [
    { text: 'Within 1 s of a step down at 90 % of what is possible', column: 'down', most: 1 },
    { text: 'Within 1 s of a step up at 90 % of what is possible', column: 'up', most: 1 },
  ],
  seconds: 10 + 6 * 4 + 4 * (BEFORE_SECONDS + 2 * AFTER_SECONDS + 1),
  run: async (_, signal): Promise<readonly Reading[]> => {
    await using bench = await BenchHome.create({
      eth0: plainLink(FAST_MEGABITS, 1, 50),
      wlan0: plainLink(OTHER_MEGABITS, 1, 50),
    });
    const possible = await measureLinks(bench, signal);
    const setting = { mode: 'bonded', links: ['eth0', 'wlan0'] } as const;
    // Awaited here: the home is removed when this function ends.
    return await overBowline(bench, setting, signal, async () => {
      const readings: Reading[] = [];
      for (const streams of [1, 4]) {
        for (const direction of ['up', 'down'] as const) {
          readings.push({
            line: `${streams === 1 ? 'one stream' : `${streams} streams`} ${direction}`,
            figures: await measureSteps(bench, { streams, direction }, possible[direction], signal),
          });
        }
      }
      return readings;
    });
  },
};

/** What the links carry without a tunnel, both together, in bits a second. */
interface Possible {
  readonly fast: number;
  readonly slow: number;
}

async function measureLinks(
  bench: BenchHome,
  signal: AbortSignal,
): Promise<Readonly<Record<'up' | 'down', Possible>>> {
  const rateOf = async (link: LinkName, direction: 'up' | 'down'): Promise<number> =>
    overPlainLink(bench, link, signal, async () => {
      const plan = { streams: 1, direction, seconds: PLAIN.warmUpSeconds + PLAIN.seconds + 0.3 };
      const running = await startBulk(bench, plan, signal);
      try {
        return bulkRate(await running.result(), PLAIN.warmUpSeconds, PLAIN.seconds);
      } finally {
        await running.stop();
      }
    });
  const found = { up: { fast: 0, slow: 0 }, down: { fast: 0, slow: 0 } };
  for (const direction of ['up', 'down'] as const) {
    const other = await rateOf('wlan0', direction);
    const fast = await rateOf('eth0', direction);
    await bench.changeLink('eth0', { rateBitsPerSecond: SLOW_MEGABITS * 1e6 });
    const slow = await rateOf('eth0', direction);
    await bench.changeLink('eth0', { rateBitsPerSecond: FAST_MEGABITS * 1e6 });
    found[direction] = { fast: fast + other, slow: slow + other };
  }
  return found;
}

async function measureSteps(
  bench: BenchHome,
  plan: { readonly streams: number; readonly direction: 'up' | 'down' },
  possible: Possible,
  signal: AbortSignal,
): Promise<Reading['figures']> {
  const seconds = BEFORE_SECONDS + 2 * AFTER_SECONDS + 1;
  const running = await startBulk(bench, { ...plan, seconds }, signal);
  try {
    await pause(BEFORE_SECONDS * 1000, signal);
    const down = await bench.changeLink('eth0', { rateBitsPerSecond: SLOW_MEGABITS * 1e6 });
    await pause(AFTER_SECONDS * 1000, signal);
    const up = await bench.changeLink('eth0', { rateBitsPerSecond: FAST_MEGABITS * 1e6 });
    const bulk = await running.result();
    const [downMicros, upMicros] = [down.inForceMicros, up.inForceMicros];
    const slow = goodputBins(bulk, downMicros, upMicros);
    const fast = goodputBins(bulk, upMicros, upMicros + AFTER_SECONDS * 1e6);
    const before = goodputBins(bulk, downMicros - 1e6, downMicros);
    const eachSecond = Array.from({ length: AFTER_SECONDS }, (_, index) =>
      mean(slow.slice(index * BINS_A_SECOND, (index + 1) * BINS_A_SECOND)),
    );
    return {
      down: recoveryMs(slow, BIN_MS, possible.slow * LEVEL) / 1000,
      up: recoveryMs(fast, BIN_MS, possible.fast * LEVEL) / 1000,
      before: mean(before) / possible.fast,
      slow: mean(slow.slice(-BINS_A_SECOND)) / possible.slow,
      fast: mean(fast.slice(-BINS_A_SECOND)) / possible.fast,
      leastSlow: Math.min(...eachSecond) / possible.slow,
    };
  } finally {
    await running.stop();
    await bench.changeLink('eth0', { rateBitsPerSecond: FAST_MEGABITS * 1e6 });
  }
}

const BINS_A_SECOND = 1000 / BIN_MS;

/** Goodput of all streams in whole bins from a moment on, in bits a second. */
function goodputBins(bulk: BulkResult, fromMicros: number, untilMicros: number): number[] {
  const count = Math.floor((untilMicros - fromMicros) / (BIN_MS * 1000));
  return Array.from({ length: count }, (_, index) => {
    const begins = fromMicros + index * BIN_MS * 1000;
    const ends = begins + BIN_MS * 1000;
    const bytes = bulk.flows.reduce((sum, flow) => sum + bytesBetween(bulk, flow, begins, ends), 0);
    return (bytes * 8 * 1000) / BIN_MS;
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
