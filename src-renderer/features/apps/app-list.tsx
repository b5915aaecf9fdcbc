import { useCallback, type JSX } from 'react';
import type { AppUsage, InstalledApp, RuleStatus } from '../../../src-shared/model/app-rule.ts';
import type { Words } from '../../window-context.ts';
import type { Choice } from '../../components/choice-menu.tsx';
import { AppRow } from './app-row.tsx';
import styles from './row.module.css';
import { useRoving } from './use-roving.ts';
import type { Rules } from './use-rules.ts';
import { AUTOMATIC, ruleProblem, ruleSentence, withPresent, type Way } from './ways.ts';

/** What an app sends and receives over all its ways, in bits per second. */
export interface AppTraffic {
  readonly rx: number;
  readonly tx: number;
}

const NO_TRAFFIC: AppTraffic = { rx: 0, tx: 0 };

/** Apps below each other, each with its way. */
export function AppList({
  label,
  apps,
  ruleOf,
  trafficOf,
  choices,
  words,
  choose,
}: {
  readonly label: string;
  readonly apps: readonly InstalledApp[];
  readonly ruleOf: ReadonlyMap<string, RuleStatus>;
  readonly trafficOf: ReadonlyMap<string, AppTraffic>;
  readonly choices: readonly Choice<Way>[];
  readonly words: Words;
  readonly choose: Rules['choose'];
}): JSX.Element {
  const roving = useRoving<HTMLUListElement>();
  const onChoose = useCallback(
    (id: string, way: Way) => choose({ kind: 'app', id }, way === AUTOMATIC ? null : way),
    [choose],
  );
  return (
    <ul {...roving} className={styles['rows']} aria-label={label} tabIndex={-1}>
      {apps.map((app) => {
        const rule = ruleOf.get(app.id);
        const way = rule?.action ?? AUTOMATIC;
        const traffic = app.processes === 0 ? null : (trafficOf.get(app.id) ?? NO_TRAFFIC);
        return (
          <AppRow
            key={app.id}
            app={app}
            way={way}
            choices={withPresent(choices, way, words)}
            sentence={rule === undefined ? null : ruleSentence(rule.action, words)}
            problem={rule === undefined ? null : ruleProblem(rule, words)}
            toRestart={rule?.toRestart ?? 0}
            rxBitsPerSecond={traffic?.rx ?? null}
            txBitsPerSecond={traffic?.tx ?? null}
            t={words.t}
            format={words.format}
            onChoose={onChoose}
          />
        );
      })}
    </ul>
  );
}

/** Adds up what each installed app sends and receives over all its ways. */
export function trafficByApp(usage: readonly AppUsage[]): ReadonlyMap<string, AppTraffic> {
  const sums = new Map<string, AppTraffic>();
  for (const { app, rxBitsPerSecond, txBitsPerSecond } of usage) {
    if (app === null) continue;
    const { rx, tx } = sums.get(app) ?? NO_TRAFFIC;
    sums.set(app, { rx: rx + rxBitsPerSecond, tx: tx + txBitsPerSecond });
  }
  return sums;
}
