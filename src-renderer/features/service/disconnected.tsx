import type { JSX } from 'react';
import type { Disconnection } from '../../bridge/disconnection.ts';
import { CommandLine } from '../../components/command-line.tsx';
import { Icon } from '../../components/icon.tsx';
import { useWords } from '../../window-context.ts';
import styles from './service.module.css';

/** What a page in a browser shows when the program behind it is gone or does not let it in. */
export function Disconnected({ disconnection }: { readonly disconnection: Disconnection }): JSX.Element {
  const { t } = useWords();
  return (
    <main className={styles['alone']}>
      <span className={styles['sign']}>
        <Icon name={disconnection === 'ended' ? 'cross' : 'lock'} />
      </span>
      <h1 className={styles['title']}>{t.disconnected[disconnection]}</h1>
      <p className={styles['text']} role="status">
        {t.disconnectedHint[disconnection]}
      </p>
      {disconnection === 'ended' && <CommandLine command="bowline ui" />}
    </main>
  );
}
