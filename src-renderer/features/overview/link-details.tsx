import type { JSX } from 'react';
import type { LinkMedium } from '../../../src-shared/bridge/link-medium.ts';
import type { LinkModel, LinkStatus } from '../../../src-shared/model/link.ts';
import { Facts } from '../../components/facts.tsx';
import { useWords, type Words } from '../../window-context.ts';
import styles from './link-details.module.css';
import { MeteredMenu } from './metered-menu.tsx';

interface Row {
  readonly name: string;
  readonly value: string;
  readonly isCode?: boolean;
}

/** What else is known of a link, for whoever wants to know: what was learned of its path, and what carries it. */
export function LinkDetails({
  link,
  medium,
}: {
  readonly link: LinkStatus;
  readonly medium: LinkMedium | null;
}): JSX.Element {
  const words = useWords();
  const { t } = words;
  const rows = [...modelRows(link, words), ...mediumRows(medium, words), ...addressRows(link, words)];
  return (
    <details className={styles['details']}>
      <summary>
        {t.details}
        <span className="visually-hidden"> ({words.label(link.name)})</span>
      </summary>
      <div className={styles['facts']}>
        <Facts rows={rows} />
        {link.meteredChoice !== undefined && (
          <div className={styles['metered']}>
            <span aria-hidden="true">{t.metered}</span>
            <MeteredMenu link={link} />
          </div>
        )}
      </div>
    </details>
  );
}

function modelRows({ state, model }: LinkStatus, { t, texts, format }: Words): readonly Row[] {
  if (model === null || state === 'lost' || state === 'ignored') {
    return [{ name: t.carries, value: t.nothingLearned }];
  }
  const { sendBitsPerSecond, smoothedRttMicros, minRttMicros, inFlightBytes, windowBytes } = model;
  const queueMicros = Math.max(0, smoothedRttMicros - minRttMicros);
  return [
    ...roleRows(model, t.use, texts),
    {
      name: t.carries,
      value: sendBitsPerSecond === null ? t.rateNotLearned : t.upTo(format.rate(sendBitsPerSecond)),
    },
    { name: t.answers, value: t.answersAfter(format.duration(smoothedRttMicros)) },
    {
      name: t.queue,
      value: t.queueOf(format.duration(queueMicros), format.duration(minRttMicros)),
    },
    { name: t.underWay, value: t.outOf(format.size(inFlightBytes), format.size(windowBytes)) },
  ];
}

/** Only where it is not what the card's face says already. */
function roleRows({ role, excludedBecause }: LinkModel, name: string, texts: Words['texts']): readonly Row[] {
  if (excludedBecause !== null) return [{ name, value: texts.leftOut[excludedBecause] }];
  return role === 'trial' ? [{ name, value: texts.onTrial }] : [];
}

function mediumRows(medium: LinkMedium | null, { t, format }: Words): readonly Row[] {
  if (medium === null) return [];
  const { network, signalDbm, speedBitsPerSecond } = medium;
  return [
    ...(network === null ? [] : [{ name: t.network, value: network }]),
    ...(signalDbm === null ? [] : [{ name: t.signal, value: t.signalDbm(format.count(signalDbm)) }]),
    ...(speedBitsPerSecond === null ? [] : [{ name: t.speed, value: format.rate(speedBitsPerSecond) }]),
  ];
}

function addressRows({ address, datagramBytes }: LinkStatus, { t, format }: Words): readonly Row[] {
  return [
    ...(datagramBytes === null ? [] : [{ name: t.largestPacket, value: format.size(datagramBytes) }]),
    ...(address === null ? [] : [{ name: t.address, value: address, isCode: true }]),
  ];
}
