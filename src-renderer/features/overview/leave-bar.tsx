import type { JSX } from 'react';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { canLeave } from '../../../src-shared/view/describe-status.ts';
import { Button } from '../../components/button.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './overview.module.css';

const HINT_ID = 'leave-hint';

/** Gets ready for the cable to be pulled, where there is a radio to go on with. */
export function LeaveBar({ status }: { readonly status: DaemonStatus }): JSX.Element | null {
  const model = useModel();
  const { t, format } = useWords();
  const { leavingUntil } = status;
  if (status.state !== 'protected' || (leavingUntil === null && !canLeave(status))) return null;

  const leave = async (): Promise<void> => {
    const answer = await model.bridge.call('connection.leave', {});
    if (!answer.ok) model.tell(answer.error);
  };
  return (
    <div className={styles['leave']}>
      <Button isUnavailable={leavingUntil !== null} aria-describedby={HINT_ID} onClick={() => void leave()}>
        {t.leave}
      </Button>
      <p id={HINT_ID}>
        {leavingUntil === null ? t.leaveHint : t.leaving(format.exactTime(Date.parse(leavingUntil)))}
      </p>
    </div>
  );
}
