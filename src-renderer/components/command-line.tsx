import type { JSX } from 'react';
import { useWords } from '../window-context.ts';
import { CopyButton } from './copy-button.tsx';
import styles from './command-line.module.css';

/** A command to be run in a terminal, with a button that copies it. */
export function CommandLine({ command }: { readonly command: string }): JSX.Element {
  const { t } = useWords();
  return (
    <div className={styles['line']}>
      <code className={styles['command']} dir="ltr">
        {command}
      </code>
      <CopyButton label={t.copy} text={command} />
    </div>
  );
}
