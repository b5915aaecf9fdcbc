import { useState, type JSX } from 'react';
import type { DoctorCheck } from '../../../src-shared/model/doctor.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { ChecksCard } from './checks-card.tsx';
import styles from './diagnostics.module.css';
import { ReportCard } from './report-card.tsx';
import { UnplugCard } from './unplug-card.tsx';

/** Why something does not work, and the test that shows that it does. */
export function Diagnostics({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const [checks, setChecks] = useState<readonly DoctorCheck[] | null>(null);
  return (
    <div className={styles['view']}>
      <ChecksCard checks={checks} onChecks={setChecks} />
      <UnplugCard status={status} />
      <ReportCard status={status} checks={checks} />
    </div>
  );
}
