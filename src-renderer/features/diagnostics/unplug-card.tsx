import { useState, type JSX } from 'react';
import type { UnplugKind, UnplugReport } from '../../../src-shared/control/contract.ts';
import type { ControlError } from '../../../src-shared/control/error.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { Notice } from '../../components/notice.tsx';
import { Segments } from '../../components/segments.tsx';
import { useModel, useWords } from '../../window-context.ts';
import styles from './diagnostics.module.css';

const KINDS: readonly UnplugKind[] = ['carrier', 'silent'];

/** Plays the loss of the carrying link and shows what that cost. */
export function UnplugCard({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const model = useModel();
  const { t, label, format } = useWords();
  const [kind, setKind] = useState<UnplugKind>('carrier');
  const [isBusy, setBusy] = useState(false);
  const [report, setReport] = useState<UnplugReport | null>(null);
  const [error, setError] = useState<ControlError | null>(null);

  const run = async (): Promise<void> => {
    setBusy(true);
    setReport(null);
    setError(null);
    const answer = await model.bridge.call('test.unplug', { kind });
    setBusy(false);
    if (answer.ok) setReport(answer.value);
    else setError(answer.error);
  };
  return (
    <Card title={t.unplugTest} hint={t.unplugHint}>
      <div className={styles['controls']}>
        <Segments
          label={t.unplugKind}
          value={kind}
          choices={KINDS.map((value) => ({ value, name: t.unplugKinds[value] }))}
          onChange={setKind}
        />
        <Button
          look="primary"
          isUnavailable={isBusy || status.state !== 'protected'}
          aria-busy={isBusy}
          onClick={() => void run()}
        >
          {isBusy ? t.testing : t.startTest}
        </Button>
      </div>
      <div aria-live="polite" className={styles['result']}>
        {error !== null && <Notice tone="warning">{t.callFailed(error.message)}</Notice>}
        {report !== null && (
          <>
            <p>{t.testResult(label(report.link), label(report.to))}</p>
            <dl className={styles['numbers']}>
              <div>
                <dt>{t.testGap}</dt>
                <dd>{format.duration(report.gapMicros)}</dd>
              </div>
              <div>
                <dt>{t.packetsReplayed}</dt>
                <dd>{format.count(report.packetsReplayed)}</dd>
              </div>
              <div>
                <dt>{t.packetsLost}</dt>
                <dd>{format.count(report.packetsLost)}</dd>
              </div>
            </dl>
          </>
        )}
      </div>
    </Card>
  );
}
