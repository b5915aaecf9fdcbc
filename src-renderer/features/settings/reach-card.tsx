import { useId, type JSX } from 'react';
import type { LanAccess } from '../../../src-shared/model/link.ts';
import type { DaemonStatus, Ipv6Access } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { Segments } from '../../components/segments.tsx';
import { useModel, useWindow, useWords } from '../../window-context.ts';
import styles from './settings.module.css';

const LAN_CHOICES: readonly LanAccess[] = ['direct', 'tunnel'];
const IPV6_CHOICES: readonly Ipv6Access[] = ['tunnel', 'direct'];

/** What else than the internet of version 4 goes into the tunnel. */
export function ReachCard({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const model = useModel();
  const { t } = useWords();
  const intents = useWindow((state) => state.intents);
  const lan = intents.lan ?? status.lan;
  const ipv6 = intents.ipv6 ?? status.ipv6;
  return (
    <Card title={t.reach} hint={t.reachHint}>
      <ul className={styles['rows']}>
        <Access
          name={t.lan}
          hint={t.lanHint[lan]}
          value={lan}
          choices={LAN_CHOICES.map((value) => ({ value, name: t.access[value] }))}
          onChange={(access) => model.setLan(access)}
        />
        {ipv6 !== undefined && (
          <Access
            name={t.ipv6}
            hint={t.ipv6Hint[ipv6]}
            value={ipv6}
            choices={IPV6_CHOICES.map((value) => ({ value, name: t.access[value] }))}
            onChange={(access) => model.setIpv6(access)}
          />
        )}
      </ul>
    </Card>
  );
}

/** One thing that goes one of two ways, and what that means. */
function Access<Value extends string>({
  name,
  hint,
  value,
  choices,
  onChange,
}: {
  readonly name: string;
  readonly hint: string;
  readonly value: Value;
  readonly choices: readonly { readonly value: Value; readonly name: string }[];
  readonly onChange: (value: Value) => void;
}): JSX.Element {
  const hintId = useId();
  return (
    <li className={styles['row']}>
      <span className={styles['wide']}>
        <span className={styles['strong']}>{name}</span>
        <span className={styles['hint']} id={hintId}>
          {hint}
        </span>
      </span>
      <Segments label={name} hintId={hintId} value={value} choices={choices} onChange={onChange} />
    </li>
  );
}
