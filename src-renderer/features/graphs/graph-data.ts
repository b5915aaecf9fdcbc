import { HISTORY_SECONDS, type History, type LinkHistory } from '../../store/history.ts';

/** Columns as the chart takes them: the times, then one column for each line. */
export type Columns = (number | null)[][];

/** One line for each link. */
export function lineColumns(history: History, names: readonly string[], series: keyof LinkHistory): Columns {
  return [
    [...history.times],
    ...names.map((name) => [...(history.link(name)?.[series] ?? history.times.map(() => null))]),
  ];
}

/**
 * One area for each link, the later ones on top of the earlier: the uppermost line is the sum. Drawn from the last to
 * the first, so that each area covers the lower part of the one behind it.
 */
export function stackedColumns(
  history: History,
  names: readonly string[],
  series: keyof LinkHistory,
): Columns {
  const sums = history.times.map(() => 0);
  const columns = names.map((name) => {
    const values = history.link(name)?.[series];
    return sums.map((_, index) => (sums[index] = (sums[index] ?? 0) + (values?.[index] ?? 0)));
  });
  return [[...history.times], ...columns];
}

/** The span of the time axis: always the whole five minutes, so that the picture does not stretch as it fills. */
export function timeSpan(history: History, nowSeconds: number): readonly [number, number] {
  const end = history.times[history.times.length - 1] ?? nowSeconds;
  return [end - HISTORY_SECONDS, end];
}
