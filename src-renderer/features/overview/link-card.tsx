import type { JSX, ReactNode } from 'react';
import { mediumOf, signalStrength, type LinkMedium } from '../../../src-shared/bridge/link-medium.ts';
import type { LinkStatus } from '../../../src-shared/model/link.ts';
import { Icon } from '../../components/icon.tsx';
import { kindIcon, linkColour, STATE_ICON } from '../../components/link-look.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { useHistory, useWords } from '../../window-context.ts';
import styles from './link-card.module.css';
import { LinkDetails } from './link-details.tsx';
import { PriorityMenu } from './priority-menu.tsx';

/** How much of the history the small line shows. */
const SPARK_SECONDS = 60;

/** Below this a link is as good as idle: keepalives and a few pages. */
const QUIET_BITS_PER_SECOND = 1_000_000;

/** One link: what it does, how good it is, what it may be used for. */
export function LinkCard({
  link,
  names,
  media,
}: {
  readonly link: LinkStatus;
  readonly names: readonly string[];
  readonly media: readonly LinkMedium[];
}): JSX.Element {
  const { t, label, format } = useWords();
  const history = useHistory();
  const series = history.link(link.name);
  const rates = (series?.downBitsPerSecond ?? [])
    .map((down, index) => (down === null ? null : down + (series?.upBitsPerSecond[index] ?? 0)))
    .slice(-SPARK_SECONDS);
  const peak = Math.max(0, ...rates.map((rate) => rate ?? 0));
  const isUp = link.state !== 'lost' && link.state !== 'ignored';
  const medium = mediumOf(link, media);
  return (
    <li className={styles['card']} data-state={link.state} aria-label={label(link.name)}>
      <div className={styles['head']}>
        <span className={styles['kind']} style={{ color: `var(${linkColour(link.name, names)})` }}>
          <Icon name={kindIcon(link.kind)} />
        </span>
        <h3 className={styles['name']}>
          {label(link.name)}{' '}
          {label(link.name).includes(link.name) ? null : (
            <span className={styles['device']}>{link.name}</span>
          )}{' '}
          {medium !== null && medium.network !== null && (
            <span className={styles['device']}>{medium.network}</span>
          )}
        </h3>
        <span className={styles['state']}>
          <Icon name={STATE_ICON[link.state]} />
          {t.linkState[link.state]}
        </span>
      </div>
      {link.ignoredBecause !== null && <p className={styles['reason']}>{link.ignoredBecause}</p>}
      {link.trouble !== null && (
        <p className={styles['trouble']}>
          <Icon name="warning" />
          {t.linkTrouble[link.trouble]}
        </p>
      )}
      {isUp && (
        <Sparkline
          values={rates}
          length={SPARK_SECONDS}
          minimumPeak={QUIET_BITS_PER_SECOND}
          colour={linkColour(link.name, names)}
          summary={t.lastMinute(label(link.name), format.rate(peak))}
        />
      )}
      {isUp && (
        <dl className={styles['values']}>
          <Value name={t.down}>{format.rate(link.rxBitsPerSecond)}</Value>
          <Value name={t.up}>{format.rate(link.txBitsPerSecond)}</Value>
          <Value name={t.delay}>
            {link.rttMicros === null ? t.unknown : format.duration(link.rttMicros)}
          </Value>
          <Value name={t.loss}>{format.ratio(link.lossRatio)}</Value>
          {medium !== null && <MediumValue medium={medium} />}
        </dl>
      )}
      {link.ignoredBecause === null && (
        <div className={styles['foot']}>
          <div className={styles['priority']}>
            <span aria-hidden="true">{t.priority}</span>
            <PriorityMenu link={link} />
          </div>
          <LinkDetails link={link} medium={medium} />
        </div>
      )}
    </li>
  );
}

/** A radio is as good as its signal, a cable as its speed. */
function MediumValue({ medium }: { readonly medium: LinkMedium }): JSX.Element | null {
  const { t, format } = useWords();
  if (medium.signalDbm !== null) {
    return <Value name={t.signal}>{t.signalStrength[signalStrength(medium.signalDbm)]}</Value>;
  }
  if (medium.speedBitsPerSecond === null) return null;
  return <Value name={t.speed}>{format.rate(medium.speedBitsPerSecond)}</Value>;
}

function Value({ name, children }: { readonly name: string; readonly children: ReactNode }): JSX.Element {
  return (
    <div className={styles['value']}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
