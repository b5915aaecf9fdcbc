/** What a handful of rounds says about one figure. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many rounds gave a value. */
  readonly count: number;
}

/** One figure over the rounds, in their order; null where a round gave none. */
export type Samples = readonly (number | null)[];

/** Summarises the rounds that gave a value; null if none did. */
export function summarise(samples: Samples): Summary | null {
  const values = samples.filter((value) => value !== null).sort((a, b) => a - b);
  const [min, max] = [values[0], values.at(-1)];
  if (min === undefined || max === undefined) return null;
  const upper = values[Math.floor(values.length / 2)] ?? max;
  const lower = values[Math.ceil(values.length / 2) - 1] ?? min;
  return { median: (lower + upper) / 2, min, max, count: values.length };
}

/**
 * Divides two figures round by round.
 *
 * A machine that others use is faster in one minute than in the next; within a round both sides met the same minute.
 */
export function pairedRatios(numerator: Samples, denominator: Samples): Samples {
  return numerator.map((value, round) => {
    const other = denominator[round] ?? null;
    return value === null || other === null || other === 0 ? null : value / other;
  });
}

/** Adds two figures round by round; null where either is missing. */
export function pairedSums(one: Samples, other: Samples): Samples {
  return one.map((value, round) => {
    const second = other[round] ?? null;
    return value === null || second === null ? null : value + second;
  });
}

/**
 * Tells the value below which a share of the values lies.
 *
 * @param share 0 to 1.
 * @throws RangeError when there are no values.
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new RangeError('percentile of no values');
  return value;
}
