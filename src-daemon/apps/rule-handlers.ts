import { StorageError } from '../../src-platform/index.ts';
import type { DaemonContract, Handlers, MethodName } from '../../src-shared/control/contract.ts';
import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import type { AppRules } from './app-rules.ts';

type RuleMethod = Extract<MethodName<DaemonContract>, `rules.${string}` | `apps.${string}`>;

/** Methods about what single programs do. */
export function ruleHandlers(apps: AppRules): Pick<Handlers<DaemonContract>, RuleMethod> {
  return {
    'rules.list': async () => ok(await apps.report()),
    'rules.add': ({ subject, action }) => written(apps.add(subject, action)),
    'rules.remove': ({ id }) => written(apps.remove(id)),
    'rules.replace': ({ rules }) => written(apps.replace(rules)),
    'rules.enter': ({ action }, { pid }) => written(apps.enter(pid, action)),
    'apps.list': async (_, { uid }) => ok({ apps: await apps.installed(uid) }),
    'apps.icon': async ({ id }) => ok({ icon: await apps.catalog.icon(id) }),
    'apps.usage': async () => ok({ usage: await apps.usage() }),
  };
}

/** Tells who asked for a change that the state folder could not be written. */
async function written<T>(change: Promise<Result<T, ControlError>>): Promise<Result<T, ControlError>> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof StorageError) return err(controlError('STATE_UNWRITABLE', error.message));
    throw error;
  }
}
