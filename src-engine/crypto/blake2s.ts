import { createHash, createHmac } from 'node:crypto';

/** Length of every BLAKE2s digest, HMAC and chaining key here. */
export const HASH_BYTES = 32;

/** Hashes the concatenation of `parts` with BLAKE2s-256. */
export function blake2s(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('blake2s256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/**
 * Computes HMAC (RFC 2104) over BLAKE2s-256. This is the construction that Noise prescribes, not BLAKE2's own
 * keyed mode, which `node:crypto` does not offer.
 */
export function hmacBlake2s(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('blake2s256', key).update(data).digest();
}

/** Computes the two outputs of Noise's HKDF: HKDF (RFC 5869) with `chainingKey` as salt and no info. */
export function noiseHkdf(
  chainingKey: Uint8Array,
  inputKeyMaterial: Uint8Array,
): [first: Buffer, second: Buffer] {
  const extracted = hmacBlake2s(chainingKey, inputKeyMaterial);
  const first = hmacBlake2s(extracted, BLOCK_ONE);
  const second = createHmac('blake2s256', extracted).update(first).update(BLOCK_TWO).digest();
  return [first, second];
}

const BLOCK_ONE = Uint8Array.of(1);
const BLOCK_TWO = Uint8Array.of(2);
