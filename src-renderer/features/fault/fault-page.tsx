import type { JSX } from 'react';
import { VERSION } from '../../../src-shared/version.ts';
import { Button } from '../../components/button.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Icon } from '../../components/icon.tsx';
import { useWords } from '../../window-context.ts';
import styles from '../service/service.module.css';

/** What is left when the window cannot go on: that protection does, how to get the window back, and what to report. */
export function FaultPage({ error }: { readonly error: unknown }): JSX.Element {
  const { t } = useWords();
  const report = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return (
    <main className={styles['alone']}>
      <span className={styles['sign']}>
        <Icon name="cross" />
      </span>
      <h1 className={styles['title']}>{t.fault}</h1>
      <p className={styles['text']} role="alert">
        {t.faultHint}
      </p>
      <p className={styles['ways']}>
        <Button look="primary" onClick={() => location.reload()}>
          {t.faultReload}
        </Button>
        <CopyButton text={`Bowline ${VERSION}\n${report}`} label={t.copyReport} />
      </p>
    </main>
  );
}
