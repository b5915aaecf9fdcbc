import type { JSX } from 'react';
import type { InstalledApp } from '../../../src-shared/model/app-rule.ts';
import { Icon } from '../../components/icon.tsx';
import { Segments } from '../../components/segments.tsx';
import { useWords } from '../../window-context.ts';
import styles from './apps.module.css';

/** Which apps are shown. */
export type AppFilter = 'all' | 'ruled';

const FILTERS: readonly AppFilter[] = ['all', 'ruled'];

/** The field and the choice above the apps. Escape empties the field. */
export function Search({
  text,
  filter,
  onText,
  onFilter,
}: {
  readonly text: string;
  readonly filter: AppFilter;
  readonly onText: (text: string) => void;
  readonly onFilter: (filter: AppFilter) => void;
}): JSX.Element {
  const { t } = useWords();
  return (
    <search className={styles['search']}>
      <span className={styles['field']}>
        <Icon name="search" />
        <input
          type="search"
          className={styles['input']}
          aria-label={t.apps.search}
          placeholder={t.apps.search}
          value={text}
          spellCheck={false}
          autoComplete="off"
          onChange={({ target }) => onText(target.value)}
          onKeyDown={({ key }) => {
            if (key === 'Escape') onText('');
          }}
        />
      </span>
      <Segments
        label={t.apps.filter}
        value={filter}
        choices={FILTERS.map((value) => ({ value, name: t.apps.filters[value] }))}
        onChange={onFilter}
      />
    </search>
  );
}

/** Tells which apps fit what was typed: each of its words somewhere in the app's name, words or id. */
export function appMatcher(apps: readonly InstalledApp[]): (app: InstalledApp, typed: string) => boolean {
  const texts = new Map(
    apps.map(({ id, name, keywords }) => [id, plain([name, ...keywords, id].join('\n'))] as const),
  );
  return ({ id }, typed) =>
    plain(typed)
      .split(/\s+/)
      .every((word) => texts.get(id)?.includes(word) === true);
}

/** Small letters without accents: people leave them out. */
function plain(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .trim();
}
