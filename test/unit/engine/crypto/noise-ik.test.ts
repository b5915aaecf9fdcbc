import { describe, expect, it } from 'vitest';
import { sealChaCha20Poly1305 } from '../../../../src-engine/crypto/chacha20-poly1305.ts';
import {
  INITIATION_OVERHEAD_BYTES,
  MAX_NOISE_MESSAGE_BYTES,
  RESPONSE_OVERHEAD_BYTES,
} from '../../../../src-engine/crypto/noise-ik.ts';
import { SymmetricState } from '../../../../src-engine/crypto/symmetric-state.ts';
import { deriveDirectionKeys } from '../../../../src-engine/crypto/transport-keys.ts';
import { importPrivateKey, sharedSecret } from '../../../../src-engine/crypto/x25519.ts';
import {
  errorOf,
  expectOk,
  flipBit,
  fromHex,
  INITIATOR_EPHEMERAL,
  INITIATOR_STATIC,
  LOW_ORDER_POINTS,
  newInitiator,
  newResponder,
  PROLOGUE,
  randomBytesFrom,
  respond,
  RESPONDER_STATIC,
  seededRandom,
  STRANGER_STATIC,
  toHex,
  utf8,
} from './handshake-fixture.ts';

describe('a handshake between two honest ends', () => {
  it.each([
    ['empty payloads', 0],
    ['short payloads', 5],
    ['the longest payload of an initiation', MAX_NOISE_MESSAGE_BYTES - INITIATION_OVERHEAD_BYTES],
  ])('agrees on mirrored keys with %s', (_name, payloadBytes) => {
    const payload = randomBytesFrom(seededRandom(payloadBytes + 1), payloadBytes);
    const initiator = newInitiator();
    const initiation = initiator.writeMessage(payload);
    const responder = newResponder();
    const initiationRead = expectOk(responder.readInitiation(initiation));
    const response = responder.writeResponse(payload);
    const responseRead = expectOk(initiator.readResponse(response.message));

    expect(initiationRead).toEqual({ payload, remoteStaticPublic: INITIATOR_STATIC.publicKey });
    expect(responseRead).toEqual({
      payload,
      keys: {
        send: response.keys.receive,
        receive: response.keys.send,
        handshakeHash: response.keys.handshakeHash,
      },
    });
    expect(response.keys.send).not.toEqual(response.keys.receive);
    expect([initiation.length, response.message.length]).toEqual([
      payloadBytes + INITIATION_OVERHEAD_BYTES,
      payloadBytes + RESPONSE_OVERHEAD_BYTES,
    ]);
  });

  it('keeps what it read when the network buffer behind a message is used again', () => {
    const initiator = newInitiator();
    const responder = newResponder();
    const initiation = Buffer.from(initiator.writeMessage(utf8('hello')));
    const initiationRead = expectOk(responder.readInitiation(initiation));
    initiation.fill(0xff);
    expect(initiationRead).toEqual({
      payload: utf8('hello'),
      remoteStaticPublic: INITIATOR_STATIC.publicKey,
    });
    initiationRead.remoteStaticPublic.fill(0xff);
    expect(errorOf(initiator.readResponse(responder.writeResponse(utf8('answer')).message))).toBe('accepted');
  });
});

describe('a tampered message', () => {
  it('fails in the initiation whichever byte is altered', () => {
    const initiation = newInitiator().writeMessage(utf8('payload'));
    for (let index = 0; index < initiation.length; index += 1) {
      for (const bit of [0, 7]) {
        const error = errorOf(newResponder().readInitiation(flipBit(initiation, index, bit)));
        expect(error, `bit ${bit} of byte ${index}`).toBe('decrypt-failed');
      }
    }
  });

  it('fails in the response whichever byte is altered, and the genuine response is still accepted', () => {
    const initiator = newInitiator();
    const { message, keys } = respond(initiator.writeMessage(utf8('payload')));
    for (let index = 0; index < message.length; index += 1) {
      for (const bit of [0, 7]) {
        const error = errorOf(initiator.readResponse(flipBit(message, index, bit)));
        expect(error, `bit ${bit} of byte ${index}`).toBe('decrypt-failed');
      }
    }
    expect(expectOk(initiator.readResponse(message)).keys.handshakeHash).toEqual(keys.handshakeHash);
  });

  it('fails in the initiation at every length but its own', () => {
    const initiation = newInitiator().writeMessage(utf8('payload'));
    for (let length = 0; length < initiation.length; length += 1) {
      const error = errorOf(newResponder().readInitiation(initiation.subarray(0, length)));
      const expected = length < INITIATION_OVERHEAD_BYTES ? 'truncated' : 'decrypt-failed';
      expect(error, `${length} bytes`).toBe(expected);
    }
    expect(errorOf(newResponder().readInitiation(withTail(initiation, 1)))).toBe('decrypt-failed');
    expect(errorOf(newResponder().readInitiation(withTail(initiation, 65_536)))).toBe('too-long');
  });

  it('fails in the response at every length but its own', () => {
    const initiator = newInitiator();
    const { message } = respond(initiator.writeMessage(utf8('payload')));
    for (let length = 0; length < message.length; length += 1) {
      const error = errorOf(initiator.readResponse(message.subarray(0, length)));
      const expected = length < RESPONSE_OVERHEAD_BYTES ? 'truncated' : 'decrypt-failed';
      expect(error, `${length} bytes`).toBe(expected);
    }
    expect(errorOf(initiator.readResponse(withTail(message, 1)))).toBe('decrypt-failed');
    expect(errorOf(initiator.readResponse(withTail(message, 65_536)))).toBe('too-long');
  });
});

