import { controlError } from '../../src-shared/control/error.ts';
import type { CommandOutcome } from '../command-context.ts';

/** Says that pairing by code is not available and how to pair by key. */
export function explainPairing(): Promise<CommandOutcome> {
  const text = [
    'this version pairs by key, not by code. Exchange the public keys by hand:',
    '  on the laptop   bowlined key                                prints LAPTOPKEY',
    '  on the box      bowline-box run --peer NAME=LAPTOPKEY',
    '  on the box      bowline-box key                             prints BOXKEY',
    '  on the laptop   bowlined run --box BOXKEY@ADDRESS-OF-THE-BOX',
  ].join('\n');
  return Promise.resolve(controlError('NOT_AVAILABLE', text));
}
