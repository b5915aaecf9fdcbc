import { createCipheriv, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { importPrivateKey } from '../../../../src-engine/crypto/x25519.ts';
import { Engine } from '../../../../src-engine/engine.ts';
import { EngineMemory } from '../../../../src-engine/memory.ts';
import type { AeadSuite } from '../../../../src-engine/ports.ts';
import {
  emptyAck,
  emptyPiece,
  readAck,
  readPiece,
  writeAck,
  writeChunkHead,
  writeMessageHead,
  writeSkip,
} from '../../../../src-engine/wire/frames.ts';
import { frameNotice, readHello, writeHello } from '../../../../src-engine/wire/handshake.ts';
import {
  HEADER_BYTES,
  TYPE_COOKIE,
  TYPE_VERSION,
  writeDataHeader,
} from '../../../../src-engine/wire/header.ts';
import { InitiationMac } from '../../../../src-engine/crypto/initiation-mac.ts';
import { SimAead } from '../../../support/sim-aead.ts';
import { fromHex, toHex } from '../crypto/handshake-fixture.ts';
import { BENCH_PLAN, SessionBench } from '../session-bench.ts';

/** The bytes that docs/protocol.md promises. A change here is a change of the protocol's version. */
const VECTORS = JSON.parse(
  readFileSync(new URL('./golden-vectors.json', import.meta.url), 'utf8'),
) as GoldenVectors;
const { frames, handshake, sealed } = VECTORS;

describe('frames have exactly these bytes', () => {
  const bytes = new Uint8Array(256);

  test.each(frames.message)('MESSAGE of lane $lane, number $number', ({ lane, number, body, hex }) => {
    const content = fromHex(body);
    writeMessageHead(bytes, 0, lane, number, content.length);
    bytes.set(content, 8);
    expect(toHex(bytes.subarray(0, 8 + content.length))).toBe(hex);

    bytes.set(fromHex(hex));
    const piece = emptyPiece();
    expect(readPiece(bytes, 0, hex.length / 2, piece)).toBe(hex.length / 2);
    const { length } = content;
    expect(piece).toEqual({ lane, number, total: length, offset: 0, length, at: 8 });
  });

  test.each(frames.chunk)('CHUNK at $offset of $total', ({ lane, number, total, offset, body, hex }) => {
    const content = fromHex(body);
    writeChunkHead(bytes, 0, lane, number, total, offset, content.length);
    bytes.set(content, 12);
    expect(toHex(bytes.subarray(0, 12 + content.length))).toBe(hex);

    const piece = emptyPiece();
    expect(readPiece(fromHex(hex), 0, hex.length / 2, piece)).toBe(hex.length / 2);
    expect(piece).toEqual({ lane, number, total, offset, length: content.length, at: 12 });
  });

  test.each(frames.ack)('ACK of path $path: $name', ({ path, delayMicros, ranges, hex }) => {
    const length = writeAck(bytes, 0, path, delayMicros, Float64Array.from(ranges.flat()), ranges.length);
    expect(toHex(bytes.subarray(0, length))).toBe(hex);

    const ack = emptyAck();
    expect(readAck(fromHex(hex), 0, hex.length / 2, ack)).toBe(hex.length / 2);
    expect(ack).toMatchObject({ pathId: path, count: ranges.length });
    expect(ack.delayMicros, 'in units of 16 us').toBe(Math.min(0xffff, Math.floor(delayMicros / 16)) * 16);
    expect([...ack.ranges.subarray(0, 2 * ranges.length)]).toEqual(ranges.flat());
  });

  test('SKIP', () => {
    const { lane, number, hex } = frames.skip;
    writeSkip(bytes, 0, lane, number);
    expect(toHex(bytes.subarray(0, 6))).toBe(hex);

    const bench = new SessionBench('responder');
    bench.receive(hex);
    const [before, at] = [number - 1, number].map((n) => `03${u16(lane)}${u24(n)}0001aa`);
    bench.receive(before! + at!);
    expect(bench.session.inbox, 'only what was not skipped').toMatchObject({
      messagesDelivered: 1,
      duplicatePieces: 1,
    });
  });

  test('CHALLENGE and RESPONSE', () => {
    const bench = new SessionBench('responder');
    bench.receive(frames.challenge);
    expect(bench.sent()[0]!.frames.slice(0, 18), 'the challenge comes back').toBe(frames.response);
    const asked = bench
      .advance(0)
      .concat(bench.sent())
      .map((datagram) => datagram.frames);
    expect(asked.join(), 'nothing twice').not.toContain(frames.response);
  });

  test('PING, and the ACK that it asks for', () => {
    const bench = new SessionBench('responder');
    bench.receive(frames.ping);
    expect(bench.sent().map((datagram) => datagram.frames)).toContain(frames.ackOfFirstPing);
  });

  test('STATUS', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    laptop.session.openPath(1, 1, 1, 0, 1_472, laptop.now);
    laptop.session.path(2);
    laptop.session.hurryPath(0, laptop.now);
    const written = laptop.sent().find((datagram) => datagram.frames.includes('08'))!.frames;
    const status = written.slice(written.indexOf('08'));
    expect(status.slice(0, 2) + status.slice(10, 24), 'all but the sequence').toBe(
      frames.status.hex.slice(0, 2) + frames.status.hex.slice(10),
    );

    const box = new SessionBench('responder');
    for (const id of [0, 1]) box.receive('01', { path: id });
    box.receive(frames.status.hex);
    expect(box.session.paths.map((path) => path.peerStatus)).toEqual(frames.status.received);
  });

  test('CLOSE', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    laptop.session.close(1);
    expect(laptop.sent().map((datagram) => datagram.frames.slice(-4))).toEqual([frames.close]);

    const box = new SessionBench('responder');
    box.receive(frames.close);
    expect(box.events()).toContainEqual({ kind: 'closed', reason: 1 });
  });

  test('PADDING ends a datagram, whatever follows', () => {
    const box = new SessionBench('responder');
    box.receive(`0000${frames.close}`);
    expect(box.events()).not.toContainEqual({ kind: 'closed', reason: 1 });
    expect(box.drops.snapshot()).toEqual({});
  });
});

