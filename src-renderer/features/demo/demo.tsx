import type { JSX } from 'react';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { Icon } from '../../components/icon.tsx';
import { PacketCounts } from '../../components/packet-counts.tsx';
import { useWindow, useWords } from '../../window-context.ts';
import { CableLane } from './cable-lane.tsx';
import styles from './demo.module.css';

/** The virtual home: a laptop whose cables can be pulled here, and what that did to the programs on it. */
export function Demo({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const { t } = useWords();
  const cables = useWindow((state) => state.cables) ?? [];
  return (
    <div className={styles['demo']}>
      <Card title={t.demoHome} hint={t.demoHint}>
        <div className={styles['stage']}>
          <span className={styles['end']} aria-hidden="true">
            <Icon name="laptop" />
            {t.laptop}
          </span>
          <ul className={styles['lanes']}>
            {cables.map((cable) => (
              <CableLane key={cable.link} cable={cable} status={status} />
            ))}
          </ul>
          <span className={styles['end']} aria-hidden="true">
            <Icon name="box" />
            {status.box?.name ?? t.noBox}
          </span>
        </div>
      </Card>
      <NoticedCard status={status} />
    </div>
  );
}

function NoticedCard({ status: { lastSwitch, counters } }: { readonly status: DaemonStatus }): JSX.Element {
  const { t, label, format } = useWords();
  return (
    <Card title={t.demoNoticed} hint={t.demoNoticedHint}>
      <div aria-live="polite">
        {lastSwitch === null ? (
          <p>{t.demoNothingYet}</p>
        ) : (
          <p className={styles['gap']}>
            <span className={styles['number']}>{format.duration(lastSwitch.gapMicros)}</span>
            <span>{t.demoGap(label(lastSwitch.from), label(lastSwitch.to))}</span>
            <span className={styles['cost']}>
              {t.demoCost(lastSwitch.replayedPackets, format.count(lastSwitch.replayedPackets))}
            </span>
          </p>
        )}
      </div>
      <PacketCounts counters={counters} />
    </Card>
  );
}
