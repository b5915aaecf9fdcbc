import { timingSafeEqual } from 'node:crypto';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import { blake2s, hmacBlake2s } from './blake2s.ts';
import { NONCE_BYTES, openChaCha20Poly1305, sealChaCha20Poly1305, TAG_BYTES } from './chacha20-poly1305.ts';

// The gate before public-key work, after WireGuard's. An initiation ends in two MACs of 16 bytes:
//
//   initiation | mac1 | mac2
//   mac1 = HMAC(BLAKE2s("bowline 1 mac1" | responder static public), initiation)[0..16]
//   mac2 = HMAC(cookie, initiation | mac1)[0..16], or 16 zero bytes without a cookie
//
// mac1 shows that the sender knows whom it talks to, so a port scan gets no answer. A responder under load asks
// for mac2 too. It sends the cookie to the source address, so a forged source address never gets one:
//
//   cookie       = HMAC(secret of the responder, source address)[0..16]
//   cookie reply = nonce (12) | ChaCha20-Poly1305(BLAKE2s("bowline 1 cookie" | responder static public),
//                  nonce, associated data = mac1 of the initiation, cookie)
//
// Knowledge of mac1 is needed to open the reply or to make one, so somebody who does not see the initiation can
// neither learn the cookie nor slip the initiator a wrong one.

/** Length of mac1, of mac2 and of a cookie. */
export const MAC_BYTES = 16;
/** Length of what an initiation carries after the Noise message. */
export const INITIATION_MACS_BYTES = 2 * MAC_BYTES;
/** Length of a cookie reply. */
export const COOKIE_REPLY_BYTES = NONCE_BYTES + MAC_BYTES + TAG_BYTES;
/** How often the responder takes a new secret. Its cookies work for one to two of these periods. */
export const COOKIE_SECRET_PERIOD_MICROS = 120_000_000;

/** Why a cookie reply was not accepted: not as long as one, or not made for this initiation. */
export type CookieReplyError = 'wrong-length' | 'decrypt-failed';

/** Writes and checks the MACs of initiations to one responder. Holds no state besides the keys of that responder. */
export class InitiationMac {
  readonly #mac1Key: Uint8Array;
  readonly #cookieReplyKey: Uint8Array;

  /** @param responderStaticPublic the 32 raw public bytes. */
  constructor(responderStaticPublic: Uint8Array) {
    this.#mac1Key = blake2s(MAC1_LABEL, responderStaticPublic);
    this.#cookieReplyKey = blake2s(COOKIE_LABEL, responderStaticPublic);
  }

  /**
   * Writes mac1 and mac2 into the last {@link INITIATION_MACS_BYTES} bytes of `message`.
   * @param cookie from {@link openCookieReply}; without it mac2 becomes zero.
   * @throws RangeError if `message` has no room for the MACs.
   */
  sign(message: Uint8Array, cookie?: Uint8Array): void {
    const mac1Start = message.length - INITIATION_MACS_BYTES;
    if (mac1Start < 0) throw new RangeError(`Initiation of ${message.length} bytes`);
    const mac2Start = mac1Start + MAC_BYTES;
    message.set(mac(this.#mac1Key, message.subarray(0, mac1Start)), mac1Start);
    if (cookie === undefined) message.fill(0, mac2Start);
    else message.set(mac(cookie, message.subarray(0, mac2Start)), mac2Start);
  }

  /** Tells whether mac1 of a received message is right; false for one too short to have MACs. */
  isMac1Valid(message: Uint8Array): boolean {
    const mac1Start = message.length - INITIATION_MACS_BYTES;
    if (mac1Start < 0) return false;
    return timingSafeEqual(mac(this.#mac1Key, message.subarray(0, mac1Start)), mac1Of(message));
  }

  /**
   * Returns the encrypted cookie for the sender of `message`.
   * @param message an initiation whose mac1 is valid.
   * @param nonce 12 fresh random bytes.
   */
  sealCookieReply(message: Uint8Array, cookie: Uint8Array, nonce: Uint8Array): Uint8Array {
    const reply = new Uint8Array(COOKIE_REPLY_BYTES);
    reply.set(nonce);
    reply.set(sealChaCha20Poly1305(this.#cookieReplyKey, nonce, mac1Of(message), cookie), NONCE_BYTES);
    return reply;
  }

  /**
   * Returns the cookie of a received reply, for {@link sign}.
   * @param message the initiation last sent.
   * @param reply exactly one cookie reply; not kept.
   */
  openCookieReply(message: Uint8Array, reply: Uint8Array): Result<Uint8Array, CookieReplyError> {
    if (reply.length !== COOKIE_REPLY_BYTES) return err('wrong-length');
    const nonce = reply.subarray(0, NONCE_BYTES);
    const sealed = reply.subarray(NONCE_BYTES);
    const cookie = openChaCha20Poly1305(this.#cookieReplyKey, nonce, mac1Of(message), sealed);
    return cookie === undefined ? err('decrypt-failed') : ok(cookie);
  }
}

/**
 * Bakes and checks the responder's cookies. Nothing is kept per address: a cookie is computed again to check it.
 *
 * The secret before the current one is still accepted. Otherwise a cookie baked just before a change would be
 * refused on its first use, and an initiator under load would need a third round trip.
 */
export class CookieJar {
  readonly #random: (bytes: number) => Uint8Array;
  #current: Uint8Array;
  #previous: Uint8Array | undefined;
  #currentSince: number;

  /**
   * @param random returns that many bytes of cryptographic quality.
   * @param now monotonic microseconds, the clock of every later call.
   */
  constructor(random: (bytes: number) => Uint8Array, now: number) {
    this.#random = random;
    this.#current = random(SECRET_BYTES);
    this.#currentSince = now;
  }

  /**
   * Returns the cookie of a source address: {@link MAC_BYTES} bytes.
   * @param address address and port in one fixed encoding, equal for equal sources.
   */
  bake(address: Uint8Array, now: number): Uint8Array {
    this.#rotate(now);
    return mac(this.#current, address);
  }

  /**
   * Tells whether mac2 of a received message was made with a fresh cookie for `address`; false for a message too
   * short to have MACs.
   */
  isMac2Valid(message: Uint8Array, address: Uint8Array, now: number): boolean {
    if (message.length < INITIATION_MACS_BYTES) return false;
    this.#rotate(now);
    const covered = message.subarray(0, message.length - MAC_BYTES);
    const received = message.subarray(message.length - MAC_BYTES);
    if (timingSafeEqual(mac(mac(this.#current, address), covered), received)) return true;
    if (this.#previous === undefined) return false;
    return timingSafeEqual(mac(mac(this.#previous, address), covered), received);
  }

  #rotate(now: number): void {
    const age = now - this.#currentSince;
    if (age < COOKIE_SECRET_PERIOD_MICROS) return;
    this.#previous = age < 2 * COOKIE_SECRET_PERIOD_MICROS ? this.#current : undefined;
    this.#current = this.#random(SECRET_BYTES);
    this.#currentSince = now;
  }
}

const MAC1_LABEL = new TextEncoder().encode('bowline 1 mac1');
const COOKIE_LABEL = new TextEncoder().encode('bowline 1 cookie');
const SECRET_BYTES = 32;

function mac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return hmacBlake2s(key, data).subarray(0, MAC_BYTES);
}

function mac1Of(message: Uint8Array): Uint8Array {
  return message.subarray(message.length - INITIATION_MACS_BYTES, message.length - MAC_BYTES);
}
