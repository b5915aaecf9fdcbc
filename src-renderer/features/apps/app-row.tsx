import { memo, useId, type JSX } from 'react';
import type { InstalledApp } from '../../../src-shared/model/app-rule.ts';
import type { Format } from '../../../src-shared/i18n/format.ts';
import type { WindowTexts } from '../../../src-shared/i18n/window-texts.ts';
import { ChoiceMenu, type Choice } from '../../components/choice-menu.tsx';
import { AppIcon } from './app-icon.tsx';
import styles from './row.module.css';
import { RuleNotes } from './rule-notes.tsx';
import { Traffic } from './traffic.tsx';
import type { Way } from './ways.ts';

/** What a row shows of an app, as plain values: a row whose values are the same is not drawn again. */
interface AppRowProps {
  readonly app: InstalledApp;
  readonly way: Way;
  readonly choices: readonly Choice<Way>[];
  /** What the rule does; null without a rule. */
  readonly sentence: string | null;
  readonly problem: string | null;
  readonly toRestart: number;
  /** Null while the app does not run. */
  readonly rxBitsPerSecond: number | null;
  readonly txBitsPerSecond: number | null;
  readonly t: WindowTexts;
  readonly format: Format;
  readonly onChoose: (id: string, way: Way) => void;
}

/** An installed app: what it is, what it sends now, which way it goes. */
export const AppRow = memo(function AppRow(props: AppRowProps): JSX.Element {
  const { app, t, format } = props;
  const notes = useId();
  const origin = t.apps.origin[app.origin];
  return (
    <li className={`${styles['row']} ${styles['app']}`} data-row={app.id}>
      <AppIcon id={app.id} name={app.name} hasIcon={app.hasIcon} />
      <p className={styles['name']}>
        {app.name} {origin !== '' && <span className={styles['kind']}>{origin}</span>}
      </p>
      {props.rxBitsPerSecond !== null && props.txBitsPerSecond !== null && (
        <Traffic rx={props.rxBitsPerSecond} tx={props.txBitsPerSecond} t={t} format={format} />
      )}
      <div className={styles['controls']}>
        <ChoiceMenu
          label={t.apps.wayOf(app.name)}
          value={props.way}
          choices={props.choices}
          onChange={(way) => props.onChoose(app.id, way)}
          describedBy={notes}
        />
      </div>
      <RuleNotes
        id={notes}
        sentence={props.sentence}
        problem={props.problem}
        toRestart={props.toRestart}
        isSingleInstance={app.isSingleInstance}
        t={t}
        format={format}
      />
    </li>
  );
});
