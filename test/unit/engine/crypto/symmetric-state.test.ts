import { describe, expect, it } from 'vitest';
import { SymmetricState } from '../../../../src-engine/crypto/symmetric-state.ts';
import { toHex, utf8 } from './handshake-fixture.ts';

describe('the symmetric state of a handshake', () => {
  it('uses each key once, for sealing or for opening, and throws rather than repeat a nonce', () => {
    const sealing = keyedState();
    const sealed = sealing.encryptAndHash(utf8('once'));
    expect(() => sealing.encryptAndHash(utf8('twice'))).toThrow('used before');
    const opening = keyedState();
    expect(opening.decryptAndHash(sealed)).toEqual(utf8('once'));
    expect(() => opening.decryptAndHash(sealed)).toThrow('used before');
  });

  it('cannot seal before any key was mixed in', () => {
    expect(() => SymmetricState.start('name').encryptAndHash(utf8('early'))).toThrow('missing');
  });

  it('pads a short protocol name with zeros and hashes a long one', () => {
    expect(toHex(SymmetricState.start('name').handshakeHash)).toBe('6e616d65'.padEnd(64, '0'));
    expect(toHex(SymmetricState.start('x'.repeat(32)).handshakeHash)).toBe('78'.repeat(32));
    expect(SymmetricState.start('x'.repeat(33)).handshakeHash).toHaveLength(32);
  });

  it('goes its own way after a copy', () => {
    const original = keyedState();
    const before = toHex(original.handshakeHash);
    const copy = original.copy();
    copy.mixKey(utf8('more'));
    copy.encryptAndHash(utf8('other'));
    expect(toHex(original.handshakeHash)).toBe(before);
    expect(original.encryptAndHash(utf8('same'))).toEqual(keyedState().encryptAndHash(utf8('same')));
  });
});

function keyedState(): SymmetricState {
  const state = SymmetricState.start('Noise_IK_25519_ChaChaPoly_BLAKE2s');
  state.mixKey(utf8('input key material'));
  return state;
}
