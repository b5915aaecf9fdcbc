import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { chooseLanguage, wordingOf, type Wording } from '../src-shared/i18n/wording.ts';
import { windowTextsOf, type WindowTexts } from '../src-shared/i18n/window-texts.ts';
import type { DaemonStatus, Status } from '../src-shared/model/status.ts';
import { linkLabel } from '../src-shared/view/describe-status.ts';
import type { History } from './store/history.ts';
import { useStore } from './store/store.ts';
import type { WindowModel, WindowState } from './store/window-model.ts';

/** The window's model, for every component below the app. */
export const WindowContext = createContext<WindowModel | null>(null);

/** Hands out the window's model. */
export function useModel(): WindowModel {
  const model = useContext(WindowContext);
  if (model === null) throw new Error('a component of the window was used outside it');
  return model;
}

/** Reads a part of the window's state. */
export function useWindow<Part>(select: (state: WindowState) => Part): Part {
  return useStore(useModel().store, select);
}

/** The daemon's status, or null while there is none to show. */
export function useDaemonStatus(): DaemonStatus | null {
  const status = useWindow((state) => state.status);
  return status === null || status.state === 'unreachable' ? null : status;
}

/** All words of the window in the language that it has now. */
export interface Words extends Wording {
  readonly t: WindowTexts;
  /** Names a link as people do. */
  readonly label: (name: string) => string;
}

/** Hands out the words of the window. */
export function useWords(): Words {
  const choice = useWindow((state) => state.preferences.language);
  const status = useWindow((state) => state.status);
  const wording = wordingOf(chooseLanguage(choice, navigator.languages));
  return {
    ...wording,
    t: windowTextsOf(wording.language),
    label: (name) => linkLabel(name, linksOf(status), wording),
  };
}

/**
 * The wall clock. The component renders again after each interval, and reads the clock whenever it renders: a switch
 * that was told a moment ago is never in the future.
 */
export function useNow(intervalMs: number): number {
  const model = useModel();
  const [, setTicks] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTicks((ticks) => ticks + 1), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return model.now();
}

/** The measured minutes; the component renders again with each sample. */
export function useHistory(): History {
  const { history } = useModel();
  useSyncExternalStore(history.subscribe, () => history.version);
  return history;
}

function linksOf(status: Status | null): DaemonStatus['links'] {
  return status === null || status.state === 'unreachable' ? [] : status.links;
}
