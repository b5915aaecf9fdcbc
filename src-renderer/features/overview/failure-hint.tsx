import type { JSX } from 'react';
import type { FailureCause } from '../../../src-shared/model/status.ts';
import { Notice } from '../../components/notice.tsx';
import { viewAddress } from '../../view.ts';
import { useWords } from '../../window-context.ts';
import styles from './overview.module.css';

/** What to do about a failure, with the way there; its cause is the detail of the headline. */
export function FailureHint({ cause }: { readonly cause: FailureCause }): JSX.Element {
  const { t } = useWords();
  const view = cause === 'no-box-configured' || cause === 'box-refused-key' ? 'settings' : 'diagnostics';
  return (
    <Notice tone="warning">
      <p>{t.failureHint[cause]}</p>
      <a className={styles['hintLink']} href={viewAddress(view)}>
        {t.view[view]}
      </a>
    </Notice>
  );
}
