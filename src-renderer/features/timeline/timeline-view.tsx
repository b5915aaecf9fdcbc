import { useState, type JSX } from 'react';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { Notice } from '../../components/notice.tsx';
import { Segments } from '../../components/segments.tsx';
import { useNow, useWords } from '../../window-context.ts';
import { BandChart } from './band-chart.tsx';
import { withoutEffects } from './causes.ts';
import { EventList } from './event-list.tsx';
import styles from './timeline-view.module.css';
import { useTimeline, type Timeline } from './use-timeline.ts';

const RANGES = { 'half-hour': 1_800_000, day: 86_400_000, week: 604_800_000 } as const;
type Range = keyof typeof RANGES;

/** Rows of a page of events: enough to scroll, few enough to draw at once. */
const PAGE = 100;

/** The bands move by a fraction of a pixel in this time. */
const TICK_MS = 5_000;

/** What every link did, as bands and in words. */
export function TimelineView({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const { t } = useWords();
  const [range, setRange] = useState<Range>('half-hour');
  const timeline = useTimeline(RANGES[range]);
  const now = useNow(TICK_MS);
  return (
    <div className={styles['view']}>
      <Card
        title={t.links}
        action={
          <Segments
            label={t.range}
            value={range}
            choices={(['half-hour', 'day', 'week'] as const).map((value) => ({
              value,
              name: t.ranges[value],
            }))}
            onChange={setRange}
          />
        }
      >
        <BandChart
          entries={timeline.kind === 'ready' ? timeline.entries : []}
          links={status.links}
          since={now - RANGES[range]}
          until={now}
        />
      </Card>
      <Card title={t.events}>
        <Events timeline={timeline} key={range} />
      </Card>
    </div>
  );
}

function Events({ timeline }: { readonly timeline: Timeline }): JSX.Element {
  const { t } = useWords();
  const [shown, setShown] = useState(PAGE);
  if (timeline.kind === 'loading') return <p className={styles['quiet']}>{t.opening}</p>;
  if (timeline.kind === 'failed') {
    const { code, message } = timeline.error;
    return (
      <Notice tone="warning">
        {code === 'UNKNOWN_METHOD' ? t.timelineUnavailable : t.timelineFailed(message)}
      </Notice>
    );
  }
  const entries = withoutEffects(timeline.entries);
  if (entries.length === 0) return <p className={styles['quiet']}>{t.nothingHappened}</p>;
  return (
    <>
      <EventList entries={entries.slice(-shown)} />
      {shown < entries.length && (
        <p className={styles['more']}>
          <Button onClick={() => setShown(shown + PAGE)}>{t.earlier}</Button>
        </p>
      )}
      {shown >= entries.length && timeline.isTruncated && <p className={styles['quiet']}>{t.truncated}</p>}
    </>
  );
}
