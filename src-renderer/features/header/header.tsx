import { useEffect, useRef, useState, type JSX } from 'react';
import type { Status } from '../../../src-shared/model/status.ts';
import { describeStatus, type Tone } from '../../../src-shared/view/describe-status.ts';
import { Icon, type IconName } from '../../components/icon.tsx';
import { Switch } from '../../components/switch.tsx';
import { shownWanted } from '../../store/intents.ts';
import { useHistory, useModel, useWindow, useWords } from '../../window-context.ts';
import styles from './header.module.css';

/** A reader is told at most this often; a link that flaps would talk all the time otherwise. */
const ANNOUNCE_MS = 3_000;

const DETAIL_ID = 'status-detail';

/** The answer to the first question: is this laptop covered, and the one switch. */
export function Header(): JSX.Element {
  const model = useModel();
  const { t, ...wording } = useWords();
  // "Switched" and "retrying in" grow old: once a second, with whatever else is drawn then.
  useHistory();
  const status = useWindow((state) => state.status);
  const intents = useWindow((state) => state.intents);
  const words =
    status === null
      ? { headline: t.opening, detail: '', tone: 'neutral' as const }
      : describeStatus(status, model.now(), wording);
  const isUnavailable = status === null || status.state === 'unreachable';
  return (
    <header className={styles['header']}>
      <div className={`${styles['badge']} ${styles[words.tone]}`} data-state={status?.state ?? 'opening'}>
        <Icon name={badgeIcon(status, words.tone)} />
      </div>
      <div className={styles['words']}>
        <p className={styles['headline']}>{words.headline}</p>
        <p className={styles['detail']} id={DETAIL_ID}>
          {words.detail}
        </p>
      </div>
      <Switch
        label={t.protection}
        checked={shownWanted(status, intents)}
        isBusy={intents.wanted !== null}
        unavailableBecause={isUnavailable ? DETAIL_ID : null}
        onChange={(wanted) => model.setWanted(wanted)}
      />
      <Announcement text={words.detail === '' ? words.headline : `${words.headline}. ${words.detail}`} />
    </header>
  );
}

/** Tells readers of the screen about a new state, at most once in a while, and always the last one. */
function Announcement({ text }: { readonly text: string }): JSX.Element {
  const [told, setTold] = useState(text);
  const toldAt = useRef(0);
  const headline = text.split('. ')[0];
  const toldHeadline = told.split('. ')[0];
  useEffect(() => {
    // Rates and countdowns in the detail change every second and are no news.
    if (headline === toldHeadline) return;
    const wait = Math.max(0, ANNOUNCE_MS - (performance.now() - toldAt.current));
    const timer = setTimeout(() => {
      toldAt.current = performance.now();
      setTold(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [headline, toldHeadline, text]);
  return (
    <p className="visually-hidden" role="status">
      {told}
    </p>
  );
}

function badgeIcon(status: Status | null, tone: Tone): IconName {
  switch (status?.state) {
    case undefined:
    case 'connecting':
      return 'dots';
    case 'unreachable':
      return status.reason === 'no-permission' || status.reason === 'version' ? 'lock' : 'alert';
    case 'off':
      return 'dash';
    case 'away':
      return status.reason === 'no-link' ? 'cross' : 'pin';
    case 'box-unreachable':
    case 'failed':
      return 'alert';
    case 'protected':
      return tone === 'warning' ? 'warning' : 'knot';
  }
}
