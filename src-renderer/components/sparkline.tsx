import type { JSX } from 'react';
import styles from './sparkline.module.css';

/** Height of the drawing; it is stretched to its place. */
const HEIGHT = 32;

/** A line for the last values, without axes: it shows that something moves. The numbers stand beside it. */
export function Sparkline({
  values,
  length,
  minimumPeak,
  colour,
  summary,
}: {
  /** Oldest first; null where nothing was known. */
  readonly values: readonly (number | null)[];
  /** How many values fill the whole width. */
  readonly length: number;
  /** The least value that fills the height, so that next to nothing does not look like much. */
  readonly minimumPeak: number;
  readonly colour: string;
  readonly summary: string;
}): JSX.Element {
  const peak = Math.max(minimumPeak, ...values.map((value) => value ?? 0));
  const offset = length - values.length;
  const points = values.map((value, index) => {
    const y = HEIGHT - 1 - ((value ?? 0) / peak) * (HEIGHT - 3);
    return `${offset + index} ${y.toFixed(1)}`;
  });
  const line = points.length === 0 ? '' : `M${points.join('L')}`;
  return (
    <svg
      className={styles['sparkline']}
      viewBox={`0 0 ${length - 1} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={summary}
      style={{ color: `var(${colour})` }}
    >
      {line !== '' && (
        <>
          <path className={styles['area']} d={`${line}L${length - 1} ${HEIGHT}L${offset} ${HEIGHT}Z`} />
          <path className={styles['line']} d={line} />
        </>
      )}
    </svg>
  );
}
