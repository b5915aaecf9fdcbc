import { describe, expect, it } from 'vitest';
import {
  COOKIE_REPLY_BYTES,
  COOKIE_SECRET_PERIOD_MICROS,
  CookieJar,
  INITIATION_MACS_BYTES,
  InitiationMac,
} from '../../../../src-engine/crypto/initiation-mac.ts';
import {
  errorOf,
  flipBit,
  randomBytesFrom,
  RESPONDER_STATIC,
  seededRandom,
  STRANGER_STATIC,
  toHex,
  utf8,
} from './handshake-fixture.ts';

const ADDRESS = utf8('192.0.2.7:51820');
const OTHER_ADDRESS = utf8('192.0.2.8:51820');
const NONCE = new Uint8Array(12).fill(0x77);
const mac = new InitiationMac(RESPONDER_STATIC.publicKey);

describe('mac1', () => {
  it('is the documented value', () => {
    const message = Uint8Array.from({ length: 20 + INITIATION_MACS_BYTES }, (_, index) => index);
    new InitiationMac(Uint8Array.from({ length: 32 }, (_, index) => index)).sign(message, COOKIE_OF_ONES);
    expect(toHex(message.subarray(20))).toBe(GOLDEN_MACS);
  });

  it('is accepted with and without a cookie, whatever mac2 is', () => {
    const plain = signed();
    const withCookie = signed(COOKIE_OF_ONES);
    expect([plain, withCookie].map((message) => mac.isMac1Valid(message))).toEqual([true, true]);
    expect(toHex(plain.subarray(plain.length - 16))).toBe('00'.repeat(16));
    expect(mac.isMac1Valid(flipBit(plain, plain.length - 1, 3))).toBe(true);
  });

  it('is refused when any byte it covers or any of its own is altered', () => {
    const message = signed();
    for (let index = 0; index < message.length - 16; index += 1) {
      expect(mac.isMac1Valid(flipBit(message, index, index % 8)), `byte ${index}`).toBe(false);
    }
  });

  it('is refused by another responder', () => {
    expect(new InitiationMac(STRANGER_STATIC.publicKey).isMac1Valid(signed())).toBe(false);
  });

  it('is refused in a message too short to have it', () => {
    for (let length = 0; length < INITIATION_MACS_BYTES; length += 1) {
      expect(mac.isMac1Valid(new Uint8Array(length)), `${length} bytes`).toBe(false);
    }
    expect(() => mac.sign(new Uint8Array(INITIATION_MACS_BYTES - 1))).toThrow(RangeError);
  });
});

describe('a cookie', () => {
  it('reaches the initiator in a reply and makes its next mac2 valid', () => {
    const jar = newJar();
    const first = signed();
    expect(jar.isMac2Valid(first, ADDRESS, 0)).toBe(false);
    const reply = mac.sealCookieReply(first, jar.bake(ADDRESS, 0), NONCE);
    const opened = mac.openCookieReply(first, reply);
    expect(reply).toHaveLength(COOKIE_REPLY_BYTES);
    if (!opened.ok) throw new Error(opened.error);
    const second = signed(opened.value);
    expect(jar.isMac2Valid(second, ADDRESS, 1)).toBe(true);
    expect(jar.isMac2Valid(second, OTHER_ADDRESS, 1)).toBe(false);
  });

  it('fails when any byte under mac2 or of mac2 is altered', () => {
    const jar = newJar();
    const message = signed(jar.bake(ADDRESS, 0));
    for (let index = 0; index < message.length; index += 1) {
      const altered = flipBit(message, index, index % 8);
      expect(jar.isMac2Valid(altered, ADDRESS, 0), `byte ${index}`).toBe(false);
    }
    for (let length = 0; length < INITIATION_MACS_BYTES; length += 1) {
      expect(jar.isMac2Valid(new Uint8Array(length), ADDRESS, 0), `${length} bytes`).toBe(false);
    }
  });

  it('works through one change of the secret and not through two', () => {
    const jar = newJar();
    const bakedAt = COOKIE_SECRET_PERIOD_MICROS - 1;
    const message = signed(jar.bake(ADDRESS, bakedAt));
    const valid = [0, 1, COOKIE_SECRET_PERIOD_MICROS, COOKIE_SECRET_PERIOD_MICROS + 1].map((later) =>
      jar.isMac2Valid(message, ADDRESS, bakedAt + later),
    );
    expect(valid).toEqual([true, true, true, false]);
  });

  it('does not outlive a long silence during which nothing changed the secret', () => {
    const jar = newJar();
    const message = signed(jar.bake(ADDRESS, 0));
    expect(jar.isMac2Valid(message, ADDRESS, 2 * COOKIE_SECRET_PERIOD_MICROS)).toBe(false);
  });

  it('keeps its value within a period, and changes with the secret and the address', () => {
    const jar = newJar();
    const cookies = [
      jar.bake(ADDRESS, 0),
      jar.bake(ADDRESS, COOKIE_SECRET_PERIOD_MICROS - 1),
      jar.bake(OTHER_ADDRESS, COOKIE_SECRET_PERIOD_MICROS - 1),
      jar.bake(ADDRESS, COOKIE_SECRET_PERIOD_MICROS),
    ].map(toHex);
    expect(cookies[0]).toBe(cookies[1]);
    expect(new Set(cookies).size).toBe(3);
  });
});

