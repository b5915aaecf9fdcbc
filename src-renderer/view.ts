import { useSyncExternalStore } from 'react';

/** The places in the window that the part behind the # names; only a virtual home has `demo` as well. */
export const VIEWS = ['overview', 'timeline', 'graphs', 'apps', 'settings', 'diagnostics'] as const;
export type View = (typeof VIEWS)[number] | 'demo' | 'setup';

/** The address of a view. */
export function viewAddress(view: View): string {
  return `#/${view}`;
}

/** The view that the address names; the overview if it names none. */
export function useView(): View {
  return useSyncExternalStore(subscribe, currentView);
}

function currentView(): View {
  const name = location.hash.replace(/^#\//, '');
  return name === 'setup' || name === 'demo' ? name : (VIEWS.find((view) => view === name) ?? 'overview');
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