describe('the handshake', () => {
  const run = runHandshake();

  test('says hello in exactly these bytes', () => {
    const { instance, knownPeer, suites, flags, hex, ...memory } = handshake.hello;
    const hello = {
      instance: fromHex(instance),
      knownPeer: fromHex(knownPeer),
      suites,
      flags,
      memory,
    };
    expect(toHex(writeHello(hello))).toBe(hex);
    expect(readHello(fromHex(hex)), 'as it was').toEqual(hello);
    expect(readHello(fromHex(`${hex}ffff`)), 'what a later version adds is passed over').toEqual(hello);
  });

  test('begins with exactly this initiation', () => {
    expect(run.initiation).toBe(handshake.initiation);
  });

  test('is answered with exactly this response', () => {
    expect(run.response).toBe(handshake.response);
  });

  test('gives both ends exactly these datagram keys', () => {
    expect(run.laptopKeys).toEqual([handshake.toLaptop, handshake.toBox]);
    expect(run.boxKeys).toEqual([handshake.toBox, handshake.toLaptop]);
  });

  test('derives datagram keys by HKDF with BLAKE2s', () => {
    const { splitKey, handshakeHash, key, iv } = VECTORS.keyDerivation;
    const material = hkdfSync(
      'blake2s256',
      fromHex(splitKey),
      fromHex(handshakeHash),
      'bowline 1 transport',
      44,
    );
    expect(toHex(new Uint8Array(material))).toBe(key + iv);
  });

  test('answers another version with exactly this notice', () => {
    const { index, hex } = handshake.versionNotice;
    expect(toHex(frameNotice(TYPE_VERSION, index, new Uint8Array(8)))).toBe(hex);
  });

  test('answers under load with exactly this cookie reply', () => {
    const { index, cookie, nonce, hex } = handshake.cookieReply;
    const gate = new InitiationMac(importPrivateKey(fromHex(handshake.boxPrivate)).publicKey);
    const body = gate.sealCookieReply(fromHex(handshake.initiation), fromHex(cookie), fromHex(nonce));
    expect(toHex(frameNotice(TYPE_COOKIE, index, body))).toBe(hex);
    const again = fromHex(handshake.initiation);
    gate.sign(again, fromHex(cookie));
    expect(toHex(again.subarray(-16)), 'the mac2 that the cookie makes').toBe(handshake.cookieReply.mac2);
  });
});

describe('a sealed data datagram', () => {
  test.each(sealed)('has exactly these bytes under $cipher', (vector) => {
    const { cipher, key, iv, pathId, receiverIndex, packetNumber, plaintext, hex } = vector;
    const header = new Uint8Array(HEADER_BYTES);
    writeDataHeader(header, 0, pathId, receiverIndex, packetNumber);
    const nonce = fromHex(iv);
    nonce[3]! ^= pathId;
    for (let i = 0; i < 2; i++) nonce[6 + i]! ^= header[2 + i]!;
    for (let i = 0; i < 4; i++) nonce[8 + i]! ^= header[8 + i]!;
    expect(toHex(nonce)).toBe(vector.nonce);
    const sealing = createCipheriv(cipher as 'chacha20-poly1305', fromHex(key), nonce, { authTagLength: 16 });
    sealing.setAAD(header, { plaintextLength: plaintext.length / 2 });
    const body = sealing.update(fromHex(plaintext));
    sealing.final();
    expect(toHex(header) + toHex(body) + toHex(sealing.getAuthTag())).toBe(hex);
  });
});

