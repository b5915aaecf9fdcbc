import type { JSX } from 'react';
import type { TimelineEntry } from '../../../src-shared/model/timeline.ts';
import { Icon, type IconName } from '../../components/icon.tsx';
import { STATE_ICON } from '../../components/link-look.ts';
import { useWords, type Words } from '../../window-context.ts';
import styles from './event-list.module.css';

/** Events in words, newest first, under their days. */
export function EventList({ entries }: { readonly entries: readonly TimelineEntry[] }): JSX.Element {
  const words = useWords();
  const days = groupByDay([...entries].reverse(), words);
  return (
    <div className={styles['days']}>
      {[...days].map(([day, ofDay]) => (
        <section key={day} aria-label={day}>
          {days.size > 1 && <h3 className={styles['day']}>{day}</h3>}
          <ol className={styles['events']}>
            {ofDay.map((entry, index) => (
              <Event key={`${entry.at} ${entry.kind} ${index}`} entry={entry} words={words} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Event({ entry, words }: { readonly entry: TimelineEntry; readonly words: Words }): JSX.Element {
  const { icon, sentence, cost } = describe(entry, words);
  return (
    <li className={styles['event']} data-kind={entry.kind}>
      <time className={styles['time']} dateTime={entry.at}>
        {words.format.exactTime(Date.parse(entry.at))}
      </time>
      <span className={styles['icon']}>
        <Icon name={icon} />
      </span>
      <span className={styles['words']}>
        {sentence}
        {cost !== null && <span className={styles['cost']}>{cost}</span>}
      </span>
    </li>
  );
}

function describe(
  entry: TimelineEntry,
  { t, texts, label, format }: Words,
): { readonly icon: IconName; readonly sentence: string; readonly cost: string | null } {
  switch (entry.kind) {
    case 'switch':
      return {
        icon: 'swap',
        sentence: t.switched[entry.reason](label(entry.from), label(entry.to)),
        cost: t.switchCost(format.duration(entry.gapMicros), entry.replayedPackets),
      };
    case 'link':
      return {
        icon: STATE_ICON[entry.state],
        sentence: t.linkBecame[entry.state](label(entry.link)),
        cost: null,
      };
    case 'connection': {
      const isCutOff = entry.state === 'away' && entry.internet === 'none';
      const what = isCutOff ? texts.noLink : t.connectionBecame[entry.state];
      return {
        icon: entry.state === 'protected' ? 'knot' : 'globe',
        sentence:
          entry.internet === 'tunnelled'
            ? what
            : t.connectionWithInternet(what, texts.internet[entry.internet]),
        cost: null,
      };
    }
  }
}

function groupByDay(entries: readonly TimelineEntry[], { format }: Words): Map<string, TimelineEntry[]> {
  const days = new Map<string, TimelineEntry[]>();
  for (const entry of entries) {
    const day = format.day(Date.parse(entry.at));
    const known = days.get(day);
    if (known === undefined) days.set(day, [entry]);
    else known.push(entry);
  }
  return days;
}
