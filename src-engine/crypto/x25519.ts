import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

/** Length of a raw X25519 private key, public key and shared secret. */
export const X25519_KEY_BYTES = 32;

/** An X25519 key pair in the form the handshake works with; the private half cannot be printed by accident. */
export interface X25519KeyPair {
  readonly privateKey: KeyObject;
  /** The 32 raw bytes of the public key. Owned by the pair: callers do not write to it. */
  readonly publicKey: Uint8Array;
}

/** The long-term identity of a laptop or a box. */
export type StaticKeyPair = X25519KeyPair;

/**
 * Makes a new static key pair.
 * @param random returns that many bytes of cryptographic quality.
 */
export function generateStaticKey(random: (bytes: number) => Uint8Array): StaticKeyPair {
  return importPrivateKey(random(X25519_KEY_BYTES));
}

/**
 * Makes a key pair from 32 raw private bytes, as stored by {@link exportPrivateKey}. The bytes are copied.
 * @throws RangeError if `raw` is not 32 bytes long: private keys never come from the network.
 */
export function importPrivateKey(raw: Uint8Array): X25519KeyPair {
  if (raw.length !== X25519_KEY_BYTES) throw new RangeError(`X25519 private key of ${raw.length} bytes`);
  const jwk = { kty: 'OKP', crv: 'X25519', x: UNREAD_PUBLIC_HALF, d: toBase64Url(raw) };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: fromBase64Url(publicJwk.x) };
}

/** Returns the 32 raw private bytes, for storage in a file that only its owner can read. */
export function exportPrivateKey(pair: X25519KeyPair): Uint8Array {
  return fromBase64Url(pair.privateKey.export({ format: 'jwk' }).d);
}

/**
 * Computes the public key that belongs to 32 raw private bytes.
 * @throws RangeError if `raw` is not 32 bytes long.
 */
export function publicKeyOf(raw: Uint8Array): Uint8Array {
  return importPrivateKey(raw).publicKey;
}

/**
 * Tells whether raw bytes received during pairing can be pinned as a peer's static key: 32 bytes and not one of
 * the low-order points, with which every shared secret is zero.
 */
export function isUsablePublicKey(raw: Uint8Array): boolean {
  return raw.length === X25519_KEY_BYTES && sharedSecret(importPrivateKey(raw).privateKey, raw) !== undefined;
}

/**
 * Computes the X25519 shared secret with a raw public key.
 * @param publicKey exactly 32 bytes of any content.
 * @returns undefined for a low-order point, whose shared secret would be all zeros.
 */
export function sharedSecret(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array | undefined {
  const jwk = { kty: 'OKP', crv: 'X25519', x: toBase64Url(publicKey) };
  const publicKeyObject = createPublicKey({ key: jwk, format: 'jwk' });
  try {
    return diffieHellman({ privateKey, publicKey: publicKeyObject });
  } catch {
    // The library reports an all-zero secret by throwing, under a code that depends on its version. With two
    // keys of the right type, which the lines above guarantee, it has no other reason to fail.
    return undefined;
  }
}

// A private JWK must carry "x", but the importer computes the public half from "d". JWK is used because the DER
// decoder takes over 300 microseconds a key here, JWK 25, and every handshake imports an ephemeral key.
const UNREAD_PUBLIC_HALF = toBase64Url(new Uint8Array(X25519_KEY_BYTES));

function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

function fromBase64Url(text: string | undefined): Uint8Array {
  if (text === undefined) throw new TypeError('X25519 key without the requested half');
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}