describe('a cookie reply', () => {
  it('is the documented value', () => {
    const own = new InitiationMac(Uint8Array.from({ length: 32 }, (_, index) => index));
    const message = Uint8Array.from({ length: 52 }, (_, index) => index);
    own.sign(message);
    expect(toHex(own.sealCookieReply(message, COOKIE_OF_ONES, NONCE))).toBe(GOLDEN_COOKIE_REPLY);
  });

  it('opens only with the initiation it answers and the right responder', () => {
    const message = signed();
    const reply = mac.sealCookieReply(message, COOKIE_OF_ONES, NONCE);
    const otherMessage = flipBit(message, 0, 0);
    mac.sign(otherMessage);
    expect([
      errorOf(mac.openCookieReply(otherMessage, reply)),
      errorOf(new InitiationMac(STRANGER_STATIC.publicKey).openCookieReply(message, reply)),
      errorOf(mac.openCookieReply(message, reply)),
    ]).toEqual(['decrypt-failed', 'decrypt-failed', 'accepted']);
  });

  it('is refused when any byte is altered or its length is wrong', () => {
    const message = signed();
    const reply = mac.sealCookieReply(message, COOKIE_OF_ONES, NONCE);
    for (let index = 0; index < reply.length; index += 1) {
      const error = errorOf(mac.openCookieReply(message, flipBit(reply, index, index % 8)));
      expect(error, `byte ${index}`).toBe('decrypt-failed');
    }
    for (const length of [0, 1, COOKIE_REPLY_BYTES - 1, COOKIE_REPLY_BYTES + 1]) {
      const error = errorOf(mac.openCookieReply(message, new Uint8Array(length)));
      expect(error, `${length} bytes`).toBe('wrong-length');
    }
  });
});

const COOKIE_OF_ONES = new Uint8Array(16).fill(1);
// Computed from the definitions at the top of initiation-mac.ts by a second implementation in Python.
const GOLDEN_MACS = '20c1ec4f25265a8089016d2402ec2473587b2724a669d3936337380ec5c4a810';
const GOLDEN_COOKIE_REPLY =
  '777777777777777777777777c6d0c999ecab2fac9fd98242ed196a254913c99b69bc49c9c9d36601c9b6d97a';

/** Returns an initiation of 148 arbitrary bytes and its MACs. */
function signed(cookie?: Uint8Array): Uint8Array {
  const message = new Uint8Array(148 + INITIATION_MACS_BYTES);
  message.set(randomBytesFrom(seededRandom(5), 148));
  message.fill(0xaa, 148);
  mac.sign(message, cookie);
  return message;
}

function newJar(): CookieJar {
  const random = seededRandom(6);
  return new CookieJar((bytes) => randomBytesFrom(random, bytes), 0);
}
