import { useId, useLayoutEffect, type JSX, type ReactNode, type RefObject } from 'react';
import styles from './dialog.module.css';

/** What stands over everything else until it is answered. Escape does nothing but close it. */
export function Dialog({
  ref,
  title,
  look = 'text',
  describedBy,
  onClose,
  children,
}: {
  /** For closing it: `ref.current.close()`. */
  readonly ref: RefObject<HTMLDialogElement | null>;
  readonly title: string;
  readonly look?: 'text' | 'form';
  /** The id of the text that a reader of the screen is told with the title. */
  readonly describedBy?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): JSX.Element {
  const id = useId();
  // Before a field in it takes the focus: opening gives it to the first control.
  useLayoutEffect(() => {
    const element = ref.current;
    if (element !== null && !element.open) element.showModal();
  }, [ref]);
  return (
    <dialog
      ref={ref}
      className={`${styles['dialog']} ${styles[look]}`}
      aria-labelledby={id}
      aria-describedby={describedBy}
      onClose={onClose}
    >
      <h2 id={id} className={styles['title']}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** The buttons that end a dialog, the one that does something last. */
export function DialogActions({ children }: { readonly children: ReactNode }): JSX.Element {
  return <div className={styles['actions']}>{children}</div>;
}
