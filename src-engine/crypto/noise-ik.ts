import { err, ok, type Result } from '../../src-shared/util/result.ts';
import { TAG_BYTES } from './chacha20-poly1305.ts';
import { SymmetricState } from './symmetric-state.ts';
import { deriveDirectionKeys, type TransportKeys } from './transport-keys.ts';
import { importPrivateKey, sharedSecret, X25519_KEY_BYTES } from './x25519.ts';
import type { StaticKeyPair, X25519KeyPair } from './x25519.ts';

// Noise_IK_25519_ChaChaPoly_BLAKE2s (Noise Protocol Framework, revision 34).
//
//   <- s                        the initiator knows the responder's static key from pairing
//   ...
//   -> e, es, s, ss, payload    e (32) | encrypted s (48) | encrypted payload (n + 16)
//   <- e, ee, se, payload       e (32) | encrypted payload (n + 16)
//
// One object serves one handshake: a second message from the same ephemeral key would repeat a nonce. Reading
// never throws whatever the bytes are, and a message that fails leaves the object as it was, so that a forgery
// cannot end a handshake in progress. Bytes are copied with `new Uint8Array(...)`, never with `slice()`, which only
// makes a view when the caller hands in a Buffer.

/** Length of an initiation with an empty payload; each byte of payload adds one. */
export const INITIATION_OVERHEAD_BYTES = X25519_KEY_BYTES + X25519_KEY_BYTES + TAG_BYTES + TAG_BYTES;
/** Length of a response with an empty payload; each byte of payload adds one. */
export const RESPONSE_OVERHEAD_BYTES = X25519_KEY_BYTES + TAG_BYTES;
/** Longest message that Noise allows. */
export const MAX_NOISE_MESSAGE_BYTES = 65_535;

/**
 * Why a handshake message was not accepted.
 * - `truncated`: shorter than a message with an empty payload.
 * - `too-long`: longer than {@link MAX_NOISE_MESSAGE_BYTES}.
 * - `invalid-key`: a public key in it is a low-order point.
 * - `decrypt-failed`: not made for this end, with this prologue, or altered on the way.
 * - `out-of-turn`: this end does not wait for such a message, for instance a duplicate of one accepted before.
 */
export type NoiseError = 'truncated' | 'too-long' | 'invalid-key' | 'decrypt-failed' | 'out-of-turn';

/** What the initiator brings to a handshake. */
export interface InitiatorOptions {
  /** Bytes both ends must agree on without sending them here; of any length. */
  readonly prologue: Uint8Array;
  readonly staticKey: StaticKeyPair;
  /** The responder's 32 raw public bytes, pinned by pairing. */
  readonly remoteStaticPublic: Uint8Array;
  /** 32 fresh random bytes, used for this handshake only. Copied. */
  readonly ephemeral: Uint8Array;
}

/** What the responder brings to a handshake. */
export interface ResponderOptions {
  /** Bytes both ends must agree on without sending them here; of any length. */
  readonly prologue: Uint8Array;
  readonly staticKey: StaticKeyPair;
  /** 32 fresh random bytes, used for this handshake only. Read when the response is written, not before. */
  readonly ephemeral: Uint8Array;
}

/** Runs the end of a handshake that starts it: {@link writeMessage}, then {@link readResponse}. */
export class InitiatorHandshake {
  readonly #staticKey: StaticKeyPair;
  readonly #remoteStaticPublic: Uint8Array;
  readonly #ephemeral: X25519KeyPair;
  #symmetric: SymmetricState;
  #step: 'write' | 'read' | 'done' = 'write';

  /** @throws RangeError if `ephemeral` or `remoteStaticPublic` is not 32 bytes long. */
  constructor(options: InitiatorOptions) {
    const { remoteStaticPublic } = options;
    if (remoteStaticPublic.length !== X25519_KEY_BYTES) {
      throw new RangeError(`Remote static key of ${remoteStaticPublic.length} bytes`);
    }
    this.#staticKey = options.staticKey;
    this.#remoteStaticPublic = new Uint8Array(remoteStaticPublic);
    this.#ephemeral = importPrivateKey(options.ephemeral);
    this.#symmetric = startSymmetric(options.prologue, this.#remoteStaticPublic);
  }

