import { useMemo, useState, type JSX } from 'react';
import type { InstalledApp, RuleStatus } from '../../../src-shared/model/app-rule.ts';
import type { ControlError } from '../../../src-shared/control/error.ts';
import { Card } from '../../components/card.tsx';
import { Notice } from '../../components/notice.tsx';
import { useDaemonStatus, useWords, type Words } from '../../window-context.ts';
import { AppList, trafficByApp } from './app-list.tsx';
import styles from './apps.module.css';
import { MissingNotice } from './missing-notice.tsx';
import { RulesCard } from './rules-card.tsx';
import { appMatcher, Search, type AppFilter } from './search.tsx';
import { UsageCard } from './usage-card.tsx';
import { usePolled } from './use-polled.ts';
import { useRules } from './use-rules.ts';
import { actionChoices, wayChoices } from './ways.ts';

/** Apps come and go with clicks in the desktop's menu. */
const APPS_INTERVAL_MS = 5_000;

/** As often as rates are shown elsewhere. */
const USAGE_INTERVAL_MS = 1_000;

const NO_APPS: readonly InstalledApp[] = [];

/** Which app goes which way, who uses which link now, and every other rule. */
export function Apps(): JSX.Element {
  const words = useStableWords();
  const { t, language } = words;
  const rules = useRules();
  const { answer: listed } = usePolled('apps.list', APPS_INTERVAL_MS);
  const { answer: used } = usePolled('apps.usage', USAGE_INTERVAL_MS);
  const [typed, setTyped] = useState('');
  const [filter, setFilter] = useState<AppFilter>('all');

  const apps = listed?.ok === true ? listed.value.apps : NO_APPS;
  const usage = used?.ok === true ? used.value.usage : null;
  const sorted = useMemo(() => sortedByName(apps, language), [apps, language]);
  const matches = useMemo(() => appMatcher(apps), [apps]);
  const traffic = useMemo(() => trafficByApp(usage ?? []), [usage]);
  const choices = useMemo(() => wayChoices(words.linkNames, words), [words]);
  const ruleChoices = useMemo(() => actionChoices(words.linkNames, words), [words]);

  const error = rules.error ?? (listed?.ok === false ? listed.error : null);
  if (error !== null) return <Notice tone="warning">{failureText(error, words)}</Notice>;
  if (rules.report === null || listed === null) return <p className={styles['quiet']}>{t.opening}</p>;

  const ruleOf = new Map(rules.report.rules.flatMap((rule) => appRule(rule)));
  const isInstalled = new Set(apps.map(({ id }) => id));
  const others = rules.report.rules.filter(
    ({ subject }) => subject.kind !== 'app' || !isInstalled.has(subject.id),
  );
  const isNarrowed = typed.trim() !== '' || filter === 'ruled';
  const shown = sorted.filter(
    (app) => (filter === 'all' || ruleOf.has(app.id)) && (typed.trim() === '' || matches(app, typed)),
  );
  const running = shown.filter(({ processes }) => processes > 0);
  const list = { ruleOf, trafficOf: traffic, choices, words, choose: rules.choose };
  const heading = (title: string, of: readonly InstalledApp[]): { title: string; action: JSX.Element } => ({
    title,
    action: <Count of={of} words={words} isAnnounced={isNarrowed} />,
  });
  return (
    <div className={styles['view']}>
      <p className={styles['intro']}>{t.apps.intro}</p>
      <MissingNotice missing={rules.report.missing} />
      <div className={styles['columns']}>
        <div className={styles['first']}>
          {apps.length > 0 && <Search text={typed} filter={filter} onText={setTyped} onFilter={setFilter} />}
          {apps.length === 0 ? (
            <Card title={t.apps.noneInstalled}>
              <p className={styles['quiet']}>{t.apps.noneInstalledHint}</p>
            </Card>
          ) : isNarrowed ? (
            <Card {...heading(typed.trim() === '' ? t.apps.withRule : t.apps.found, shown)}>
              {shown.length === 0 ? (
                <Nothing typed={typed.trim()} words={words} />
              ) : (
                <AppList {...list} label={t.apps.found} apps={shown} />
              )}
            </Card>
          ) : (
            <Card {...heading(t.apps.running, running)}>
              {running.length === 0 ? (
                <p className={styles['quiet']}>{t.apps.noneRunning}</p>
              ) : (
                <AppList {...list} label={t.apps.running} apps={running} />
              )}
            </Card>
          )}
        </div>
        <div className={styles['side']}>
          <UsageCard usage={usage} failure={used?.ok === false ? used.error.message : null} />
          <RulesCard rules={rules} shown={others} choices={ruleChoices} words={words} />
        </div>
        {!isNarrowed && running.length < shown.length && (
          <div className={styles['rest']}>
            <Card
              {...heading(
                t.apps.notRunning,
                shown.filter(({ processes }) => processes === 0),
              )}
            >
              <AppList
                {...list}
                label={t.apps.notRunning}
                apps={shown.filter(({ processes }) => processes === 0)}
              />
            </Card>
          </div>
        )}
      </div>
    </div>
  );
}

/** How many apps stand below; said aloud where the number follows what is typed. */
function Count({
  of,
  words: { t, format },
  isAnnounced,
}: {
  readonly of: readonly InstalledApp[];
  readonly words: Words;
  readonly isAnnounced: boolean;
}): JSX.Element {
  return (
    <span className={styles['count']} role={isAnnounced ? 'status' : undefined}>
      {t.apps.count(of.length, format.count(of.length))}
    </span>
  );
}

function Nothing({ typed, words: { t } }: { readonly typed: string; readonly words: Words }): JSX.Element {
  const [what, hint] =
    typed === '' ? [t.apps.noneRuled, t.apps.noneRuledHint] : [t.apps.noneFound(typed), t.apps.noneFoundHint];
  return (
    <>
      <p>{what}</p>
      <p className={styles['quiet']}>{hint}</p>
    </>
  );
}

/** Words that stay the same object as long as they say the same: a status four times a second draws no row again. */
function useStableWords(): Words & { readonly linkNames: readonly string[] } {
  const words = useWords();
  const links = (useDaemonStatus()?.links ?? []).filter(({ state }) => state !== 'ignored');
  const linkNames = links.map(({ name }) => name);
  const key = [words.language, ...linkNames.map((name) => `${name} ${words.label(name)}`)].join('\n');
  const [stable, setStable] = useState({ key, words: { ...words, linkNames } });
  if (stable.key === key) return stable.words;
  const next = { key, words: { ...words, linkNames } };
  setStable(next);
  return next.words;
}

function appRule(rule: RuleStatus): [string, RuleStatus][] {
  return rule.subject.kind === 'app' ? [[rule.subject.id, rule]] : [];
}

function sortedByName(apps: readonly InstalledApp[], language: string): readonly InstalledApp[] {
  const { compare } = new Intl.Collator(language, { numeric: true });
  return [...apps].sort((one, other) => compare(one.name, other.name));
}

function failureText(error: ControlError, { t }: Words): string {
  return error.code === 'UNKNOWN_METHOD' ? t.apps.tooOld : t.apps.failed(error.message);
}
