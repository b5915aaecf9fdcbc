import type { JSX } from 'react';
import type { Format } from '../../../src-shared/i18n/format.ts';
import type { WindowTexts } from '../../../src-shared/i18n/window-texts.ts';
import { Icon } from '../../components/icon.tsx';
import styles from './row.module.css';

/** What an app receives and sends now. */
export function Traffic({
  rx,
  tx,
  t,
  format,
}: {
  /** Bits per second, like `tx`. */
  readonly rx: number;
  readonly tx: number;
  readonly t: WindowTexts;
  readonly format: Format;
}): JSX.Element {
  if (rx + tx === 0) return <p className={styles['traffic']}>{t.apps.idle}</p>;
  return (
    <p className={styles['traffic']}>
      <Rate icon="down" name={t.apps.down} rate={format.rate(rx)} />
      <Rate icon="up" name={t.apps.up} rate={format.rate(tx)} />
    </p>
  );
}

function Rate({
  icon,
  name,
  rate,
}: {
  readonly icon: 'down' | 'up';
  readonly name: string;
  readonly rate: string;
}): JSX.Element {
  return (
    <span className={styles['rate']}>
      <Icon name={icon} />
      <span className="visually-hidden">{name} </span>
      {rate}
    </span>
  );
}
