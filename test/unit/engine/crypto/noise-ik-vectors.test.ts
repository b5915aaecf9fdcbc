import { describe, expect, it, vi } from 'vitest';
import {
  openChaCha20Poly1305,
  sealChaCha20Poly1305,
} from '../../../../src-engine/crypto/chacha20-poly1305.ts';
import { InitiatorHandshake, ResponderHandshake } from '../../../../src-engine/crypto/noise-ik.ts';
import * as transportKeys from '../../../../src-engine/crypto/transport-keys.ts';
import { importPrivateKey } from '../../../../src-engine/crypto/x25519.ts';
import { expectOk, fromHex, toHex } from './handshake-fixture.ts';
import published from './vectors/noise-ik-25519-chachapoly-blake2s.json' with { type: 'json' };

// The published vectors go on with messages under the raw keys of Split(). The product derives its datagram keys
// from them instead and keeps them to itself, so they are watched on their way into that derivation.
vi.mock('../../../../src-engine/crypto/transport-keys.ts', { spy: true });

describe.each(published.vectors)('published vector from $source', (vector) => {
  it('gives both handshake messages byte for byte and the payloads back', () => {
    const { initiation, response, initiationRead, responseRead } = runHandshake(vector);
    expect({
      initiation: toHex(initiation),
      response: toHex(response.message),
      initiationPayload: toHex(initiationRead.payload),
      responsePayload: toHex(responseRead.payload),
      initiatorStatic: toHex(initiationRead.remoteStaticPublic),
    }).toEqual({
      initiation: vector.messages[0]?.ciphertext,
      response: vector.messages[1]?.ciphertext,
      initiationPayload: vector.messages[0]?.payload,
      responsePayload: vector.messages[1]?.payload,
      initiatorStatic: toHex(importPrivateKey(fromHex(vector.init_static)).publicKey),
    });
  });

  it('gives the published handshake hash at both ends', () => {
    const { response, responseRead } = runHandshake(vector);
    const hashes = [toHex(response.keys.handshakeHash), toHex(responseRead.keys.handshakeHash)];
    expect(hashes[0]).toBe(hashes[1]);
    if ('handshake_hash' in vector) expect(hashes[0]).toBe(vector.handshake_hash);
  });

  it('splits into the keys of the messages after the handshake', () => {
    const derive = vi.mocked(transportKeys.deriveDirectionKeys);
    derive.mockClear();
    runHandshake(vector);
    const splitKeys = derive.mock.calls.map(([splitKey]) => splitKey);
    // Send, then receive; the responder finishes first, and the initiator sends the first message afterwards.
    const [responderSend, responderReceive, initiatorSend, initiatorReceive] = splitKeys.map(toHex);
    expect([initiatorSend, initiatorReceive]).toEqual([responderReceive, responderSend]);

    const bothKeys = [initiatorSend ?? '', initiatorReceive ?? ''].map(fromHex);
    vector.messages.slice(2).forEach((message, index) => {
      const key = bothKeys[index % 2] ?? new Uint8Array();
      const nonce = noiseNonce(Math.floor(index / 2));
      const sealed = sealChaCha20Poly1305(key, nonce, new Uint8Array(), fromHex(message.payload));
      expect(toHex(sealed), `message ${index + 2}`).toBe(message.ciphertext);
      const opened = openChaCha20Poly1305(key, nonce, new Uint8Array(), fromHex(message.ciphertext));
      expect(toHex(opened ?? new Uint8Array()), `message ${index + 2}`).toBe(message.payload);
    });
  });
});

function runHandshake(vector: (typeof published.vectors)[number]) {
  const [first, second] = vector.messages.map((message) => fromHex(message.payload));
  const initiator = new InitiatorHandshake({
    prologue: fromHex(vector.init_prologue),
    staticKey: importPrivateKey(fromHex(vector.init_static)),
    remoteStaticPublic: fromHex(vector.init_remote_static),
    ephemeral: fromHex(vector.init_ephemeral),
  });
  const responder = new ResponderHandshake({
    prologue: fromHex(vector.resp_prologue),
    staticKey: importPrivateKey(fromHex(vector.resp_static)),
    ephemeral: fromHex(vector.resp_ephemeral),
  });
  const initiation = initiator.writeMessage(first ?? new Uint8Array());
  const initiationRead = expectOk(responder.readInitiation(initiation));
  const response = responder.writeResponse(second ?? new Uint8Array());
  const responseRead = expectOk(initiator.readResponse(response.message));
  return { initiation, initiationRead, response, responseRead };
}

/** Noise's ChaChaPoly nonce: 4 zero bytes, then the counter in 8 bytes, little-endian. */
function noiseNonce(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  nonce[4] = counter;
  return nonce;
}
