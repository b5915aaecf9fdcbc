import type { JSX } from 'react';
import type { Counters } from '../../src-shared/model/status.ts';
import { useWords } from '../window-context.ts';
import styles from './packet-counts.module.css';

/** What interruptions cost since the service has started: packets lost, and packets that were sent again. */
export function PacketCounts({ counters }: { readonly counters: Counters }): JSX.Element {
  const { t, format } = useWords();
  return (
    <dl className={styles['counts']}>
      <div>
        <dt>{t.packetsLost}</dt>
        <dd>{format.count(counters.packetsLost)}</dd>
      </div>
      <div>
        <dt>{t.packetsReplayed}</dt>
        <dd>{format.count(counters.packetsReplayed)}</dd>
      </div>
    </dl>
  );
}