describe('ends that do not belong together', () => {
  it('fail when the initiator expects another responder', () => {
    const initiator = newInitiator({ remoteStaticPublic: STRANGER_STATIC.publicKey });
    expect(errorOf(newResponder().readInitiation(initiator.writeMessage(utf8(''))))).toBe('decrypt-failed');
  });

  it('fail when the prologues differ', () => {
    const initiation = newInitiator({ prologue: utf8('prologuf') }).writeMessage(utf8(''));
    expect(errorOf(newResponder().readInitiation(initiation))).toBe('decrypt-failed');
  });

  it('fail when the response belongs to another handshake', () => {
    const initiator = newInitiator();
    initiator.writeMessage(utf8(''));
    const fromAnotherHandshake = respond(
      newInitiator({ ephemeral: new Uint8Array(32).fill(9) }).writeMessage(utf8('')),
    );
    expect(errorOf(initiator.readResponse(fromAnotherHandshake.message))).toBe('decrypt-failed');
  });

  it('show the responder a static key that is not the paired one', () => {
    const initiation = newInitiator({ staticKey: STRANGER_STATIC }).writeMessage(utf8(''));
    const { remoteStaticPublic } = expectOk(newResponder().readInitiation(initiation));
    expect(remoteStaticPublic).toEqual(STRANGER_STATIC.publicKey);
  });

  it('fail when the initiator claims a static key whose private half it lacks', () => {
    const initiation = forgeInitiation(STRANGER_STATIC.publicKey);
    expect(errorOf(newResponder().readInitiation(initiation))).toBe('decrypt-failed');
  });
});

describe('a low-order point', () => {
  const points = LOW_ORDER_POINTS.flatMap((point) => [point, flipBit(point, 31, 7)]);

  it.each(points.map(toHex))('%s is refused as an ephemeral key of either end', (hex) => {
    const initiator = newInitiator();
    const initiation = initiator.writeMessage(utf8(''));
    const { message } = respond(initiation);
    initiation.set(fromHex(hex));
    message.set(fromHex(hex));
    expect(errorOf(newResponder().readInitiation(initiation))).toBe('invalid-key');
    expect(errorOf(initiator.readResponse(message))).toBe('invalid-key');
  });

  it.each(points.map(toHex))('%s is refused as the static key inside an initiation', (hex) => {
    expect(errorOf(newResponder().readInitiation(forgeInitiation(fromHex(hex))))).toBe('invalid-key');
  });

  it.each(points.map(toHex))('%s pinned as the remote key is a fault the initiator reports', (hex) => {
    const initiator = newInitiator({ remoteStaticPublic: fromHex(hex) });
    expect(() => initiator.writeMessage(utf8(''))).toThrow('low-order point');
  });
});

describe('a step out of turn', () => {
  it('is a named error when the network causes it', () => {
    const initiator = newInitiator();
    const beforeWriting = initiator.readResponse(new Uint8Array(RESPONSE_OVERHEAD_BYTES));
    const initiation = initiator.writeMessage(utf8(''));
    const responder = newResponder();
    expectOk(responder.readInitiation(initiation));
    const repeatedInitiation = responder.readInitiation(initiation);
    const { message } = responder.writeResponse(utf8(''));
    expectOk(initiator.readResponse(message));
    const repeatedResponse = initiator.readResponse(message);
    expect([beforeWriting, repeatedInitiation, repeatedResponse].map(errorOf)).toEqual([
      'out-of-turn',
      'out-of-turn',
      'out-of-turn',
    ]);
  });

  it('throws when the caller would repeat a nonce or answer nothing', () => {
    const initiator = newInitiator();
    const initiation = initiator.writeMessage(utf8(''));
    expect(() => initiator.writeMessage(utf8(''))).toThrow('twice');

    const responder = newResponder();
    expect(() => responder.writeResponse(utf8(''))).toThrow('out of turn');
    responder.readInitiation(flipBit(initiation, 40, 0));
    expect(() => responder.writeResponse(utf8(''))).toThrow('out of turn');
    expectOk(responder.readInitiation(initiation));
    responder.writeResponse(utf8(''));
    expect(() => responder.writeResponse(utf8(''))).toThrow('out of turn');
  });

  it('throws for keys and payloads of a wrong size from the caller', () => {
    const tooMuch = new Uint8Array(MAX_NOISE_MESSAGE_BYTES);
    expect(() => newInitiator({ ephemeral: new Uint8Array(31) })).toThrow(RangeError);
    expect(() => newInitiator({ remoteStaticPublic: new Uint8Array(33) })).toThrow(RangeError);
    expect(() => newInitiator().writeMessage(tooMuch)).toThrow(RangeError);
    const responder = newResponder({ ephemeral: new Uint8Array(31) });
    expectOk(responder.readInitiation(newInitiator().writeMessage(utf8(''))));
    expect(() => responder.writeResponse(tooMuch)).toThrow('payload');
    expect(() => responder.writeResponse(utf8(''))).toThrow('private key');
  });
});

