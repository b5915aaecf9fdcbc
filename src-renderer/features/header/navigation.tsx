import type { JSX } from 'react';
import { Icon } from '../../components/icon.tsx';
import { viewAddress, VIEWS, type View } from '../../view.ts';
import { useWindow, useWords } from '../../window-context.ts';
import styles from './navigation.module.css';

/** The ways to the views. */
export function Navigation({ view }: { readonly view: Exclude<View, 'setup'> }): JSX.Element {
  const { t } = useWords();
  const isDemo = useWindow(({ cables }) => cables !== null);
  const views = isDemo ? [...VIEWS, 'demo' as const] : VIEWS;
  return (
    <nav aria-label={t.viewsLabel} className={styles['navigation']}>
      <ul className={styles['list']}>
        {views.map((name) => (
          <li key={name}>
            <a
              className={styles['way']}
              href={viewAddress(name)}
              aria-current={name === view ? 'page' : undefined}
            >
              <Icon name={name} />
              <span className={styles['name']}>{t.view[name]}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
