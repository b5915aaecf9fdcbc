import type { JSX } from 'react';
import type { Counters } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { PacketCounts } from '../../components/packet-counts.tsx';
import { useWords } from '../../window-context.ts';
import styles from './hidden-card.module.css';

/** How many interruptions nobody noticed, and at what price. */
export function HiddenCard({ counters }: { readonly counters: Counters }): JSX.Element {
  const { t, format } = useWords();
  return (
    <Card title={t.hidden}>
      <p className={styles['big']}>
        <span className={styles['number']}>{format.count(counters.interruptionsHidden)}</span>{' '}
        {t.interruptions(counters.interruptionsHidden)}
        <span className={styles['since']}>{t.sinceStart}</span>
      </p>
      <PacketCounts counters={counters} />
    </Card>
  );
}
