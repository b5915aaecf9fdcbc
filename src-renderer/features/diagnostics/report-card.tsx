import type { JSX } from 'react';
import type { DoctorCheck } from '../../../src-shared/model/doctor.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './diagnostics.module.css';
import { reportText } from './report-text.ts';

/** A text that helps others to help; shown before it is handed on. */
export function ReportCard({
  status,
  checks,
}: {
  readonly status: DaemonStatus;
  readonly checks: readonly DoctorCheck[] | null;
}): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const { version, kind } = model.bridge.shell;
  const text = reportText(status, checks, { version, shell: kind, now: model.now() });
  return (
    <Card title={t.report} hint={t.reportHint} action={<CopyButton label={t.copyReport} text={text} />}>
      <details>
        <summary className={styles['summary']}>{t.showReport}</summary>
        <textarea
          className={styles['report']}
          dir="ltr"
          readOnly
          rows={18}
          aria-label={t.report}
          value={text}
        />
      </details>
    </Card>
  );
}
