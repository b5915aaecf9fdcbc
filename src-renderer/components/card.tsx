import type { JSX, ReactNode } from 'react';
import { useId } from 'react';
import styles from './card.module.css';

/** A titled part of a view. */
export function Card({
  title,
  hint = null,
  action = null,
  children,
}: {
  readonly title: string;
  readonly hint?: string | null;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}): JSX.Element {
  const id = useId();
  return (
    <section className={styles['card']} aria-labelledby={id}>
      <div className={styles['head']}>
        <h2 className={styles['title']} id={id}>
          {title}
        </h2>
        {action}
      </div>
      {hint !== null && <p className={styles['hint']}>{hint}</p>}
      {children}
    </section>
  );
}
