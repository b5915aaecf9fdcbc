import type { JSX } from 'react';
import type { LinkStatus } from '../../../src-shared/model/link.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { areLinksIdle } from '../../../src-shared/view/shown-link.ts';
import { Icon } from '../../components/icon.tsx';
import { kindIcon, linkColour, STATE_ICON } from '../../components/link-look.ts';
import { useWords } from '../../window-context.ts';
import styles from './rope.module.css';

/** Strands that are told apart at a glance; the cards below have all links. */
const MAX_STRANDS = 4;

/** Height of one strand's lane, in units of the drawing. */
const LANE = 44;

/** Below this there are keepalives and little else: nothing moves, and an idle window costs next to nothing. */
const FLOWS_FROM_BITS_PER_SECOND = 100_000;

/** The order in which links matter in the picture. */
const STATE_ORDER: readonly LinkStatus['state'][] = ['carrying', 'suspect', 'standby', 'lost', 'ignored'];

/** The picture of the tunnel: this laptop, one strand for each link, the box. */
export function Rope({ status }: { readonly status: DaemonStatus }): JSX.Element | null {
  const { t, label, texts } = useWords();
  const names = status.links.map((link) => link.name);
  const isIdle = areLinksIdle(status);
  const used = status.links
    .filter((link) => link.state !== 'ignored')
    .map((link): LinkStatus => (isIdle ? { ...link, state: 'standby' } : link));
  const strands = [...used]
    .sort((a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state))
    .slice(0, MAX_STRANDS)
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  if (strands.length === 0) return null;
  const height = strands.length * LANE;
  // While it is being switched off, open connections still run through it.
  const isLive = status.state === 'protected' || (status.state === 'off' && status.draining);
  const listed = (state: LinkStatus['state']): string =>
    used
      .filter((link) => link.state === state)
      .map((link) => label(link.name))
      .join(', ');
  return (
    <div
      className={styles['rope']}
      role="img"
      aria-label={t.ropeSummary(isLive ? listed('carrying') : '', isIdle ? '' : listed('standby'))}
    >
      <span className={styles['end']} aria-hidden="true">
        <Icon name="laptop" />
        <span>{t.laptop}</span>
      </span>
      <div className={styles['strands']} style={{ height: `${height / 16}rem` }} aria-hidden="true">
        <svg viewBox={`0 0 400 ${height}`} preserveAspectRatio="none">
          {strands.map((link, index) => (
            <Strand
              key={link.name}
              link={link}
              isLive={isLive}
              colour={linkColour(link.name, names)}
              y={index * LANE + LANE / 2}
              middle={height / 2}
            />
          ))}
        </svg>
        {strands.map((link, index) => (
          <span
            key={link.name}
            className={styles['tag']}
            data-state={isLive ? link.state : 'standby'}
            style={{ insetBlockStart: `${((index + 0.5) * LANE) / 16}rem` }}
          >
            <Icon name={kindIcon(link.kind)} />
            <span className={styles['tagName']}>{label(link.name)}</span>
            {(link.state === 'lost' || link.state === 'suspect') && <Icon name={STATE_ICON[link.state]} />}
          </span>
        ))}
      </div>
      <span className={styles['end']} aria-hidden="true">
        <Icon name="box" />
        <span className={styles['boxName']}>{status.box?.name ?? t.noBox}</span>
      </span>
      <p className={styles['internet']} data-internet={status.internet} aria-hidden="true">
        <Icon name="globe" />
        {texts.internet[status.internet]}
      </p>
    </div>
  );
}

function Strand({
  link,
  isLive,
  colour,
  y,
  middle,
}: {
  readonly link: LinkStatus;
  readonly isLive: boolean;
  readonly colour: string;
  readonly y: number;
  readonly middle: number;
}): JSX.Element {
  const path = `M0 ${middle} C 70 ${middle}, 60 ${y}, 130 ${y} L 270 ${y} C 340 ${y}, 330 ${middle}, 400 ${middle}`;
  const stroke = `var(${colour})`;
  const flows = link.rxBitsPerSecond + link.txBitsPerSecond >= FLOWS_FROM_BITS_PER_SECOND;
  const state = isLive || link.state === 'lost' ? link.state : 'standby';
  return (
    <g className={styles['strand']} data-state={state} data-flows={flows} style={{ stroke }}>
      <path d={path} className={styles['line']} />
      {state === 'carrying' && <path d={path} className={styles['flow']} />}
    </g>
  );
}
