import { describe, expect, it } from 'vitest';
import { pairingError, printable } from '../../../src-daemon/pairing/failure-text.ts';
import type { PairingFailure } from '../../../src-pairing/laptop-pairing.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('a failed pairing', () => {
  it.each([
    [
      { kind: 'not-reachable' },
      'BOX_NOT_REACHABLE',
      'no answer from 10.0.0.1:4747 over eth0; check the address',
    ],
    [
      { kind: 'wrong-box', announced: 'aa', answered: 'bb' },
      'WRONG_BOX',
      '(bb) than the one that was announced (aa)',
    ],
    [
      { kind: 'version', boxVersion: 7, of: 'tunnel' },
      'BOX_VERSION',
      'tunnel version 7); update the older one',
    ],
    [{ kind: 'version', boxVersion: 7, of: 'pairing' }, 'BOX_VERSION', 'pairing version 7, here: 1'],
    [{ kind: 'no-code', state: 'none' }, 'NO_CODE', 'shows no code; run `bowline-box pair`'],
    [{ kind: 'no-code', state: 'expired' }, 'CODE_EXPIRED', 'expired after 5 minutes; run'],
    [{ kind: 'no-code', state: 'used' }, 'CODE_USED', 'was used already'],
    [{ kind: 'no-code', state: 'burnt' }, 'CODE_BURNT', 'void after 3 wrong tries; run'],
    [
      { kind: 'several-boxes', names: [text('a'), text('b')] },
      'SEVERAL_BOXES',
      'a, b; choose one with --box',
    ],
    [{ kind: 'wrong-code', triesLeft: 2 }, 'WRONG_CODE', 'check it; tries left: 2'],
    [{ kind: 'wrong-code', triesLeft: 0 }, 'WRONG_CODE', 'no try is left; run `bowline-box pair`'],
    [{ kind: 'impostor' }, 'BOX_IMPOSTOR', 'does not know the code'],
    [{ kind: 'box-gone', isDecided: false }, 'BOX_GONE', 'half-way; nothing was stored'],
    [{ kind: 'box-gone', isDecided: true }, 'BOX_GONE', 'may list this laptop already'],
    [
      { kind: 'box-storage', isFull: true },
      'BOX_STATE_UNWRITABLE',
      'disk of the box is full; free some space',
    ],
    [{ kind: 'box-storage', isFull: false }, 'BOX_STATE_UNWRITABLE', 'could not store the pairing; its log'],
  ] as [PairingFailure, string, string][])('%j is %s: the cause, then what to do', (failure, code, part) => {
    const error = pairingError(failure, ['10.0.0.1:4747 over eth0']);
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
  });

  it('shows names from the network without what a terminal would obey', () => {
    expect([printable(text('box\u001b[2J\n')), printable(new Uint8Array(0))]).toEqual(['box[2J', 'box']);
  });
});
