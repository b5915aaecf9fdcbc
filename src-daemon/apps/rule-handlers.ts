import type { DaemonContract, Handlers, MethodName } from '../../src-shared/control/contract.ts';
import { controlError } from '../../src-shared/control/error.ts';
import { err, ok } from '../../src-shared/util/result.ts';

type RuleMethod = Extract<MethodName<DaemonContract>, `rules.${string}` | `apps.${string}`>;

/** Methods about what single programs do. */
export function ruleHandlers(): Pick<Handlers<DaemonContract>, RuleMethod> {
  const unsupported = err(
    controlError('RULES_UNSUPPORTED', 'this version has no rules for single programs yet'),
  );
  return {
    'rules.list': () => ok({ rules: [], missing: [] }),
    'rules.add': () => unsupported,
    'rules.remove': () => unsupported,
    'rules.replace': () => unsupported,
    'rules.enter': () => unsupported,
    'apps.list': () => ok({ apps: [] }),
    'apps.icon': () => ok({ icon: null }),
    'apps.usage': () => ok({ usage: [] }),
  };
}
