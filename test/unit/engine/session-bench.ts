import { DatagramBuilder } from '../../../src-engine/datagram-builder.ts';
import { DropCounters } from '../../../src-engine/drop-counters.ts';
import { EngineMemory, type MemoryPlan } from '../../../src-engine/memory.ts';
import { UdpCoalescer } from '../../../src-engine/receive/udp-coalescer.ts';
import { Session } from '../../../src-engine/session.ts';
import type { Role } from '../../../src-engine/session-types.ts';
import type { SessionEvent } from '../../../src-engine/session-events.ts';
import { HEADER_BYTES, readPacketNumber, readU32, TAG_BYTES } from '../../../src-engine/wire/header.ts';
import { SimAead } from '../../support/sim-aead.ts';
import { fromHex, toHex } from './crypto/handshake-fixture.ts';

export const BENCH_PLAN: MemoryPlan = {
  sendLarge: 4,
  sendMedium: 4,
  sendSmall: 64,
  receiveLarge: 4,
  receiveMedium: 4,
  receiveSmall: 64,
  receiveBuffers: 2,
};

/** A datagram that a session under test sent, opened. */
export interface SentDatagram {
  readonly pathId: number;
  readonly receiverIndex: number;
  readonly packetNumber: number;
  readonly socket: number;
  readonly remote: number;
  /** Frames as hex. */
  readonly frames: string;
  readonly bytes: number;
}

/** One session on a bench: frames go in and come out as hex, time is set by hand. */
export class SessionBench {
  now = 1_000_000;
  readonly memory = new EngineMemory(new ArrayBuffer(EngineMemory.bytesFor(BENCH_PLAN)), BENCH_PLAN);
  readonly drops = new DropCounters();
  readonly packets: string[] = [];
  readonly session: Session;
  private readonly builder = new DatagramBuilder(this.memory);
  private readonly aead = new SimAead(this.memory);
  private readonly numbers = new Map<number, number>();
  private challenges = 0;

  constructor(role: Role, plan: { peerLarge?: number; peerSmall?: number } = {}) {
    this.session = new Session(role, {
      memory: this.memory,
      aead: this.aead,
      packets: { writePackets: (table, count) => this.collect(table, count) },
      random: (bytes) => new Uint8Array(bytes).fill(0xc0 + this.challenges++),
      drops: this.drops,
      builder: this.builder,
      coalescer: new UdpCoalescer(this.memory.bytes, this.memory.joinBase, this.memory.joinBytes),
    });
    const slot = this.aead.keyAdd(2, new Uint8Array(32).fill(1), new Uint8Array(12));
    const peer = { smallSlots: plan.peerSmall ?? 64, mediumSlots: 4, largeSlots: plan.peerLarge ?? 4 };
    this.session.installKeys({ slot, remoteIndex: 0x01020304 }, false, peer, this.now);
  }

  private collect(table: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = this.memory.words[table + 2 * i]!;
      this.packets.push(toHex(this.memory.bytes.subarray(at, at + this.memory.words[table + 2 * i + 1]!)));
    }
  }

  /** Opens a path and lets the peer answer its challenge. */
  openValidated(id: number, rank = 0): void {
    this.session.openPath(id, id, id, rank, 1_472, this.now);
    const challenge = this.sent().find(
      (datagram) => datagram.pathId === id && datagram.frames.startsWith('06'),
    );
    this.receive(`07${challenge!.frames.slice(2, 18)}`, { path: id, remote: id, socket: id });
    this.sent();
  }

  /** Takes frames as if they had been opened from an authentic datagram. */
  receive(
    frames: string,
    where: { path?: number; number?: number; socket?: number; remote?: number } = {},
  ): void {
    const path = where.path ?? 0;
    const number = where.number ?? this.numbers.get(path) ?? 0;
    this.numbers.set(path, number + 1);
    const bytes = fromHex(frames);
    const at = this.memory.receiveBase + HEADER_BYTES;
    this.memory.bytes.set(bytes, at);
    const size = bytes.length + HEADER_BYTES + TAG_BYTES;
    const socket = where.socket ?? path;
    this.session.onDatagram(
      path,
      number,
      at,
      at + bytes.length,
      size,
      socket,
      where.remote ?? path,
      this.now,
    );
    this.session.flush();
  }

  /** Everything that the session has to send now. */
  sent(): SentDatagram[] {
    const { words, bytes, sendTable } = this.memory;
    const out: SentDatagram[] = [];
    for (
      let socket = this.session.transmit(this.now);
      socket >= 0;
      socket = this.session.transmit(this.now)
    ) {
      for (let i = 0; i < this.builder.count; i++) {
        const at = words[sendTable + 4 * i]!;
        const size = words[sendTable + 4 * i + 1]!;
        out.push({
          pathId: bytes[at + 1]!,
          receiverIndex: readU32(bytes, at + 4),
          packetNumber: readPacketNumber(bytes, at),
          socket,
          remote: words[sendTable + 4 * i + 2]!,
          frames: toHex(bytes.subarray(at + HEADER_BYTES, at + size - TAG_BYTES)),
          bytes: size,
        });
      }
    }
    return out;
  }

  /** Runs the session's timers up to a moment, collecting what it sends. */
  advance(micros: number): SentDatagram[] {
    const until = this.now + micros;
    const out = this.sent();
    for (;;) {
      const next = Math.max(this.session.nextDeadline(this.now), this.now + 1);
      if (next > until) break;
      this.now = next;
      this.session.onTimeout(this.now);
      out.push(...this.sent());
    }
    this.now = until;
    return out;
  }

  /** Sends a packet of the inside given as hex of virtio-net header and IP packet. */
  sendPacket(packet: string): boolean {
    const bytes = fromHex(packet);
    const slot = this.memory.takeSend(bytes.length);
    if (slot < 0) return false;
    this.memory.bytes.set(bytes, slot);
    return this.session.sendPacket(slot, bytes.length, this.now);
  }

  events(): SessionEvent[] {
    const out: SessionEvent[] = [];
    for (let event = this.session.pollEvent(); event; event = this.session.pollEvent()) out.push(event);
    return out;
  }
}
