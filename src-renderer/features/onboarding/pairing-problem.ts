import type { ControlError } from '../../../src-shared/control/error.ts';
import type { WindowTexts } from '../../../src-shared/i18n/window-texts.ts';

type Problem = keyof WindowTexts['pairingProblem'];

/** Says why pairing failed. A reason without words of its own is said in the service's. */
export function pairingProblem(error: ControlError, t: WindowTexts): string {
  if (error.code === 'UNKNOWN_METHOD') return t.serviceTooOld;
  const isKnown = (code: string): code is Problem => Object.hasOwn(t.pairingProblem, code);
  return isKnown(error.code) ? t.pairingProblem[error.code] : t.callFailed(error.message);
}
