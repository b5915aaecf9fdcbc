import { BenchHome } from '../bench-home.ts';
import { runIperf } from '../iperf.ts';
import type { CongestionControl } from '../iperf.ts';
import type { Samples } from '../statistics.ts';
import { megabits } from '../units.ts';
import { LINKS_CONTENDERS } from './contenders.ts';
import type { LinksContender, LinksContenderName } from './contenders.ts';
import type { Row } from './rows.ts';

/** What is sent; every one up and down. */
export const STREAMS = [
  { name: 'one stream, CUBIC', congestionControl: 'cubic', streams: 1 },
  { name: 'one stream, BBR', congestionControl: 'bbr', streams: 1 },
  { name: 'four streams, CUBIC', congestionControl: 'cubic', streams: 4 },
] as const satisfies readonly { name: string; congestionControl: CongestionControl; streams: number }[];
export type StreamName = (typeof STREAMS)[number]['name'];
export const DIRECTIONS = ['up', 'down'] as const;
export type StreamDirection = (typeof DIRECTIONS)[number];

/** How long a stream is watched, and how long it runs before that: longer than CUBIC's first probing of a link. */
export interface StreamTimes {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Bits a second of everything measured on one row, round by round. */
export class RowFigures {
  readonly row: Row;
  readonly #rounds: number;
  readonly #samples = new Map<string, (number | null)[]>();

  constructor(row: Row, rounds: number) {
    this.row = row;
    this.#rounds = rounds;
  }

  /** @param round counted from 0. */
  add(
    contender: LinksContenderName,
    stream: StreamName,
    direction: StreamDirection,
    round: number,
    value: number,
  ): void {
    const key = `${contender}/${stream}/${direction}`;
    const samples = this.#samples.get(key) ?? new Array<number | null>(this.#rounds).fill(null);
    samples[round] = value;
    this.#samples.set(key, samples);
  }

  samples(contender: LinksContenderName, stream: StreamName, direction: StreamDirection): Samples {
    return (
      this.#samples.get(`${contender}/${stream}/${direction}`) ?? new Array<null>(this.#rounds).fill(null)
    );
  }
}

/**
 * Measures one row: all contenders in each round, so that a slow minute of the machine hits all of them. A measurement
 * that fails is reported and left out.
 */
export async function measureRow(
  row: Row,
  rounds: number,
  times: StreamTimes,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<RowFigures> {
  const figures = new RowFigures(row, rounds);
  const contenders = LINKS_CONTENDERS.filter(
    ({ name, obstacle }) => row.contenders.includes(name) && obstacle() === null,
  );
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < contenders.length; index++) {
      const contender = contenders[(index + round) % contenders.length];
      if (contender === undefined) continue;
      signal.throwIfAborted();
      const position = `${row.name.padEnd(9)} round ${round + 1}/${rounds}  ${contender.label.padEnd(17)}`;
      try {
        // A home of its own: what kernels remember of the last contender (neighbours, metrics) changes the next.
        await using bench = await BenchHome.create(row.links);
        const rates = await measureContender(bench, contender, row, times, signal);
        for (const { stream, direction, bitsPerSecond } of rates) {
          figures.add(contender.name, stream, direction, round, bitsPerSecond);
        }
        report(`${position} ${rates.map(({ bitsPerSecond }) => megabits(bitsPerSecond)).join('  ')} Mbit/s`);
      } catch (error) {
        signal.throwIfAborted();
        report(
          `${position} FAILED: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
        );
      }
    }
  }
  return figures;
}

/** Estimates how long a row takes, in seconds. */
export function estimateRowSeconds(row: Row, rounds: number, times: StreamTimes): number {
  const streamSeconds = times.warmUpSeconds + times.seconds + 1;
  const count = row.contenders.reduce((sum, name) => sum + streamsFor(name).length * DIRECTIONS.length, 0);
  return rounds * (count * streamSeconds + row.contenders.length * START_SECONDS);
}

/** A home and what runs in it. */
const START_SECONDS = 4;

interface Rate {
  readonly stream: StreamName;
  readonly direction: StreamDirection;
  readonly bitsPerSecond: number;
}

async function measureContender(
  bench: BenchHome,
  contender: LinksContender,
  row: Row,
  times: StreamTimes,
  signal: AbortSignal,
): Promise<Rate[]> {
  const { lossRatio } = { lossRatio: 0, ...row.links.eth0 };
  const hidesLoss = row.measure === 'lossless' && contender.name === 'eth0';
  if (hidesLoss) await bench.changeLink('eth0', { lossRatio: 0 });
  const running = await contender.start(bench, row.used, signal);
  const rates: Rate[] = [];
  try {
    for (const { name, congestionControl, streams } of streamsFor(contender.name)) {
      for (const direction of DIRECTIONS) {
        const plan = { ...times, direction, congestionControl, streams, isMultipath: contender.isMultipath };
        const { bitsPerSecond } = await runIperf(bench, bench.laptop, running.processes, plan, signal);
        rates.push({ stream: name, direction, bitsPerSecond });
      }
    }
  } finally {
    await running.stop();
    if (hidesLoss) await bench.changeLink('eth0', { lossRatio });
  }
  return rates;
}

/** Of a plain link only what one stream reaches is asked. */
function streamsFor(contender: LinksContenderName): readonly (typeof STREAMS)[number][] {
  return STREAMS.filter(({ streams }) => streams === 1 || (contender !== 'eth0' && contender !== 'wlan0'));
}
