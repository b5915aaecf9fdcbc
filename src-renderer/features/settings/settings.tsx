import type { JSX } from 'react';
import type { LanguageChoice } from '../../../src-shared/bridge/bridge.ts';
import type { DaemonStatus, Mode } from '../../../src-shared/model/status.ts';
import { Card } from '../../components/card.tsx';
import { Icon } from '../../components/icon.tsx';
import { kindIcon } from '../../components/link-look.ts';
import { RadioCards } from '../../components/radio-cards.tsx';
import { Segments } from '../../components/segments.tsx';
import { Switch } from '../../components/switch.tsx';
import { shownMode } from '../../store/intents.ts';
import { useModel, useWindow, useWords } from '../../window-context.ts';
import { MeteredMenu } from '../overview/metered-menu.tsx';
import { PriorityMenu } from '../overview/priority-menu.tsx';
import { PairingCard } from './pairing-card.tsx';
import { ReachCard } from './reach-card.tsx';
import styles from './settings.module.css';

const MODES: readonly Mode[] = ['seamless', 'bonded', 'redundant', 'saver'];
const LANGUAGE_CHOICES: readonly LanguageChoice[] = ['system', 'en', 'de'];

/** What may be changed. */
export function Settings({ status }: { readonly status: DaemonStatus }): JSX.Element {
  const model = useModel();
  const { t, label } = useWords();
  const intents = useWindow((state) => state.intents);
  const preferences = useWindow((state) => state.preferences);
  // What is never used has nothing to choose.
  const links = status.links.filter(({ ignoredBecause }) => ignoredBecause === null);
  return (
    <div className={styles['view']}>
      <Card title={t.mode}>
        <RadioCards
          label={t.mode}
          value={shownMode(status, intents)}
          choices={MODES.map((mode) => ({ value: mode, name: t.modeName[mode], hint: t.modeHint[mode] }))}
          onChange={(mode) => model.setMode(mode)}
        />
      </Card>
      <Card title={t.links}>
        {links.length === 0 ? (
          <p className={styles['quiet']}>{t.noLinksHint}</p>
        ) : (
          <ul className={styles['rows']}>
            {links.map((link) => (
              <li key={link.name} className={styles['row']}>
                <Icon name={kindIcon(link.kind)} />
                <span className={styles['name']}>
                  {label(link.name)}{' '}
                  {!label(link.name).includes(link.name) && (
                    <span className={styles['quiet']}>{link.name}</span>
                  )}
                </span>
                <span className={styles['setting']}>
                  <span aria-hidden="true">{t.priority}</span>
                  <PriorityMenu link={link} />
                </span>
                {link.meteredChoice !== undefined && (
                  <span className={styles['setting']}>
                    <span aria-hidden="true">{t.metered}</span>
                    <MeteredMenu link={link} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Card>
      <ReachCard status={status} />
      <PairingCard box={status.box} />
      <Card title={t.window}>
        <ul className={styles['rows']}>
          <li className={styles['row']}>
            <span className={styles['name']}>{t.language}</span>
            <Segments
              label={t.language}
              value={preferences.language}
              choices={LANGUAGE_CHOICES.map((value) => ({ value, name: t.languages[value] }))}
              onChange={(language) => void model.setPreferences({ language })}
            />
          </li>
          {preferences.startsAtLogin !== null && (
            <li className={styles['row']}>
              <span className={styles['name']}>{t.startAtLoginHint}</span>
              <Switch
                label={t.startAtLogin}
                checked={preferences.startsAtLogin}
                onChange={(startsAtLogin) => void model.setPreferences({ startsAtLogin })}
              />
            </li>
          )}
        </ul>
      </Card>
    </div>
  );
}
