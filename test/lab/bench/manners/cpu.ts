import { BenchHome } from '../bench-home.ts';
import type { BowlineSetting } from '../contenders/bowline.ts';
import { runIperf } from '../iperf.ts';
import type { IperfPlan } from '../iperf.ts';
import type { Measure, Reading } from './measure.ts';
import { overBowline, plainLink } from './setups.ts';

const PACE_MEGABITS = 300;
/** One of them carries the pace alone; two halves of it only together. */
const WHOLE_MEGABITS = 400;
const TIMES = { warmUpSeconds: 2, seconds: 5 } as const;
const DIRECTIONS = ['up', 'down'] as const;

const SEAMLESS: BowlineSetting = { mode: 'seamless', links: ['eth0'] };
const BONDED: BowlineSetting = { mode: 'bonded', links: ['eth0', 'wlan0'] };

/** What bonding costs the processor for the same goodput. */
export const cpu: Measure = {
  name: 'cpu',
  title:
    `Processor time of both daemons; ${PACE_MEGABITS} Mbit/s over two links of ${WHOLE_MEGABITS / 2} Mbit/s, bonded, ` +
    `against one of ${WHOLE_MEGABITS}, seamless; unshaped links as fast as it goes`,
  columns: [
    { name: 'seamless', label: 'seamless, s/Gbit', digits: 3 },
    { name: 'bonded', label: 'bonded, s/Gbit', digits: 3 },
    { name: 'ratio', label: 'bonded/seamless', digits: 2 },
    { name: 'seamlessRate', label: 'seamless Mbit/s', digits: 0 },
    { name: 'bondedRate', label: 'bonded Mbit/s', digits: 0 },
  ],
  targets: [
    { text: 'bonded uses at most 15 % more processor time a bit than seamless', column: 'ratio', most: 1.15 },
  ],
  seconds: 20 + 8 * (TIMES.warmUpSeconds + TIMES.seconds + 1),
  run: async (round, signal): Promise<readonly Reading[]> => [
    ...(await measureShaped(round, signal)),
    ...(await measureUnshaped(round, signal)),
  ],
};

async function measureShaped(round: number, signal: AbortSignal): Promise<readonly Reading[]> {
  const half = plainLink(WHOLE_MEGABITS / 2, 1, 50);
  await using bench = await BenchHome.create({ eth0: half, wlan0: half });
  const pace = { bitsPerSecond: PACE_MEGABITS * 1e6 };
  // Awaited here: the home is removed when this function ends.
  return await compare(`${PACE_MEGABITS} Mbit/s`, round, async (setting) => {
    const megabits = setting === SEAMLESS ? WHOLE_MEGABITS : WHOLE_MEGABITS / 2;
    await bench.changeLink('eth0', { rateBitsPerSecond: megabits * 1e6 });
    return measureCosts(bench, setting, pace, signal);
  });
}

async function measureUnshaped(round: number, signal: AbortSignal): Promise<readonly Reading[]> {
  await using bench = await BenchHome.create();
  return await compare('unshaped', round, (setting) => measureCosts(bench, setting, {}, signal));
}

/** Of one direction. */
interface Cost {
  readonly secondsPerGigabit: number;
  readonly megabitsPerSecond: number;
}

/** Measures both settings, every other round in the other order. */
async function compare(
  label: string,
  round: number,
  measure: (setting: BowlineSetting) => Promise<readonly Cost[]>,
): Promise<readonly Reading[]> {
  const isSwapped = round % 2 === 1;
  const first = await measure(isSwapped ? BONDED : SEAMLESS);
  const second = await measure(isSwapped ? SEAMLESS : BONDED);
  const [seamless, bonded] = isSwapped ? [second, first] : [first, second];
  return DIRECTIONS.flatMap((direction, index) => {
    const [one, two] = [seamless[index], bonded[index]];
    if (one === undefined || two === undefined) return [];
    const figures = {
      seamless: one.secondsPerGigabit,
      bonded: two.secondsPerGigabit,
      ratio: two.secondsPerGigabit / one.secondsPerGigabit,
      seamlessRate: one.megabitsPerSecond,
      bondedRate: two.megabitsPerSecond,
    };
    return [{ line: `${label} ${direction}`, figures }];
  });
}

async function measureCosts(
  bench: BenchHome,
  setting: BowlineSetting,
  pace: Pick<IperfPlan, 'bitsPerSecond'>,
  signal: AbortSignal,
): Promise<readonly Cost[]> {
  return overBowline(bench, setting, signal, async ({ processes }) => {
    const costs: Cost[] = [];
    for (const direction of DIRECTIONS) {
      const plan = { ...TIMES, ...pace, direction };
      const { bitsPerSecond, costs: ends } = await runIperf(bench, bench.laptop, processes, plan, signal);
      costs.push({
        secondsPerGigabit: (ends.laptop + ends.box) / (bitsPerSecond / 1e9),
        megabitsPerSecond: bitsPerSecond / 1e6,
      });
    }
    return costs;
  });
}
