import { useState, type JSX } from 'react';
import type { ControlError } from '../../../src-shared/control/error.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { viewAddress } from '../../view.ts';
import { useModel, useWords } from '../../window-context.ts';
import { Rope } from '../overview/rope.tsx';
import styles from './onboarding.module.css';

/** Ends setting up with proof: the cable comes out, and the gap that was measured is shown. */
export function TryStep({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const model = useModel();
  const { t, texts, label, format } = useWords();
  const [switchBefore] = useState(status.lastSwitch?.at ?? null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ControlError | null>(null);
  const { lastSwitch } = status;
  const measured = lastSwitch !== null && lastSwitch.at !== switchBefore ? lastSwitch : null;
  const reaching = status.links.filter(({ state }) => state === 'carrying' || state === 'standby').length;

  const test = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    const answer = await model.bridge.call('test.unplug', { kind: 'carrier' });
    setBusy(false);
    if (!answer.ok) setError(answer.error);
  };
  return (
    <div className={styles['stack']}>
      <p className={styles['lead']}>{t.tryHint}</p>
      <Rope status={status} />
      <div className={styles['proof']} role="status" data-done={measured !== null}>
        <span className={styles['proofSign']}>
          <Icon name={measured === null ? 'dots' : 'check'} />
        </span>
        {measured === null ? (
          <p>
            {status.state !== 'protected' ? t.tryConnecting : reaching < 2 ? t.tryNoSecond : t.tryWaiting}
          </p>
        ) : (
          <div>
            <p className={styles['gap']}>{format.duration(measured.gapMicros)}</p>
            <p className={styles['strong']}>
              {measured.replayedPackets === 0
                ? texts.switchGapNothingLost(format.duration(measured.gapMicros))
                : texts.switchGapReplayed(format.duration(measured.gapMicros), measured.replayedPackets)}
            </p>
            <p>{t.tryDoneText(label(measured.to))}</p>
          </div>
        )}
      </div>
      {error !== null && <Notice tone="warning">{t.callFailed(error.message)}</Notice>}
      <div className={styles['actions']}>
        <Button
          look={measured === null ? 'plain' : 'primary'}
          onClick={() => {
            location.hash = viewAddress('overview');
          }}
        >
          {t.finish}
        </Button>
        {measured === null && (
          <Button
            look="quiet"
            isUnavailable={isBusy || status.state !== 'protected' || reaching < 2}
            onClick={() => void test()}
          >
            {isBusy ? t.testing : t.tryWithoutHands}
          </Button>
        )}
      </div>
    </div>
  );
}
