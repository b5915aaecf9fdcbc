import type { JSX } from 'react';
import { Card } from '../../components/card.tsx';
import { useWords } from '../../window-context.ts';
import { withoutEffects } from './causes.ts';
import { EventList } from './event-list.tsx';
import styles from './recent-events.module.css';
import { useTimeline } from './use-timeline.ts';

/** As many as are read at a glance. */
const SHOWN = 5;

const DAY_MS = 86_400_000;

/** What happened lately, in words. */
export function RecentEvents(): JSX.Element | null {
  const { t } = useWords();
  const timeline = useTimeline(DAY_MS);
  if (timeline.kind !== 'ready') return null;
  const telling = withoutEffects(timeline.entries).filter(
    (entry) => entry.kind !== 'link' || entry.state === 'lost',
  );
  return (
    <Card
      title={t.recently}
      action={
        <a className={styles['all']} href="#/timeline">
          {t.showAll}
        </a>
      }
    >
      {telling.length === 0 ? (
        <p className={styles['nothing']}>{t.nothingHappened}</p>
      ) : (
        <EventList entries={telling.slice(-SHOWN)} />
      )}
    </Card>
  );
}
