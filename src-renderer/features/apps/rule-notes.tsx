import type { JSX } from 'react';
import type { Format } from '../../../src-shared/i18n/format.ts';
import type { WindowTexts } from '../../../src-shared/i18n/window-texts.ts';
import { Icon } from '../../components/icon.tsx';
import styles from './row.module.css';

/** What a rule does, what keeps it from that, and what has to be restarted for it. Described by its id. */
export function RuleNotes({
  id,
  sentence,
  problem,
  toRestart,
  isSingleInstance,
  t,
  format,
}: {
  readonly id: string;
  readonly sentence: string | null;
  readonly problem: string | null;
  /** Processes that keep their old way. */
  readonly toRestart: number;
  readonly isSingleInstance: boolean;
  readonly t: WindowTexts;
  readonly format: Format;
}): JSX.Element {
  return (
    <div id={id} className={styles['notes']}>
      {sentence !== null && <p className={styles['sentence']}>{sentence}</p>}
      {problem !== null && (
        <p className={styles['problem']}>
          <Icon name="warning" />
          <span>{problem}</span>
        </p>
      )}
      {toRestart > 0 && (
        <p className={styles['restart']}>
          <Icon name="restart" />
          <span>
            {t.apps.restart(toRestart, format.count(toRestart))}
            {isSingleInstance && <span className={styles['more']}>{t.apps.restartWholly}</span>}
          </span>
        </p>
      )}
    </div>
  );
}
