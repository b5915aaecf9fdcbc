import type { JSX, ReactNode } from 'react';
import styles from './field.module.css';

/** A control with its name above it and, where there is one, what it means below. */
export function Field({
  id,
  label,
  hint,
  children,
}: {
  /** The control's id; its hint has `ID-hint`. Left out where the control brings its own name. */
  readonly id?: string;
  readonly label: string;
  readonly hint?: string;
  readonly children: ReactNode;
}): JSX.Element {
  return (
    <div className={styles['field']}>
      {id === undefined ? (
        <span className={styles['label']}>{label}</span>
      ) : (
        <label className={styles['label']} htmlFor={id}>
          {label}
        </label>
      )}
      {children}
      {id !== undefined && hint !== undefined && (
        <p className={styles['hint']} id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