/** Two engines whose randomness is the vectors', and what they say to each other. */
function runHandshake() {
  const scripted = (instance: string, index: string, ephemeral: string) => {
    const eights = [instance];
    const thirtyTwos = ['00'.repeat(32)];
    return (bytes: number): Uint8Array => {
      if (bytes === 8) return fromHex(eights.shift() ?? '00'.repeat(8));
      if (bytes === 4) return fromHex(index);
      return fromHex(thirtyTwos.shift() ?? ephemeral);
    };
  };
  const make = (
    role: 'initiator' | 'responder',
    own: string,
    peer: string,
    random: (n: number) => Uint8Array,
  ) => {
    const memory = new EngineMemory(new ArrayBuffer(EngineMemory.bytesFor(BENCH_PLAN)), BENCH_PLAN);
    const keys: string[] = [];
    const aead = new (class extends SimAead {
      override keyAdd(suite: AeadSuite, key: Uint8Array, iv: Uint8Array): number {
        keys.push(`${suite} ${toHex(key)} ${toHex(iv)}`);
        return super.keyAdd(suite, key, iv);
      }
    })(memory);
    const engine = new Engine({
      role,
      staticKey: importPrivateKey(fromHex(own)),
      memory,
      aead,
      packets: () => ({ writePackets: () => undefined }),
      random,
      now: 0,
      describeRemote: () => new Uint8Array(1),
      sourceOf: () => 0,
    });
    const session = engine.addPeer(importPrivateKey(fromHex(peer)).publicKey);
    const take = (bytes: Uint8Array): void => {
      memory.bytes.set(bytes, memory.receiveBase);
      memory.words.set([memory.receiveBase, bytes.length, bytes.length, 0], memory.receiveMeta);
      engine.handleDatagrams(0, memory.receiveMeta, 1, 1_000);
    };
    return { engine, session, keys, take };
  };
  const { laptopPrivate, boxPrivate, laptopInstance, boxInstance } = handshake;
  const laptopRandom = scripted(laptopInstance, handshake.laptopIndex, handshake.laptopEphemeral);
  const laptop = make('initiator', laptopPrivate, boxPrivate, laptopRandom);
  const boxRandom = scripted(boxInstance, handshake.boxIndex, handshake.boxEphemeral);
  const box = make('responder', boxPrivate, laptopPrivate, boxRandom);
  laptop.session.openPath(0, 0, 0, 0, 1_472, 0);
  laptop.engine.handleTimeout(0);
  const initiation = laptop.engine.pollRaw()!.bytes;
  box.take(initiation);
  const response = box.engine.pollRaw()!.bytes;
  laptop.take(response);
  return {
    initiation: toHex(initiation),
    response: toHex(response),
    laptopKeys: laptop.keys,
    boxKeys: box.keys,
  };
}

function u16(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function u24(value: number): string {
  return value.toString(16).padStart(6, '0');
}

interface GoldenVectors {
  readonly frames: {
    readonly message: { lane: number; number: number; body: string; hex: string }[];
    readonly chunk: {
      lane: number;
      number: number;
      total: number;
      offset: number;
      body: string;
      hex: string;
    }[];
    readonly ack: {
      name: string;
      path: number;
      delayMicros: number;
      ranges: [number, number][];
      hex: string;
    }[];
    readonly skip: { lane: number; number: number; hex: string };
    readonly ping: string;
    readonly ackOfFirstPing: string;
    readonly challenge: string;
    readonly response: string;
    readonly status: { hex: string; received: number[] };
    readonly close: string;
  };
  readonly handshake: {
    readonly laptopPrivate: string;
    readonly laptopEphemeral: string;
    readonly laptopInstance: string;
    readonly laptopIndex: string;
    readonly boxPrivate: string;
    readonly boxEphemeral: string;
    readonly boxInstance: string;
    readonly boxIndex: string;
    readonly hello: {
      instance: string;
      knownPeer: string;
      suites: number;
      flags: number;
      largeSlots: number;
      smallSlots: number;
      mediumSlots: number;
      hex: string;
    };
    readonly initiation: string;
    readonly response: string;
    /** Suite, key and IV of a direction. */
    readonly toBox: string;
    readonly toLaptop: string;
    readonly versionNotice: { index: number; hex: string };
    readonly cookieReply: { index: number; cookie: string; nonce: string; mac2: string; hex: string };
  };
  readonly keyDerivation: { splitKey: string; handshakeHash: string; key: string; iv: string };
  readonly sealed: {
    cipher: string;
    key: string;
    iv: string;
    pathId: number;
    receiverIndex: number;
    packetNumber: number;
    nonce: string;
    plaintext: string;
    hex: string;
  }[];
}
