import { useCallback, useEffect, useRef, useState } from 'react';
import type { BridgeParams, BridgeResult } from '../../../src-shared/bridge/bridge.ts';
import type { ControlError } from '../../../src-shared/control/error.ts';
import type { Result } from '../../../src-shared/util/result.ts';
import { useModel } from '../../window-context.ts';

/** Methods without parameters, whose answers change by themselves and have no event. */
type PolledMethod = 'rules.list' | 'apps.list' | 'apps.usage';

type Answer<M extends PolledMethod> = Result<BridgeResult<M>, ControlError>;

/** What a method answers, kept up to date. */
export interface Polled<M extends PolledMethod> {
  /** Null until the first answer; the same object as long as the answers are the same. */
  readonly answer: Answer<M> | null;
  /** Asks at once, and hands back the answer. */
  readonly refresh: () => Promise<Answer<M> | null>;
}

/** Asks again and again while the window is to be seen, and never before the last answer is there. */
export function usePolled<M extends PolledMethod>(method: M, intervalMs: number): Polled<M> {
  const { bridge } = useModel();
  const [answer, setAnswer] = useState<Answer<M> | null>(null);
  const asking = useRef<() => Promise<Answer<M> | null>>(() => Promise.resolve(null));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let turn = 0;
    let isOver = false;
    const ask = async (): Promise<Answer<M> | null> => {
      const mine = ++turn;
      clearTimeout(timer);
      const next = await bridge.call(method, {} as BridgeParams<M>);
      if (isOver || mine !== turn) return next;
      setAnswer((before) => (isSame(before, next) ? before : next));
      if (!document.hidden) timer = setTimeout(() => void ask(), intervalMs);
      return next;
    };
    const onVisibility = (): void => {
      if (document.hidden) clearTimeout(timer);
      else void ask();
    };
    asking.current = ask;
    document.addEventListener('visibilitychange', onVisibility);
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [bridge, method, intervalMs]);
  const refresh = useCallback(() => asking.current(), []);
  return { answer, refresh };
}

/** Answers are plain data, always written in the same order. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
