import { describe, expect, test } from 'vitest';
import { importPrivateKey } from '../../../src-engine/crypto/x25519.ts';
import { Engine, type EngineOptions } from '../../../src-engine/engine.ts';
import { EngineMemory } from '../../../src-engine/memory.ts';
import type { RawDatagram } from '../../../src-engine/peer.ts';
import type { Session } from '../../../src-engine/session.ts';
import { TYPE_PAIRING } from '../../../src-engine/wire/header.ts';
import type { Role } from '../../../src-engine/session-types.ts';
import { Rng } from '../../support/rng.ts';
import { SimAead } from '../../support/sim-aead.ts';
import { SIM_PLAN } from '../../support/sim-world.ts';

const NOW = 1_000_000;
const PLAN = { ...SIM_PLAN, receiveBuffers: 8 };
const PACKET_BYTES = 60;
const MARK_AT = 50;

interface Datagram {
  readonly bytes: Uint8Array;
  readonly remote: number;
}

/** One engine whose inside notes the mark of each packet. */
class Machine {
  readonly memory = new EngineMemory(new ArrayBuffer(EngineMemory.bytesFor(PLAN)), PLAN);
  readonly engine: Engine;
  readonly marks: number[] = [];

  constructor(role: Role, keyByte: number, options: Partial<EngineOptions> = {}) {
    const rng = new Rng(keyByte);
    this.engine = new Engine({
      role,
      staticKey: keyOf(keyByte),
      memory: this.memory,
      aead: new SimAead(this.memory),
      packets: () => ({ writePackets: (table, count) => this.note(table, count) }),
      random: (count) => rng.bytes(count),
      now: NOW,
      describeRemote: (remote) => new Uint8Array([remote]),
      sourceOf: (remote) => remote,
      ...options,
    });
  }

  /** Takes datagrams that one receive call brought. */
  receive(datagrams: readonly Datagram[]): void {
    const { bytes, words, receiveBase, receiveStride, receiveMeta } = this.memory;
    datagrams.forEach((datagram, index) => {
      const at = receiveBase + index * receiveStride;
      bytes.set(datagram.bytes, at);
      words.set([at, datagram.bytes.length, datagram.bytes.length, datagram.remote], receiveMeta + 4 * index);
    });
    this.engine.handleDatagrams(0, receiveMeta, datagrams.length, NOW);
  }

  /** Everything that one session has to send, handshakes included. */
  output(session: Session): Uint8Array[] {
    const sent: Uint8Array[] = [];
    this.engine.handleTimeout(NOW);
    for (let raw = this.engine.pollRaw(); raw !== undefined; raw = this.engine.pollRaw())
      sent.push(raw.bytes.slice());
    while (session.transmit(NOW) >= 0) {
      for (let i = 0; i < this.engine.builder.count; i++) {
        const entry = this.memory.sendTable + 4 * i;
        const at = this.memory.words[entry]!;
        sent.push(this.memory.bytes.slice(at, at + this.memory.words[entry + 1]!));
      }
    }
    return sent;
  }

  /** Sends an inner packet with a mark of its own. */
  send(session: Session, mark: number): void {
    const slot = this.memory.takeSend(PACKET_BYTES);
    const packet = this.memory.bytes.subarray(slot, slot + PACKET_BYTES).fill(0);
    packet[10] = 0x45;
    packet[MARK_AT] = mark;
    expect(session.sendPacket(slot, PACKET_BYTES, NOW)).toBe(true);
  }

  private note(table: number, count: number): void {
    for (let i = 0; i < count; i++)
      this.marks.push(this.memory.bytes[this.memory.words[table + 2 * i]! + MARK_AT]!);
  }
}

describe('several sessions of one engine', () => {
  test('deliver each its own packets when one receive call brings datagrams of both by turns', () => {
    const box = new Machine('responder', 9);
    const laptops = [1, 2].map((keyByte) => {
      const laptop = new Machine('initiator', keyByte);
      const atBox = box.engine.addPeer(keyOf(keyByte).publicKey);
      const session = laptop.engine.addPeer(keyOf(9).publicKey);
      session.openPath(0, 0, keyByte, 0, 1_472, NOW);
      for (let round = 0; round < 3; round++) {
        for (const bytes of laptop.output(session)) box.receive([{ bytes, remote: keyByte }]);
        for (const bytes of box.output(atBox)) laptop.receive([{ bytes, remote: 0 }]);
      }
      expect(session.isEstablished).toBe(true);
      /** Datagrams that carry one marked packet. */
      const packet = (mark: number): Datagram[] => {
        laptop.send(session, mark);
        return laptop.output(session).map((bytes) => ({ bytes, remote: keyByte }));
      };
      return packet;
    });
    const [first, second] = laptops;
    box.receive([...first!(11), ...second!(21), ...first!(12), ...second!(22), ...second!(23)]);
    expect(box.marks).toEqual([11, 21, 12, 22, 23]);
  });
});

function keyOf(byte: number): ReturnType<typeof importPrivateKey> {
  return importPrivateKey(new Uint8Array(32).fill(byte));
}

describe('a datagram of pairing', () => {
  test('is handed on as it came, and what answers it is sent', () => {
    const handed: RawDatagram[] = [];
    const machine = new Machine('responder', 1, { onPairing: (datagram) => void handed.push(datagram) });
    const bytes = new Uint8Array(192).fill(TYPE_PAIRING);
    machine.receive([{ bytes, remote: 7 }]);
    expect(handed).toEqual([{ socket: 0, remote: 7, bytes }]);
    expect(machine.engine.drops.snapshot()).toEqual({});
    machine.engine.sendRaw({ socket: 0, remote: 7, bytes });
    expect([machine.engine.pollRaw(), machine.engine.pollRaw()]).toEqual([
      { socket: 0, remote: 7, bytes },
      undefined,
    ]);
  });

  test('in a flood is handed on so often only, whoever sends it', () => {
    let handed = 0;
    const machine = new Machine('responder', 1, { onPairing: () => handed++ });
    const bytes = new Uint8Array(192).fill(TYPE_PAIRING);
    for (let round = 0; round < 3; round++)
      machine.receive(Array.from({ length: 10 }, () => ({ bytes, remote: 7 })));
    expect(handed, 'of one address').toBe(16);
    for (let remote = 100; remote < 1_000; remote++)
      machine.receive([
        { bytes, remote },
        { bytes, remote: remote + 1_000 },
      ]);
    expect(handed, 'of all addresses').toBe(1_000);
    expect(machine.engine.drops.snapshot()).toEqual({ 'pairing-limited': 30 + 1_800 - 1_000 });
  });

  test('is dropped and counted where nobody pairs, or when it is too long', () => {
    const bytes = new Uint8Array(192).fill(TYPE_PAIRING);
    const silent = new Machine('responder', 1);
    silent.receive([{ bytes, remote: 7 }]);
    expect(silent.engine.drops.snapshot()).toEqual({ 'unknown-type': 1 });
    const pairing = new Machine('responder', 1, { onPairing: () => expect.fail('too long') });
    pairing.receive([{ bytes: new Uint8Array(1_025).fill(TYPE_PAIRING), remote: 7 }]);
    expect(pairing.engine.drops.snapshot()).toEqual({ 'handshake-invalid': 1 });
  });
});