describe('random and mutated input', () => {
  it('is refused by name 20,000 times and never throws', { timeout: 60_000 }, () => {
    const random = seededRandom(20_261_122);
    const initiator = newInitiator();
    const initiation = initiator.writeMessage(utf8('payload'));
    const { message } = respond(initiation);
    const responder = newResponder();
    const seen = new Map<string, number>();
    for (let round = 0; round < 10_000; round += 1) {
      const badInitiation = mutate(initiation, random);
      const badResponse = mutate(message, random);
      for (const error of [
        errorOf(responder.readInitiation(badInitiation)),
        errorOf(initiator.readResponse(badResponse)),
      ]) {
        seen.set(error, (seen.get(error) ?? 0) + 1);
      }
    }
    expect([...seen.keys()].sort()).toEqual(['decrypt-failed', 'invalid-key', 'truncated']);
    expect(errorOf(responder.readInitiation(initiation)), 'after the noise').toBe('accepted');
    expect(errorOf(initiator.readResponse(message)), 'after the noise').toBe('accepted');
  });
});

describe('datagram keys of one direction', () => {
  it('follow from the split key as documented', () => {
    const splitKey = Uint8Array.from({ length: 32 }, (_, index) => index);
    const handshakeHash = Uint8Array.from({ length: 32 }, (_, index) => 0xff - index);
    const { key, iv } = deriveDirectionKeys(splitKey, handshakeHash);
    expect({ key: toHex(key), iv: toHex(iv) }).toEqual(GOLDEN_DIRECTION_KEYS);
  });
});

// Computed with Python's hmac and hashlib.blake2s from the definition beside deriveDirectionKeys.
const GOLDEN_DIRECTION_KEYS = {
  key: 'd22d6f8a9fb58a9a59f29b71624b29e051ea99f5bf13ef21e08466c8c94e4321',
  iv: '22d73c20c1e79c7552a63077',
};

/** Makes an initiation that carries any static key, as an attacker who knows the responder's public key can. */
function forgeInitiation(claimedStatic: Uint8Array): Uint8Array {
  const ephemeral = importPrivateKey(INITIATOR_EPHEMERAL);
  const state = SymmetricState.start('Noise_IK_25519_ChaChaPoly_BLAKE2s');
  state.mixHash(PROLOGUE);
  state.mixHash(RESPONDER_STATIC.publicKey);
  state.mixHash(ephemeral.publicKey);
  state.mixKey(sharedSecret(ephemeral.privateKey, RESPONDER_STATIC.publicKey) ?? new Uint8Array());
  const sealedStatic = state.encryptAndHash(claimedStatic);
  const sealedPayload = sealChaCha20Poly1305(new Uint8Array(32), new Uint8Array(12), PROLOGUE, utf8(''));
  return new Uint8Array([...ephemeral.publicKey, ...sealedStatic, ...sealedPayload]);
}

function withTail(message: Uint8Array, tailBytes: number): Uint8Array {
  const longer = new Uint8Array(message.length + tailBytes);
  longer.set(message);
  return longer;
}

/** Returns random bytes, a low-order point in place of the ephemeral key, or a damaged copy, never a whole one. */
function mutate(genuine: Uint8Array, random: () => number): Uint8Array {
  const choice = random() % 8;
  if (choice < 2) return randomBytesFrom(random, random() % 200);
  if (choice === 2) {
    const copy = new Uint8Array(genuine);
    copy.set(LOW_ORDER_POINTS[random() % LOW_ORDER_POINTS.length] ?? []);
    return copy;
  }
  if (choice === 3) return genuine.subarray(0, random() % genuine.length);
  const damaged = flipBit(genuine, random() % genuine.length, random() % 8);
  return choice > 5 ? withTail(damaged, random() % 50) : damaged;
}
