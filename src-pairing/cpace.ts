import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '@noble/hashes/utils.js';

/*
 * CPace with ristretto255 and SHA-512 (CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace-21), initiator and responder
 * known. The names of the draft are in the comments; its vectors are in the tests.
 */

/** Length of an encoded share and of a scalar. */
export const SHARE_BYTES = 32;
/** Length of a confirmation: HMAC-SHA-512. */
export const CONFIRMATION_BYTES = 64;

/** What both sides enter; they get the same key only if all of it is the same on both sides. */
export interface CpaceInputs {
  /** `PRS`, the code. */
  readonly password: Uint8Array;
  /** `CI`: who talks to whom. */
  readonly channel: Uint8Array;
  /** `sid`, unique to this run. */
  readonly sessionId: Uint8Array;
}

/** A share and the data that its sender authenticates with it: (`Ya`, `ADa`) or (`Yb`, `ADb`). */
export interface CpaceMessage {
  readonly share: Uint8Array;
  readonly associated: Uint8Array;
}

/** `prepend_len` and `lv_cat`: each part behind its length in LEB128, so that no two lists give the same bytes. */
export function lengthValues(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts.flatMap((part) => [lengthOf(part), part]));
}

/** `generator_string`: padded so that the code alone fills the first block of the hash. */
export function generatorString({ password, channel, sessionId }: CpaceInputs): Uint8Array {
  const padding = HASH_BLOCK_BYTES - 1 - lengthValues(password).length - lengthValues(DOMAIN).length;
  return lengthValues(DOMAIN, password, new Uint8Array(Math.max(0, padding)), channel, sessionId);
}

/**
 * `scalar_mult(y, calculate_generator(...))`: the share that is sent to the other side.
 * @param secret 32 random bytes, kept until the answer comes.
 */
export function makeShare(inputs: CpaceInputs, secret: Uint8Array): Uint8Array {
  const generator = ristretto255_hasher.deriveToCurve!(sha512(generatorString(inputs)));
  return generator.multiply(scalarOf(secret)).toBytes();
}

/** `scalar_mult_vfy`: null where the draft gives the neutral element, with which a run has to be given up. */
export function multiply(secret: Uint8Array, share: Uint8Array): Uint8Array | null {
  try {
    const product = ristretto255.Point.fromBytes(share).multiply(scalarOf(secret));
    return product.is0() ? null : product.toBytes();
  } catch {
    // No point, or the neutral one, which the library does not multiply: bytes from the network, so no defect of ours.
    return null;
  }
}

/**
 * `ISK`, the key that both sides get if their inputs and the two messages are the same.
 * @returns null if the other side's share is no usable point.
 */
export function sharedKey(
  inputs: CpaceInputs,
  own: { readonly secret: Uint8Array; readonly theirShare: Uint8Array },
  initiator: CpaceMessage,
  responder: CpaceMessage,
): Uint8Array | null {
  const point = multiply(own.secret, own.theirShare);
  if (point === null) return null;
  const transcript = [initiator, responder].map(({ share, associated }) => lengthValues(share, associated));
  return sha512(concatBytes(lengthValues(DOMAIN_OF_KEY, inputs.sessionId, point), ...transcript));
}

/** `mac_key`, with which each side proves that it got the same key. */
export function confirmationKey(sessionId: Uint8Array, key: Uint8Array): Uint8Array {
  return sha512(concatBytes(DOMAIN_OF_CONFIRMATION, sessionId, key));
}

/** `Ta` or `Tb`: the proof of whoever sent this message. */
export function confirmationOf(key: Uint8Array, { share, associated }: CpaceMessage): Uint8Array {
  return authenticate(key, lengthValues(share, associated));
}

/** HMAC-SHA-512. */
export function authenticate(key: Uint8Array, text: Uint8Array): Uint8Array {
  return hmac(sha512, key, text);
}

/** Compares in a time that does not tell where two values differ. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** ASCII text as bytes. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const DOMAIN = ascii('CPaceRistretto255');
const DOMAIN_OF_KEY = ascii('CPaceRistretto255_ISK');
const DOMAIN_OF_CONFIRMATION = ascii('CPaceMac');
/** `s_in_bytes` of SHA-512. */
const HASH_BLOCK_BYTES = 128;
/** `group_size_bits`: bits of a scalar from here on are cleared. */
const SCALAR_BITS = 252n;

/** `sample_scalar`. */
function scalarOf(secret: Uint8Array): bigint {
  return bytesToNumberLE(secret) & ((1n << SCALAR_BITS) - 1n);
}

function lengthOf(part: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  let rest = part.length;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}
