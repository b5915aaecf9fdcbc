import type { PairingFailure } from '../../src-pairing/laptop-pairing.ts';
import { PAIRING_VERSION } from '../../src-pairing/messages.ts';
import { type ControlError, controlError } from '../../src-shared/control/error.ts';

const NEW_CODE = 'run `bowline-box pair` on the box for a new code';

/**
 * Names a failed pairing: the cause, then what to do.
 * @param tried where the box was looked for.
 */
export function pairingError(failure: PairingFailure, tried: readonly string[]): ControlError {
  switch (failure.kind) {
    case 'not-reachable': {
      const where = tried.length === 0 ? 'no link reaches the address' : `no answer from ${tried.join(', ')}`;
      const advice = 'check the address, and that `bowline-box pair` shows a code: only then a box answers';
      return controlError('BOX_NOT_REACHABLE', `${where}; ${advice}`, { tried: [...tried] });
    }
    case 'wrong-box': {
      const { announced, answered } = failure;
      const text = `another box answered (${answered}) than the one that was announced (${announced})`;
      return controlError('WRONG_BOX', `${text}; name the right one with --box HOST`, {
        announced,
        answered,
      });
    }
    case 'version': {
      const { boxVersion, of } = failure;
      const text =
        of === 'pairing'
          ? `box: pairing version ${boxVersion}, here: ${PAIRING_VERSION}`
          : `box: tunnel version ${boxVersion}`;
      return controlError(
        'BOX_VERSION',
        `box and laptop have different versions (${text}); update the older one`,
      );
    }
    case 'no-code':
      return codeError(failure.state);
    case 'several-boxes': {
      const names = failure.names.map(printable);
      return controlError(
        'SEVERAL_BOXES',
        `several boxes show a code: ${names.join(', ')}; choose one with --box HOST`,
        {
          names,
        },
      );
    }
    case 'wrong-code': {
      const { triesLeft } = failure;
      const left = triesLeft === 0 ? `no try is left; ${NEW_CODE}` : `check it; tries left: ${triesLeft}`;
      const doubt = 'or somebody is in between';
      return controlError('WRONG_CODE', `the code is wrong, ${doubt}; ${left}`, { triesLeft });
    }
    case 'impostor':
      return controlError(
        'BOX_IMPOSTOR',
        `who answered does not know the code: not the box, or somebody in between; ${NEW_CODE}`,
      );
    case 'box-gone': {
      const text = failure.isDecided
        ? 'the box stopped to answer at the last step, and may list this laptop already, which does no harm'
        : 'the box stopped to answer half-way; nothing was stored';
      return controlError('BOX_GONE', `${text}; ${NEW_CODE} and pair again`);
    }
    case 'box-storage':
      return controlError(
        'BOX_STATE_UNWRITABLE',
        failure.isFull
          ? `the disk of the box is full; free some space there, then ${NEW_CODE}`
          : `the box could not store the pairing; its log says why. Then ${NEW_CODE}`,
      );
  }
}

function codeError(state: 'none' | 'expired' | 'used' | 'burnt'): ControlError {
  switch (state) {
    case 'none':
      return controlError('NO_CODE', `the box shows no code; ${NEW_CODE}`);
    case 'expired':
      return controlError('CODE_EXPIRED', `the code has expired after 5 minutes; ${NEW_CODE}`);
    case 'used':
      return controlError('CODE_USED', `the code was used already, perhaps by another laptop; ${NEW_CODE}`);
    case 'burnt':
      return controlError('CODE_BURNT', `the code is void after 3 wrong tries; ${NEW_CODE}`);
  }
}

/** A name that came over the network, fit for a terminal. */
export function printable(name: Uint8Array): string {
  return Buffer.from(name).toString().replaceAll(/\p{C}/gu, '') || 'box';
}
