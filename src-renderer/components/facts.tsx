import type { JSX } from 'react';
import styles from './facts.module.css';

/** A short list of names and values. */
export function Facts({
  rows,
}: {
  readonly rows: readonly { readonly name: string; readonly value: string; readonly isCode?: boolean }[];
}): JSX.Element {
  return (
    <dl className={styles['facts']}>
      {rows.map(({ name, value, isCode = false }) => (
        <div key={name} className={styles['row']}>
          <dt>{name}</dt>
          <dd>{isCode ? <code dir="ltr">{value}</code> : value}</dd>
        </div>
      ))}
    </dl>
  );
}
