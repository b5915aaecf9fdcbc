import type { JSX } from 'react';
import type { AppUsage } from '../../../src-shared/model/app-rule.ts';
import type { LinkKind } from '../../../src-shared/model/link.ts';
import { Card } from '../../components/card.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { kindIcon } from '../../components/link-look.ts';
import { useDaemonStatus, useWords, type Words } from '../../window-context.ts';
import styles from './usage.module.css';

/** The tunnel and each link beside it; the rest folds away. */
const SHOWN_OF_WAY = 8;

const TUNNEL = 'tunnel';

/** Who uses which link now; `usage` is null until that was measured. */
export function UsageCard({
  usage,
  failure,
}: {
  readonly usage: readonly AppUsage[] | null;
  readonly failure: string | null;
}): JSX.Element {
  const { t, format, label } = useWords();
  const kinds = new Map((useDaemonStatus()?.links ?? []).map(({ name, kind }) => [name, kind]));
  return (
    <Card title={t.apps.usage}>
      {failure !== null && <p className={styles['quiet']}>{t.apps.usageFailed(failure)}</p>}
      {failure === null && usage?.length === 0 && <p className={styles['quiet']}>{t.apps.usageNothing}</p>}
      <div className={styles['ways']}>
        {byWay(usage ?? []).map(([way, users]) => (
          <section key={way} className={styles['way']}>
            <h3 className={styles['title']}>
              <Icon name={wayIcon(way, kinds)} />
              {way === TUNNEL ? t.apps.usageTunnel : t.apps.usageBeside(label(way))}
            </h3>
            <Users users={users.slice(0, SHOWN_OF_WAY)} words={{ t, format }} />
            {users.length > SHOWN_OF_WAY && (
              <details className={styles['more']}>
                <summary>{t.apps.usageMore(users.length - SHOWN_OF_WAY)}</summary>
                <Users users={users.slice(SHOWN_OF_WAY)} words={{ t, format }} />
              </details>
            )}
          </section>
        ))}
      </div>
    </Card>
  );
}

function Users({
  users,
  words: { t, format },
}: {
  readonly users: readonly AppUsage[];
  readonly words: Pick<Words, 't' | 'format'>;
}): JSX.Element {
  return (
    <table className={styles['users']}>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">{t.apps.usageApp}</th>
          <th scope="col">{t.apps.down}</th>
          <th scope="col">{t.apps.up}</th>
        </tr>
      </thead>
      <tbody>
        {users.map(({ app, name, connections, rxBitsPerSecond, txBitsPerSecond }) => (
          <tr key={`${app ?? ''} ${name}`}>
            <th scope="row">
              {name}{' '}
              <span className={styles['connections']}>
                {t.apps.connections(connections, format.count(connections))}
              </span>
            </th>
            <td>
              <Icon name="down" />
              {format.rate(rxBitsPerSecond)}
            </td>
            <td>
              <Icon name="up" />
              {format.rate(txBitsPerSecond)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function wayIcon(way: string, kinds: ReadonlyMap<string, LinkKind>): IconName {
  return way === TUNNEL ? 'knot' : kindIcon(kinds.get(way) ?? 'other');
}

/** The tunnel first, then the links by name; in each who sends or receives most. */
function byWay(usage: readonly AppUsage[]): [string, AppUsage[]][] {
  const ways = new Map<string, AppUsage[]>();
  for (const entry of usage) ways.set(entry.way, [...(ways.get(entry.way) ?? []), entry]);
  for (const users of ways.values()) users.sort(byMagnitude);
  return [...ways].sort(([one], [other]) =>
    one === TUNNEL ? -1 : other === TUNNEL ? 1 : one.localeCompare(other),
  );
}

/** By the number of digits only: else two that send about the same would change places each second. */
function byMagnitude(one: AppUsage, other: AppUsage): number {
  return magnitude(other) - magnitude(one) || one.name.localeCompare(other.name);
}

function magnitude({ rxBitsPerSecond, txBitsPerSecond }: AppUsage): number {
  return Math.ceil(Math.log10(1 + rxBitsPerSecond + txBitsPerSecond));
}
