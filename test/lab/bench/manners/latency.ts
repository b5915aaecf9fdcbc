import { BenchHome } from '../bench-home.ts';
import { bulkRate, besideBulk } from './bulk.ts';
import type { Measure, Reading } from './measure.ts';
import { CALL, delayPercentileMs, sendPackets } from './packets.ts';
import type { PacketTimes } from './packets.ts';
import { overBowline, overPlainLink, plainLink } from './setups.ts';

const IDLE_SECONDS = 4;
const LOADED = { warmUpSeconds: 2, seconds: 4 } as const;
const LOADS = ([1, 4] as const).flatMap((streams) =>
  (['up', 'down'] as const).map((direction) => ({ streams, direction })),
);

/** Round trips beside a transfer that fills the one link, whose queue would hold 100 ms. */
export const latency: Measure = {
  name: 'latency',
  title: 'Round trips beside TCP streams; one link of 100 Mbit/s, 1 ms, with a queue of 100 ms; bonded',
  columns: [
    { name: 'idleMedian', label: 'idle p50, ms', digits: 1 },
    { name: 'idle', label: 'idle p95, ms', digits: 1 },
    { name: 'median', label: 'loaded p50, ms', digits: 1 },
    { name: 'loaded', label: 'loaded p95, ms', digits: 1 },
    { name: 'over', label: 'more, ms', digits: 1 },
    { name: 'raw', label: 'plain link p95, ms', digits: 1 },
    { name: 'rate', label: 'Mbit/s', digits: 1 },
    { name: 'rawRate', label: 'plain Mbit/s', digits: 1 },
  ],
  targets: [
    { text: 'Under a transfer p95 of round trips at most 10 ms above idle', column: 'over', most: 10 },
  ],
  seconds: 2 * (4 + IDLE_SECONDS + LOADS.length * (LOADED.warmUpSeconds + LOADED.seconds + 3)),
  run: async (_, signal): Promise<readonly Reading[]> => {
    await using bench = await BenchHome.create({ eth0: plainLink(100, 1, 100) });
    const plain = await overPlainLink(bench, 'eth0', signal, () => measureLoads(bench, signal));
    const setting = { mode: 'bonded', links: ['eth0'] } as const;
    const { idle, loaded } = await overBowline(bench, setting, signal, () => measureLoads(bench, signal));
    const idleP95 = delayPercentileMs(idle, 'round', 0.95);
    return loaded.map(({ line, packets, rate }, index) => {
      const p95 = delayPercentileMs(packets, 'round', 0.95);
      const raw = plain.loaded[index];
      return {
        line,
        figures: {
          idleMedian: delayPercentileMs(idle, 'round', 0.5),
          idle: idleP95,
          median: delayPercentileMs(packets, 'round', 0.5),
          loaded: p95,
          over: p95 - idleP95,
          rate,
          ...(raw !== undefined && {
            raw: delayPercentileMs(raw.packets, 'round', 0.95),
            rawRate: raw.rate,
          }),
        },
      };
    });
  },
};

interface Load {
  readonly line: string;
  readonly packets: readonly PacketTimes[];
  /** In Mbit/s. */
  readonly rate: number;
}

async function measureLoads(
  bench: BenchHome,
  signal: AbortSignal,
): Promise<{ readonly idle: readonly PacketTimes[]; readonly loaded: readonly Load[] }> {
  const idle = await sendPackets(bench, { ...CALL, seconds: IDLE_SECONDS }, signal);
  const loaded: Load[] = [];
  for (const { streams, direction } of LOADS) {
    // The probe starts, warms up and waits for what is late: the streams outlast it.
    const plan = { streams, direction, ...LOADED, seconds: LOADED.seconds + PROBE_SECONDS };
    const { result: packets, bulk } = await besideBulk(bench, plan, signal, () =>
      sendPackets(bench, { ...CALL, seconds: LOADED.seconds }, signal),
    );
    const rate = bulkRate(bulk, LOADED.warmUpSeconds, LOADED.seconds) / 1e6;
    loaded.push({
      line: `${streams === 1 ? 'one stream' : `${streams} streams`} ${direction}`,
      packets,
      rate,
    });
  }
  return { idle, loaded };
}

const PROBE_SECONDS = 1;
