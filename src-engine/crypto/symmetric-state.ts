import { blake2s, HASH_BYTES, noiseHkdf } from './blake2s.ts';
import { NONCE_BYTES, openChaCha20Poly1305, sealChaCha20Poly1305 } from './chacha20-poly1305.ts';

/**
 * Keeps Noise's SymmetricState (specification revision 34, section 5.2): chaining key, handshake hash and the key
 * of the next encryption.
 *
 * In the IK pattern every key encrypts exactly one thing before the next `mixKey` replaces it, so the nonce is
 * always 0. The key is dropped when used; a second use is a bug and throws rather than repeat a nonce.
 *
 * Buffers held here are replaced, never written to. That makes {@link SymmetricState.copy} cheap, which is how a
 * forged message is tried without harm to the handshake in progress.
 */
export class SymmetricState {
  #chainingKey: Uint8Array;
  #handshakeHash: Uint8Array;
  #cipherKey: Uint8Array | undefined;

  private constructor(chainingKey: Uint8Array, handshakeHash: Uint8Array, cipherKey: Uint8Array | undefined) {
    this.#chainingKey = chainingKey;
    this.#handshakeHash = handshakeHash;
    this.#cipherKey = cipherKey;
  }

  /** Starts from the protocol name, which is hashed if it is longer than a hash and zero-padded otherwise. */
  static start(protocolName: string): SymmetricState {
    const name = new TextEncoder().encode(protocolName);
    const hash = name.length > HASH_BYTES ? blake2s(name) : zeroPadded(name);
    return new SymmetricState(hash, hash, undefined);
  }

  /** Returns an independent state that continues from the same point. */
  copy(): SymmetricState {
    return new SymmetricState(this.#chainingKey, this.#handshakeHash, this.#cipherKey);
  }

  /** The hash of everything both ends have said so far. */
  get handshakeHash(): Uint8Array {
    return this.#handshakeHash;
  }

  mixHash(data: Uint8Array): void {
    this.#handshakeHash = blake2s(this.#handshakeHash, data);
  }

  mixKey(inputKeyMaterial: Uint8Array): void {
    [this.#chainingKey, this.#cipherKey] = noiseHkdf(this.#chainingKey, inputKeyMaterial);
  }

  /** Encrypts, authenticating the handshake so far, and makes the ciphertext part of it. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = sealChaCha20Poly1305(this.#takeCipherKey(), ZERO_NONCE, this.#handshakeHash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** Reverses {@link SymmetricState.encryptAndHash}; undefined, and a state of no further use, if forged. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = openChaCha20Poly1305(this.#takeCipherKey(), ZERO_NONCE, this.#handshakeHash, sealed);
    if (plaintext !== undefined) this.mixHash(sealed);
    return plaintext;
  }

  /** Returns the two keys of the finished handshake, the first for the initiator's direction of sending. */
  split(): [initiatorToResponder: Uint8Array, responderToInitiator: Uint8Array] {
    return noiseHkdf(this.#chainingKey, NOTHING);
  }

  #takeCipherKey(): Uint8Array {
    const key = this.#cipherKey;
    if (key === undefined) throw new Error('Noise cipher key missing or used before');
    this.#cipherKey = undefined;
    return key;
  }
}

const ZERO_NONCE = new Uint8Array(NONCE_BYTES);
const NOTHING = new Uint8Array(0);

function zeroPadded(name: Uint8Array): Uint8Array {
  const padded = new Uint8Array(HASH_BYTES);
  padded.set(name);
  return padded;
}
