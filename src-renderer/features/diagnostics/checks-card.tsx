import { useState, type JSX } from 'react';
import { checkTextsOf } from '../../../src-shared/i18n/checks-texts.ts';
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
              <CheckRow key={check.name} check={check} />
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

/** One check. What was seen and what helps are the service's own words, which are English as the system's are. */
function CheckRow({ check }: { readonly check: DoctorCheck }): JSX.Element {
  const { t, language } = useWords();
  const { name, evidence, fix, fixed } = check;
  const verdict = fixed ? 'ok' : check.verdict;
  const texts = checkTextsOf(name, language);
  return (
    <li className={styles['check']} data-verdict={verdict}>
      <span className={styles['verdict']}>
        <Icon name={VERDICT_ICON[verdict]} />
        {fixed ? t.fixed : t.verdict[verdict]}
      </span>
      <span className={styles['evidence']}>
        <span className={styles['topic']}>
          {texts !== null && <strong>{texts.title}</strong>} <code>{name}</code>
        </span>
        <span lang="en">{evidence}</span>
        {(verdict === 'warning' || verdict === 'failed') && (
          <span>{texts?.explanation ?? check.explanation}</span>
        )}
        {fix !== null && !fixed && (
          <span className={styles['fix']} lang="en">
            {fix}
          </span>
        )}
      </span>
    </li>
  );
}
