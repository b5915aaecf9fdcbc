import type { JSX } from 'react';
import type { RuleFacility } from '../../../src-shared/model/app-rule.ts';
import { Notice } from '../../components/notice.tsx';
import { viewAddress } from '../../view.ts';
import { useWords } from '../../window-context.ts';
import styles from './apps.module.css';

/** What the system lacks for rules, each with what helps. */
export function MissingNotice({
  missing,
}: {
  readonly missing: readonly RuleFacility[];
}): JSX.Element | null {
  const { t } = useWords();
  if (missing.length === 0) return null;
  return (
    <Notice tone="warning">
      <p className={styles['missing']}>{t.apps.missing}</p>
      <ul className={styles['facilities']}>
        {missing.map((facility) => (
          <li key={facility}>{t.apps.facility[facility]}.</li>
        ))}
      </ul>
      <a className={styles['link']} href={viewAddress('diagnostics')}>
        {t.apps.missingHint}
      </a>
    </Notice>
  );
}
