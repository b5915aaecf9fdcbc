import type { JSX } from 'react';
import type { TimelineEntry } from '../../../src-shared/model/timeline.ts';
import type { LinkStatus } from '../../../src-shared/model/link.ts';
import { linkColour } from '../../components/link-look.ts';
import { useWords } from '../../window-context.ts';
import styles from './band-chart.module.css';
import { bandsOf } from './bands.ts';

/** Units across the drawing; it is stretched to its place. */
const WIDTH = 1_000;

/** Lines of the time axis. */
const TICKS = 4;

/** One band for each link over time, with a mark for each switch. */
export function BandChart({
  entries,
  links,
  since,
  until,
}: {
  readonly entries: readonly TimelineEntry[];
  readonly links: readonly LinkStatus[];
  readonly since: number;
  readonly until: number;
}): JSX.Element {
  const { t, label, format } = useWords();
  const names = links.map((link) => link.name);
  const bands = bandsOf(entries, links, since, until);
  const switches = entries.filter((entry) => entry.kind === 'switch');
  const ticks = Array.from({ length: TICKS + 1 }, (_, index) => index / TICKS);
  const isLong = until - since > 86_400_000;
  const tickName = (share: number): string => {
    if (share === 1) return t.now;
    const at = since + (until - since) * share;
    return isLong ? (format.day(at).split(/[, ]+/)[0] ?? '') : format.timeOfDay(at);
  };
  return (
    <div role="img" aria-label={t.bandsSummary(t.switchCount(switches.length))}>
      <div className={styles['bands']} aria-hidden="true">
        {bands.map(({ link, stretches }) => (
          <div key={link} className={styles['row']}>
            <span className={styles['name']}>{label(link)}</span>
            <svg className={styles['band']} viewBox={`0 0 ${WIDTH} 20`} preserveAspectRatio="none">
              {stretches.map((stretch) => (
                <rect
                  key={stretch.from}
                  className={styles['stretch']}
                  data-state={stretch.state ?? 'unknown'}
                  style={{ color: `var(${linkColour(link, names)})` }}
                  x={stretch.from * WIDTH}
                  width={Math.max(1, (stretch.to - stretch.from) * WIDTH)}
                  y={stretch.state === 'carrying' ? 0 : 7}
                  height={stretch.state === 'carrying' ? 20 : 6}
                />
              ))}
              {switches.map((entry, index) =>
                entry.from === link || entry.to === link ? (
                  <line
                    key={`${entry.at} ${index}`}
                    className={styles['mark']}
                    x1={((Date.parse(entry.at) - since) / (until - since)) * WIDTH}
                    x2={((Date.parse(entry.at) - since) / (until - since)) * WIDTH}
                    y1="-3"
                    y2="23"
                  />
                ) : null,
              )}
            </svg>
          </div>
        ))}
        <div className={styles['row']}>
          <span />
          <span className={styles['axis']}>
            {ticks.map((share) => (
              <span key={share}>{tickName(share)}</span>
            ))}
          </span>
        </div>
      </div>
      <p className={styles['legend']} aria-hidden="true">
        {(['carrying', 'standby', 'lost'] as const).map((state) => (
          <span key={state} className={styles['sample']}>
            <svg viewBox="0 0 24 20" className={styles['swatch']}>
              <rect
                className={styles['stretch']}
                data-state={state}
                x="0"
                width="24"
                y={state === 'carrying' ? 0 : 7}
                height={state === 'carrying' ? 20 : 6}
              />
            </svg>
            {t.linkState[state]}
          </span>
        ))}
      </p>
    </div>
  );
}
