import { useState, type JSX } from 'react';
import type { DoctorCheck } from '../../../src-shared/model/doctor.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './diagnostics.module.css';

const VERDICT_ICON: Readonly<Record<DoctorCheck['verdict'], IconName>> = {
  ok: 'check',
  warning: 'warning',
  failed: 'cross',
  skipped: 'dash',
};

/** The daemon's own checks, each with what was seen and what helps. */
export function ChecksCard({
  checks,
  onChecks,
}: {
  readonly checks: readonly DoctorCheck[] | null;
  readonly onChecks: (checks: readonly DoctorCheck[]) => void;
}): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const [isBusy, setBusy] = useState(false);

  const run = async (fix: boolean): Promise<void> => {
    setBusy(true);
    const answer = await model.bridge.call('doctor.run', { fix });
    setBusy(false);
    if (answer.ok) onChecks(answer.value.checks);
    else model.tell(answer.error);
  };
  const isFixable = checks?.some((check) => check.fixable && !check.fixed);
  return (
    <Card
      title={t.checks}
      hint={t.checksHint}
      action={
        <Button isUnavailable={isBusy} aria-busy={isBusy} onClick={() => void run(false)}>
          {isBusy ? t.runningChecks : t.runChecks}
        </Button>
      }
    >
      <div aria-live="polite">
        {checks !== null && (
          <ul className={styles['checks']}>
            {checks.map((check) => (
              <li
                key={check.name}
                className={styles['check']}
                data-verdict={check.fixed ? 'ok' : check.verdict}
              >
                <span className={styles['verdict']}>
                  <Icon name={check.fixed ? 'check' : VERDICT_ICON[check.verdict]} />
                  {check.fixed ? t.fixed : t.verdict[check.verdict]}
                </span>
                <span className={styles['evidence']}>
                  <code>{check.name}</code>
                  <span>{check.evidence}</span>
                  {check.verdict !== 'ok' && check.verdict !== 'skipped' && <span>{check.explanation}</span>}
                  {check.fix !== null && !check.fixed && <span className={styles['fix']}>{check.fix}</span>}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {isFixable === true && (
        <p className={styles['action']}>
          <Button look="primary" isUnavailable={isBusy} onClick={() => void run(true)}>
            {t.applyFixes}
          </Button>
        </p>
      )}
    </Card>
  );
}