  /**
   * Returns the initiation, a new buffer. To repeat it on the wire, send the same bytes again.
   * @param payload encrypted to the responder, but with less than full protection: whoever steals the responder's
   * static key later can read it, and a recorded initiation can be replayed to the responder.
   * @throws Error when called twice, or if the pinned remote key is a low-order point (see isUsablePublicKey);
   * RangeError if the message would exceed {@link MAX_NOISE_MESSAGE_BYTES}.
   */
  writeMessage(payload: Uint8Array): Uint8Array {
    if (this.#step !== 'write') throw new Error('Noise initiation written twice');
    requirePayloadFits(payload, INITIATION_OVERHEAD_BYTES);
    const es = sharedSecret(this.#ephemeral.privateKey, this.#remoteStaticPublic);
    const ss = sharedSecret(this.#staticKey.privateKey, this.#remoteStaticPublic);
    if (es === undefined || ss === undefined) throw new Error('Pinned remote key is a low-order point');

    const symmetric = this.#symmetric;
    symmetric.mixHash(this.#ephemeral.publicKey);
    symmetric.mixKey(es);
    const sealedStatic = symmetric.encryptAndHash(this.#staticKey.publicKey);
    symmetric.mixKey(ss);
    const sealedPayload = symmetric.encryptAndHash(payload);
    this.#step = 'read';
    return concat(this.#ephemeral.publicKey, sealedStatic, sealedPayload);
  }

  /**
   * Reads the response and finishes the handshake. After an error the handshake still waits for the genuine
   * response.
   * @param message exactly one response; not kept.
   */
  readResponse(message: Uint8Array): Result<{ payload: Uint8Array; keys: TransportKeys }, NoiseError> {
    if (this.#step !== 'read') return err('out-of-turn');
    const lengthError = checkLength(message, RESPONSE_OVERHEAD_BYTES);
    if (lengthError !== undefined) return err(lengthError);

    const remoteEphemeral = message.subarray(0, X25519_KEY_BYTES);
    const ee = sharedSecret(this.#ephemeral.privateKey, remoteEphemeral);
    const se = sharedSecret(this.#staticKey.privateKey, remoteEphemeral);
    if (ee === undefined || se === undefined) return err('invalid-key');

    const symmetric = this.#symmetric.copy();
    symmetric.mixHash(remoteEphemeral);
    symmetric.mixKey(ee);
    symmetric.mixKey(se);
    const payload = symmetric.decryptAndHash(message.subarray(X25519_KEY_BYTES));
    if (payload === undefined) return err('decrypt-failed');

    this.#symmetric = symmetric;
    this.#step = 'done';
    const [toResponder, toInitiator] = symmetric.split();
    return ok({ payload, keys: transportKeys(toResponder, toInitiator, symmetric.handshakeHash) });
  }
}

/** Runs the end of a handshake that answers: {@link readInitiation}, then {@link writeResponse}. */
export class ResponderHandshake {
  readonly #staticKey: StaticKeyPair;
  readonly #ephemeral: Uint8Array;
  #symmetric: SymmetricState;
  #remoteEphemeral: Uint8Array = NOTHING;
  #remoteStatic: Uint8Array = NOTHING;
  #step: 'read' | 'write' | 'done' = 'read';

  constructor(options: ResponderOptions) {
    this.#staticKey = options.staticKey;
    this.#ephemeral = options.ephemeral;
    this.#symmetric = startSymmetric(options.prologue, this.#staticKey.publicKey);
  }

  /**
   * Reads an initiation. It proves that its sender holds the private half of `remoteStaticPublic`, not that it
   * was sent just now: only the first datagram under the new keys proves that. The caller decides whether that
   * key is paired before it goes on.
   * @param message exactly one initiation; not kept.
   */
  readInitiation(
    message: Uint8Array,
  ): Result<{ payload: Uint8Array; remoteStaticPublic: Uint8Array }, NoiseError> {
    if (this.#step !== 'read') return err('out-of-turn');
    const lengthError = checkLength(message, INITIATION_OVERHEAD_BYTES);
    if (lengthError !== undefined) return err(lengthError);

    const remoteEphemeral = new Uint8Array(message.subarray(0, X25519_KEY_BYTES));
    const es = sharedSecret(this.#staticKey.privateKey, remoteEphemeral);
    if (es === undefined) return err('invalid-key');

    const symmetric = this.#symmetric.copy();
    symmetric.mixHash(remoteEphemeral);
    symmetric.mixKey(es);
    const remoteStatic = symmetric.decryptAndHash(message.subarray(X25519_KEY_BYTES, SEALED_STATIC_END));
    if (remoteStatic === undefined) return err('decrypt-failed');
    const ss = sharedSecret(this.#staticKey.privateKey, remoteStatic);
    if (ss === undefined) return err('invalid-key');
    symmetric.mixKey(ss);
    const payload = symmetric.decryptAndHash(message.subarray(SEALED_STATIC_END));
    if (payload === undefined) return err('decrypt-failed');

    this.#symmetric = symmetric;
    this.#remoteEphemeral = remoteEphemeral;
    this.#remoteStatic = remoteStatic;
    this.#step = 'write';
    return ok({ payload, remoteStaticPublic: new Uint8Array(remoteStatic) });
  }

  /**
   * Returns the response, a new buffer, and the keys of the finished handshake.
   * @throws Error unless an initiation was read and this is the first response to it; RangeError if `ephemeral`
   * is not 32 bytes long or the message would exceed {@link MAX_NOISE_MESSAGE_BYTES}.
   */
  writeResponse(payload: Uint8Array): { message: Uint8Array; keys: TransportKeys } {
    if (this.#step !== 'write') throw new Error('Noise response written out of turn');
    requirePayloadFits(payload, RESPONSE_OVERHEAD_BYTES);
    const ephemeral = importPrivateKey(this.#ephemeral);
    const ee = sharedSecret(ephemeral.privateKey, this.#remoteEphemeral);
    const se = sharedSecret(ephemeral.privateKey, this.#remoteStatic);
    // Both keys gave a secret with the static key when they were read, so they are not low-order points.
    if (ee === undefined || se === undefined) throw new Error('Noise key became invalid');

    const symmetric = this.#symmetric;
    symmetric.mixHash(ephemeral.publicKey);
    symmetric.mixKey(ee);
    symmetric.mixKey(se);
    const sealedPayload = symmetric.encryptAndHash(payload);
    this.#step = 'done';
    const [toResponder, toInitiator] = symmetric.split();
    return {
      message: concat(ephemeral.publicKey, sealedPayload),
      keys: transportKeys(toInitiator, toResponder, symmetric.handshakeHash),
    };
  }
}

const PROTOCOL_NAME = 'Noise_IK_25519_ChaChaPoly_BLAKE2s';
const SEALED_STATIC_END = X25519_KEY_BYTES + X25519_KEY_BYTES + TAG_BYTES;
const NOTHING = new Uint8Array(0);

function startSymmetric(prologue: Uint8Array, responderStaticPublic: Uint8Array): SymmetricState {
  const symmetric = SymmetricState.start(PROTOCOL_NAME);
  symmetric.mixHash(prologue);
  symmetric.mixHash(responderStaticPublic);
  return symmetric;
}

function transportKeys(
  sendKey: Uint8Array,
  receiveKey: Uint8Array,
  handshakeHash: Uint8Array,
): TransportKeys {
  return {
    send: deriveDirectionKeys(sendKey, handshakeHash),
    receive: deriveDirectionKeys(receiveKey, handshakeHash),
    handshakeHash: new Uint8Array(handshakeHash),
  };
}

function checkLength(message: Uint8Array, overheadBytes: number): 'truncated' | 'too-long' | undefined {
  if (message.length < overheadBytes) return 'truncated';
  if (message.length > MAX_NOISE_MESSAGE_BYTES) return 'too-long';
  return undefined;
}

function requirePayloadFits(payload: Uint8Array, overheadBytes: number): void {
  if (payload.length + overheadBytes > MAX_NOISE_MESSAGE_BYTES) {
    throw new RangeError(`Noise payload of ${payload.length} bytes`);
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
