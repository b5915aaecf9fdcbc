import { BenchHome } from '../bench-home.ts';
import { bulkRate, bytesBetween, firstByteMicros, startBulk } from './bulk.ts';
import type { BulkResult } from './bulk.ts';
import type { Measure, Reading } from './measure.ts';
import { overBowline, overPlainLink, plainLink } from './setups.ts';

const STREAMS = 8;
const WARM_UP_SECONDS = 3;
const SECONDS = 8;

/** Shares of streams that start at once. */
export const fairness: Measure = {
  name: 'fairness',
  title: `${STREAMS} TCP streams over 8 s; two links of 100 Mbit/s, 1 ms, bonded`,
  columns: [
    { name: 'jain', label: "Jain's index", digits: 3 },
    { name: 'least', label: 'least of an equal share', digits: 2 },
    { name: 'most', label: 'most', digits: 2 },
    { name: 'rate', label: 'Mbit/s', digits: 1 },
    { name: 'raw', label: 'plain link, index', digits: 3 },
  ],
  targets: [
    { text: `${STREAMS} flows in one tunnel: Jain's index at least 0.95`, column: 'jain', least: 0.95 },
  ],
  seconds: 8 + 4 * (WARM_UP_SECONDS + SECONDS + 1),
  run: async (_, signal): Promise<readonly Reading[]> => {
    const link = plainLink(100, 1, 50);
    await using bench = await BenchHome.create({ eth0: link, wlan0: link });
    const plain = await overPlainLink(bench, 'eth0', signal, () => measureShares(bench, signal));
    const setting = { mode: 'bonded', links: ['eth0', 'wlan0'] } as const;
    const tunnel = await overBowline(bench, setting, signal, () => measureShares(bench, signal));
    return tunnel.map(({ line, figures }, index) => ({
      line,
      figures: { ...figures, raw: plain[index]?.figures.jain ?? 0 },
    }));
  },
};

interface SharesReading extends Reading {
  readonly figures: {
    readonly jain: number;
    readonly least: number;
    readonly most: number;
    readonly rate: number;
  };
}

async function measureShares(bench: BenchHome, signal: AbortSignal): Promise<readonly SharesReading[]> {
  const readings: SharesReading[] = [];
  for (const direction of ['up', 'down'] as const) {
    const plan = { direction, streams: STREAMS, seconds: WARM_UP_SECONDS + SECONDS + 0.5 };
    const running = await startBulk(bench, plan, signal);
    let bulk: BulkResult;
    try {
      bulk = await running.result();
    } finally {
      await running.stop();
    }
    const fromMicros = firstByteMicros(bulk) + WARM_UP_SECONDS * 1e6;
    const shares = bulk.flows.map((flow) => bytesBetween(bulk, flow, fromMicros, fromMicros + SECONDS * 1e6));
    const equal = shares.reduce((sum, bytes) => sum + bytes, 0) / shares.length;
    readings.push({
      line: direction,
      figures: {
        jain: jainIndex(shares),
        least: Math.min(...shares) / equal,
        most: Math.max(...shares) / equal,
        rate: bulkRate(bulk, WARM_UP_SECONDS, SECONDS) / 1e6,
      },
    });
  }
  return readings;
}

/** Jain's index of fairness: 1 for equal shares, 1/n where one has everything. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 0 : (sum * sum) / (shares.length * squares);
}
