import { describe, expect, it } from 'vitest';
import {
  exportPrivateKey,
  generateStaticKey,
  importPrivateKey,
  isUsablePublicKey,
  publicKeyOf,
  sharedSecret,
} from '../../../../src-engine/crypto/x25519.ts';
import { LOW_ORDER_POINTS, randomBytesFrom, seededRandom } from './handshake-fixture.ts';

describe('X25519 keys', () => {
  it('come back from storage as they were', () => {
    const raw = randomBytesFrom(seededRandom(1), 32);
    const pair = importPrivateKey(raw);
    expect(exportPrivateKey(pair)).toEqual(raw);
    expect(publicKeyOf(exportPrivateKey(pair))).toEqual(pair.publicKey);
  });

  it('are generated from the injected randomness alone', () => {
    const asked: number[] = [];
    const pair = generateStaticKey((bytes) => {
      asked.push(bytes);
      return new Uint8Array(bytes).fill(0x66);
    });
    expect(asked).toEqual([32]);
    expect(exportPrivateKey(pair)).toEqual(new Uint8Array(32).fill(0x66));
  });

  it('read from a view into a larger buffer use only that view', () => {
    const raw = randomBytesFrom(seededRandom(2), 32);
    const arena = new Uint8Array(100).fill(0xee);
    arena.set(raw, 33);
    const view = arena.subarray(33, 65);
    expect(publicKeyOf(view)).toEqual(publicKeyOf(raw));
    const { privateKey } = importPrivateKey(new Uint8Array(32).fill(1));
    expect(sharedSecret(privateKey, view)).toEqual(sharedSecret(privateKey, raw));
  });

  it('give both owners the same secret', () => {
    const one = importPrivateKey(new Uint8Array(32).fill(1));
    const other = importPrivateKey(new Uint8Array(32).fill(2));
    const secret = sharedSecret(one.privateKey, other.publicKey);
    expect(secret).toHaveLength(32);
    expect(sharedSecret(other.privateKey, one.publicKey)).toEqual(secret);
  });

  it('of a wrong length are refused', () => {
    expect(() => importPrivateKey(new Uint8Array(31))).toThrow(RangeError);
    expect(() => importPrivateKey(new Uint8Array(33))).toThrow(RangeError);
  });

  it('do not show their private half when printed', () => {
    const raw = randomBytesFrom(seededRandom(3), 32);
    const printed = JSON.stringify(importPrivateKey(raw));
    expect(printed).not.toContain(Buffer.from(raw).toString('base64url'));
    expect(printed).not.toContain(JSON.stringify([...raw]).slice(1, -1));
  });

  it('can be pinned unless they are of low order or of a wrong length', () => {
    const usable = [
      publicKeyOf(new Uint8Array(32).fill(7)),
      ...LOW_ORDER_POINTS,
      new Uint8Array(31),
      new Uint8Array(33).fill(9),
    ].map(isUsablePublicKey);
    expect(usable).toEqual([true, ...LOW_ORDER_POINTS.map(() => false), false, false]);
  });
});
