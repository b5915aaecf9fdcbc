import type { AppRule } from '../../src-shared/model/app-rule.ts';
import { controlError } from '../../src-shared/control/error.ts';
import type { DaemonContract, Handlers, MethodName } from '../../src-shared/control/contract.ts';
import { err, ok } from '../../src-shared/util/result.ts';

type RuleMethod = Extract<MethodName<DaemonContract>, `rules.${string}` | `apps.${string}`>;

/** Rules that are kept and have no effect. */
export function fakeRuleHandlers(
  note: (method: string, params: unknown) => void,
): Pick<Handlers<DaemonContract>, RuleMethod> {
  let rules: AppRule[] = [];
  return {
    'rules.list': () =>
      ok({
        rules: rules.map((rule) => ({ ...rule, problem: null, processes: 2, toRestart: 1 })),
        missing: [],
      }),
    'rules.add': ({ subject, action }) => {
      const rule = { id: String(rules.length + 1), subject, action };
      rules = [...rules, rule];
      return ok(rule);
    },
    'rules.remove': ({ id }) => {
      if (!rules.some((rule) => rule.id === id))
        return err(controlError('NO_SUCH_RULE', `there is no rule ${id}`));
      rules = rules.filter((rule) => rule.id !== id);
      return ok({});
    },
    'rules.replace': (params) => (note('rules.replace', params), ok({})),
    'rules.enter': (params) => (note('rules.enter', params), ok({})),
    'apps.list': () => ok({ apps: [] }),
    'apps.icon': () => ok({ icon: null }),
    'apps.usage': () => ok({ usage: [] }),
  };
}
