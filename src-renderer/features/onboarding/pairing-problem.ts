import type { ControlError } from '../../../src-shared/control/error.ts';
import type { WindowTexts } from '../../../src-shared/i18n/window-texts.ts';

type Problem = keyof WindowTexts['pairingProblem'];

/** Says why pairing failed. The name of the reason is in the error's data, or is its code. */
export function pairingProblem(error: ControlError, t: WindowTexts): string {
  if (error.code === 'UNKNOWN_METHOD') return t.serviceTooOld;
  const names = [error.data?.['reason'], error.code]
    .filter((name): name is string => typeof name === 'string')
    .map((name) => name.toLowerCase().replaceAll('_', '-'));
  const known = names.find((name): name is Problem => Object.hasOwn(t.pairingProblem, name));
  return known === undefined ? t.callFailed(error.message) : t.pairingProblem[known];
}
