import { summarise } from '../statistics.ts';
import type { Samples, Summary } from '../statistics.ts';
import type { LinksContenderName } from './contenders.ts';
import { DIRECTIONS, STREAMS } from './measure.ts';
import type { RowFigures, StreamDirection, StreamName } from './measure.ts';

/** One target of a row and what came of it, median over the rounds of the worse direction. */
export interface LinksVerdict {
  readonly target: string;
  readonly outcome: 'met' | 'missed' | 'not measured';
  readonly evidence: string;
}

/** What a contender carried as a share of the row's measure, each round against itself; null if one is missing. */
export function shareOf(
  figures: RowFigures,
  contender: LinksContenderName,
  stream: StreamName,
  direction: StreamDirection,
): Summary | null {
  const measure = measureOf(figures, stream, direction);
  return summarise(
    figures.samples(contender, stream, direction).map((value, round) => {
      const whole = measure[round] ?? null;
      return value === null || whole === null || whole === 0 ? null : value / whole;
    }),
  );
}

/** Holds a row's figures against its targets. */
export function judgeRow(figures: RowFigures): readonly LinksVerdict[] {
  const { row } = figures;
  return STREAMS.map(({ name, streams }) => {
    const least = streams === 1 ? row.leastOneStream : row.leastFourStreams;
    const target = `${row.label}: ${name}, at least ${least.toFixed(2)} of ${MEASURE_WORDS[row.measure]}`;
    const shares = DIRECTIONS.map(
      (direction) => shareOf(figures, 'bowline', name, direction)?.median ?? null,
    );
    const worst = shares.reduce<number | null>(
      (low, value) => (low === null || value === null ? null : Math.min(low, value)),
      Infinity,
    );
    if (worst === null) return { target, outcome: 'not measured', evidence: 'a figure is missing' };
    const [up, down] = shares;
    const evidence = `up ${(up ?? 0).toFixed(2)}, down ${(down ?? 0).toFixed(2)}`;
    return { target, outcome: worst >= least ? 'met' : 'missed', evidence };
  });
}

export const MEASURE_WORDS = {
  sum: 'the sum of the links alone',
  best: 'the better link alone',
  lossless: 'the link without loss',
  'one path': 'Bowline over one link',
} as const;

/** Bits a second that are a share of 1. A plain link counts with whichever congestion control got more out of it. */
function measureOf(figures: RowFigures, stream: StreamName, direction: StreamDirection): Samples {
  const { row } = figures;
  if (row.measure === 'one path') return figures.samples('one-path', stream, direction);
  const [first, second] = (['eth0', 'wlan0'] as const).map((link) => bestOf(figures, link, direction));
  if (first === undefined || second === undefined || row.measure === 'lossless') return first ?? [];
  return first.map((value, round) => {
    const other = second[round] ?? null;
    if (value === null || other === null) return null;
    return row.measure === 'sum' ? value + other : Math.max(value, other);
  });
}

function bestOf(figures: RowFigures, link: 'eth0' | 'wlan0', direction: StreamDirection): Samples {
  const [cubic, bbr] = [STREAMS[0], STREAMS[1]].map(({ name }) => figures.samples(link, name, direction));
  return (cubic ?? []).map((value, round) => {
    const other = bbr?.[round] ?? null;
    return value === null || other === null ? (value ?? other) : Math.max(value, other);
  });
}
