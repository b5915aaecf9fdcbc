import {
  InitiatorHandshake,
  ResponderHandshake,
  type NoiseError,
} from '../../../../src-engine/crypto/noise-ik.ts';
import { importPrivateKey } from '../../../../src-engine/crypto/x25519.ts';
import type { Result } from '../../../../src-shared/util/result.ts';

/** Keys and a prologue that two ends of a test handshake agree on. Values are arbitrary but fixed. */
export const INITIATOR_STATIC = importPrivateKey(new Uint8Array(32).fill(0x11));
export const RESPONDER_STATIC = importPrivateKey(new Uint8Array(32).fill(0x22));
export const STRANGER_STATIC = importPrivateKey(new Uint8Array(32).fill(0x33));
export const INITIATOR_EPHEMERAL = new Uint8Array(32).fill(0x44);
export const RESPONDER_EPHEMERAL = new Uint8Array(32).fill(0x55);
export const PROLOGUE = utf8('prologue');

/** The encodings of low-order points on Curve25519 and its twist: 0, 1, two of order 8, p - 1, p and p + 1. */
export const LOW_ORDER_POINTS: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex);

export function newInitiator(changes: Partial<ConstructorParameters<typeof InitiatorHandshake>[0]> = {}) {
  return new InitiatorHandshake({
    prologue: PROLOGUE,
    staticKey: INITIATOR_STATIC,
    remoteStaticPublic: RESPONDER_STATIC.publicKey,
    ephemeral: INITIATOR_EPHEMERAL,
    ...changes,
  });
}

export function newResponder(changes: Partial<ConstructorParameters<typeof ResponderHandshake>[0]> = {}) {
  return new ResponderHandshake({
    prologue: PROLOGUE,
    staticKey: RESPONDER_STATIC,
    ephemeral: RESPONDER_EPHEMERAL,
    ...changes,
  });
}

/** Runs a responder up to its response to the given initiation. */
export function respond(initiation: Uint8Array, payload: Uint8Array = utf8('response')) {
  const responder = newResponder();
  expectOk(responder.readInitiation(initiation));
  return responder.writeResponse(payload);
}

/** Returns the value of a result that must be a success. */
export function expectOk<T>(result: Result<T, NoiseError>): T {
  if (!result.ok) throw new Error(`unexpected ${result.error}`);
  return result.value;
}

/** Returns the error of a result, or 'accepted', so that one equality shows what went wrong. */
export function errorOf(result: Result<unknown, string>): string {
  return result.ok ? 'accepted' : result.error;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Returns a copy of `bytes` with one bit of one byte turned over. */
export function flipBit(bytes: Uint8Array, index: number, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[index] = (copy[index] ?? 0) ^ (1 << bit);
  return copy;
}

/** Returns a generator of reproducible 32-bit unsigned numbers (xorshift). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Returns `length` reproducible bytes. */
export function randomBytesFrom(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 0xff);
}
