import type { DaemonContract, Handlers, MethodName } from '../../src-shared/control/contract.ts';
import { controlError } from '../../src-shared/control/error.ts';
import { err } from '../../src-shared/util/result.ts';

type RuleMethod = Extract<MethodName<DaemonContract>, `rules.${string}` | `apps.${string}`>;

/** Methods about what single programs do, which the daemon cannot steer yet. */
export function ruleHandlers(): Pick<Handlers<DaemonContract>, RuleMethod> {
  const unsupported = err(
    controlError('RULES_UNSUPPORTED', 'this version has no rules for single programs yet'),
  );
  return {
    'rules.list': () => unsupported,
    'rules.add': () => unsupported,
    'rules.remove': () => unsupported,
    'rules.replace': () => unsupported,
    'rules.enter': () => unsupported,
    'apps.list': () => unsupported,
    'apps.icon': () => unsupported,
    'apps.usage': () => unsupported,
  };
}
