import { createCipheriv, createDecipheriv } from 'node:crypto';

/** Length of the authentication tag that ends every ciphertext. */
export const TAG_BYTES = 16;
/** Length of a nonce (RFC 8439). */
export const NONCE_BYTES = 12;

/** Encrypts with ChaCha20-Poly1305 and returns ciphertext and tag in one new buffer. */
export function sealChaCha20Poly1305(
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associatedData, { plaintextLength: plaintext.length });
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/**
 * Decrypts what {@link sealChaCha20Poly1305} made.
 * @returns a new buffer, or undefined if `sealed` is shorter than a tag or was not made with these inputs.
 */
export function openChaCha20Poly1305(
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const plaintextLength = sealed.length - TAG_BYTES;
  if (plaintextLength < 0) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData, { plaintextLength });
  decipher.setAuthTag(sealed.subarray(plaintextLength));
  const plaintext = decipher.update(sealed.subarray(0, plaintextLength));
  try {
    decipher.final();
  } catch {
    // A wrong tag is reported by throwing; the unauthenticated plaintext goes no further than here.
    return undefined;
  }
  return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength);
}
