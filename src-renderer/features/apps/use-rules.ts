import { useCallback, useMemo, useRef, useState } from 'react';
import type { ControlError } from '../../../src-shared/control/error.ts';
import type { RuleAction, RulesReport, RuleStatus, RuleSubject } from '../../../src-shared/model/app-rule.ts';
import type { RuleWish } from '../../../src-shared/model/rules-file.ts';
import type { Result } from '../../../src-shared/util/result.ts';
import { useModel, useWords, type Words } from '../../window-context.ts';
import { usePolled } from './use-polled.ts';

/** A link that goes, or a program that is restarted, changes what a rule does: soon enough for whoever waits for it. */
const RULES_INTERVAL_MS = 2_000;

/** The rules, as they are and as the user has just asked for. */
export interface Rules {
  /** Null until they were read. */
  readonly report: RulesReport | null;
  readonly error: ControlError | null;
  /** Gives a subject a rule, or none; shown at once, taken back with a word if the daemon refuses. */
  readonly choose: (subject: RuleSubject, action: RuleAction | null) => void;
  /** Puts these rules in place of all; false if that was refused, which the user has then been told. */
  readonly replace: (rules: readonly RuleWish[]) => Promise<boolean>;
}

interface Asked {
  readonly subject: RuleSubject;
  /** Null for no rule. */
  readonly action: RuleAction | null;
}

/** Follows the rules. */
export function useRules(): Rules {
  const model = useModel();
  const { t } = useWords();
  const { answer, refresh } = usePolled('rules.list', RULES_INTERVAL_MS);
  const [asked, setAsked] = useState<ReadonlyMap<string, Asked>>(new Map());
  /** One change after the other: the second to a subject needs to know the id that the first has made. */
  const queue = useRef<Promise<unknown>>(Promise.resolve());

  const tell = useCallback(
    (outcome: Result<unknown, ControlError> | null): boolean => {
      if (outcome === null || outcome.ok || outcome.error.code === 'NO_SUCH_RULE') return true;
      model.tell(inWords(outcome.error, t));
      return false;
    },
    [model, t],
  );
  const choose = useCallback(
    (subject: RuleSubject, action: RuleAction | null): void => {
      const key = subjectKey(subject);
      const mine: Asked = { subject, action };
      model.dismissNotice();
      setAsked((before) => new Map(before).set(key, mine));
      const change = async (): Promise<void> => {
        if (action !== null) {
          tell(await model.bridge.call('rules.add', { subject, action }));
        } else {
          const present = await refresh();
          const rule = present?.ok === true ? present.value.rules.find(isAbout(key)) : undefined;
          tell(rule === undefined ? null : await model.bridge.call('rules.remove', { id: rule.id }));
        }
        await refresh();
        setAsked((before) => {
          if (before.get(key) !== mine) return before;
          const rest = new Map(before);
          rest.delete(key);
          return rest;
        });
      };
      queue.current = queue.current.then(change);
    },
    [model, refresh, tell],
  );
  const replace = useCallback(
    async (rules: readonly RuleWish[]): Promise<boolean> => {
      model.dismissNotice();
      const isDone = tell(await model.bridge.call('rules.replace', { rules: [...rules] }));
      await refresh();
      return isDone;
    },
    [model, refresh, tell],
  );
  const report = useMemo(
    () => (answer?.ok === true ? { ...answer.value, rules: withAsked(answer.value.rules, asked) } : null),
    [answer, asked],
  );
  return { report, error: answer?.ok === false ? answer.error : null, choose, replace };
}

/** Tells subjects apart. */
export function subjectKey(subject: RuleSubject): string {
  switch (subject.kind) {
    case 'app':
      return `app ${subject.id}`;
    case 'exec':
    case 'cgroup':
      return `${subject.kind} ${subject.path}`;
    case 'user':
    case 'domain':
      return `${subject.kind} ${subject.name}`;
    case 'network':
      return `network ${subject.network} ${subject.protocol ?? ''} ${subject.port ?? ''}`;
  }
}

function isAbout(key: string): (rule: RuleStatus) => boolean {
  return ({ subject }) => subjectKey(subject) === key;
}

function withAsked(rules: readonly RuleStatus[], asked: ReadonlyMap<string, Asked>): RuleStatus[] {
  const kept = rules.flatMap((rule) => {
    const wish = asked.get(subjectKey(rule.subject));
    if (wish === undefined || wish.action === rule.action) return [rule];
    return wish.action === null ? [] : [{ ...rule, action: wish.action, problem: null, toRestart: 0 }];
  });
  const known = new Set(rules.map(({ subject }) => subjectKey(subject)));
  const added = [...asked].flatMap(([key, { subject, action }]) =>
    known.has(key) || action === null ? [] : [newRule(subject, action)],
  );
  return [...kept, ...added];
}

/** A rule that is asked for has no id yet. */
function newRule(subject: RuleSubject, action: RuleAction): RuleStatus {
  return { id: '', subject, action, problem: null, processes: 0, toRestart: 0 };
}

function inWords(error: ControlError, { apps }: Words['t']): ControlError {
  switch (error.code) {
    case 'RULES_UNSUPPORTED':
      return { ...error, message: apps.unsupported };
    case 'TOO_MANY_RULES':
      return { ...error, message: apps.tooManyRules };
    default:
      return error;
  }
}
