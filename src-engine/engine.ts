import { CookieJar, InitiationMac } from './crypto/initiation-mac.ts';
import { type StaticKeyPair } from './crypto/x25519.ts';
import { DatagramBuilder } from './datagram-builder.ts';
import { DropCounters } from './drop-counters.ts';
import { HandshakeInitiator } from './handshake-initiator.ts';
import { HandshakeResponder } from './handshake-responder.ts';
import { InitiationLimiter } from './initiation-limiter.ts';
import type { EngineMemory } from './memory.ts';
import { type Generation, type Peer, type RawDatagram, adoptGeneration } from './peer.ts';
import type { DatagramAead, PacketSink, RandomBytes } from './ports.ts';
import { UdpCoalescer } from './receive/udp-coalescer.ts';
import type { PeerMemory } from './send/message-store.ts';
import type { Role } from './session-types.ts';
import { Session } from './session.ts';
import {
  HEADER_BYTES,
  LEAST_DATAGRAM_BYTES,
  SEAL_OVERHEAD_BYTES,
  TYPE_COOKIE,
  TYPE_DATA,
  TYPE_INITIATION,
  TYPE_PAIRING,
  TYPE_RESPONSE,
  TYPE_VERSION,
  readPacketNumber,
  readU32,
} from './wire/header.ts';

/** What an engine is made of; everything that is not decided here comes from outside. */
export interface EngineOptions {
  readonly role: Role;
  readonly staticKey: StaticKeyPair;
  readonly memory: EngineMemory;
  readonly aead: DatagramAead;
  readonly packets: (session: Session) => PacketSink;
  readonly random: RandomBytes;
  readonly now: number;
  /** Writes the bytes that identify a remote address, for cookies. */
  readonly describeRemote: (remote: number) => Uint8Array;
  /** A number that is equal for equal remote addresses, whatever the port, and that a sender cannot foretell. */
  readonly sourceOf: (remote: number) => number;
  /** Takes datagrams of pairing; left out, they are counted as unknown. */
  readonly onPairing?: (datagram: RawDatagram) => void;
}

/**
 * One end of the protocol: peers, their sessions and handshakes. A pure state machine without input or output, clock,
 * timer or randomness of its own; `now` is monotonic microseconds everywhere.
 *
 * Contract: after each `handle*` call, drain {@link pollRaw} and every session's `transmit`, then read
 * {@link nextDeadline}, before the next call.
 */
export class Engine {
  readonly drops = new DropCounters();
  readonly builder: DatagramBuilder;
  /** Off until the driver knows that its TUN takes segmented UDP. */
  readonly coalescer: UdpCoalescer;
  readonly peers: Peer[] = [];
  private readonly options: EngineOptions;
  private readonly initiator: HandshakeInitiator;
  private readonly responder: HandshakeResponder;
  private readonly generations = new Map<number, Generation>();
  /** Of its own, so that a flood of one kind of question leaves the other its share. */
  private readonly pairingLimiter = new InitiationLimiter();
  private readonly raw: RawDatagram[] = [];
  private readonly opening: Generation[] = [];
  private opened = 0;
  /** The session whose deliveries lie in the table; all sessions share it. */
  private delivering: Session | null = null;

  constructor(options: EngineOptions) {
    this.options = options;
    this.builder = new DatagramBuilder(options.memory);
    const { bytes, joinBase, joinBytes } = options.memory;
    this.coalescer = new UdpCoalescer(bytes, joinBase, joinBytes);
    const instance = options.random(8);
    const shared = {
      staticKey: options.staticKey,
      aead: options.aead,
      random: options.random,
      drops: this.drops,
      instance,
      memory: () => this.promisedMemory(),
      send: (datagram: RawDatagram): void => void this.raw.push(datagram),
      register: (generation: Generation): void =>
        void this.generations.set(generation.localIndex, generation),
      unregister: (generation: Generation): void => this.forget(generation),
      freeIndex: (): number => this.freeIndex(),
    };
    this.initiator = new HandshakeInitiator(shared);
    this.responder = new HandshakeResponder(shared, {
      peers: this.peers,
      jar: new CookieJar(options.random, options.now),
      gate: new InitiationMac(options.staticKey.publicKey),
      describeRemote: options.describeRemote,
      sourceOf: options.sourceOf,
    });
  }

  /** Adds a paired machine by its 32-byte public key. */
  addPeer(publicKey: Uint8Array): Session {
    const { memory, aead, random, role } = this.options;
    const { drops, builder, coalescer } = this;
    const ports = { memory, aead, random, drops, builder, coalescer };
    const sink: PacketSink = {
      writePackets: (table, count) => this.options.packets(session).writePackets(table, count),
    };
    const session: Session = new Session(role, { ...ports, packets: sink });
    this.peers.push({
      publicKey,
      session,
      current: null,
      previous: null,
      pending: [],
      remoteInstance: null,
      answered: null,
    });
    return session;
  }

  /** Forgets a peer, its keys and its session; nothing of it is accepted from here on. */
  removePeer(session: Session, now: number): void {
    const index = this.peers.findIndex((peer) => peer.session === session);
    if (index < 0) return;
    const peer = this.peers[index]!;
    this.peers.splice(index, 1);
    this.initiator.forget(peer);
    for (const generation of this.generations.values()) if (generation.peer === peer) this.forget(generation);
    session.release(now);
  }

  // ---- input ---------------------------------------------------------------------------------------------------

  /**
   * Takes what one receive call brought.
   * @param table Int32 index of 4 words each: offset, length, segment bytes (of GRO), remote address.
   */
  handleDatagrams(socket: number, table: number, count: number, now: number): void {
    const { words } = this.options.memory;
    for (let i = 0; i < count; i++) {
      const entry = table + 4 * i;
      const from = words[entry]!;
      const end = from + words[entry + 1]!;
      const step = Math.max(1, words[entry + 2]!);
      const remote = words[entry + 3]!;
      for (let at = from; at < end; at += step) {
        this.sortDatagram(at, Math.min(step, end - at), socket, remote, now);
        if (this.opened === this.options.memory.openBatch) this.openBatch(socket, remote, now);
      }
      this.openBatch(socket, remote, now);
    }
    this.delivering = null;
    for (const peer of this.peers) peer.session.flush();
  }

  private sortDatagram(at: number, length: number, socket: number, remote: number, now: number): void {
    const { bytes, words, openTable } = this.options.memory;
    if (length < LEAST_DATAGRAM_BYTES) return this.drops.add('too-short');
    const type = bytes[at]!;
    if (type !== TYPE_DATA) {
      // What came before it was sealed with keys that a handshake may drop.
      this.openBatch(socket, remote, now);
      return this.handleHandshake(type, at, length, socket, remote, now);
    }
    if (length < SEAL_OVERHEAD_BYTES) return this.drops.add('too-short');
    const generation = this.generations.get(readU32(bytes, at + 4));
    if (generation === undefined) return this.drops.add('unknown-session');
    // Numbers are new with new keys: until they are confirmed, those of the old session say nothing.
    const isCounted = generation.isConfirmed || generation.isResumed;
    if (isCounted && !generation.peer.session.isFresh(bytes[at + 1]!, readPacketNumber(bytes, at))) {
      return this.drops.add('replayed');
    }
    const entry = openTable + 4 * this.opened;
    words[entry] = at;
    words[entry + 1] = length;
    words[entry + 2] = generation.openSlot;
    this.opening[this.opened++] = generation;
  }

  private openBatch(socket: number, remote: number, now: number): void {
    const count = this.opened;
    if (count === 0) return;
    this.opened = 0;
    const { bytes, words, openTable } = this.options.memory;
    this.options.aead.open(openTable, count);
    for (let i = 0; i < count; i++) {
      const entry = openTable + 4 * i;
      if (words[entry + 3] !== 1) {
        this.drops.add('forged');
        continue;
      }
      const generation = this.opening[i]!;
      // A datagram before it in the batch may have ended the session that its numbers belong to.
      if (this.generations.get(generation.localIndex) !== generation) {
        this.drops.add('unknown-session');
        continue;
      }
      if (!generation.isConfirmed) this.confirm(generation, now);
      const at = words[entry]!;
      const length = words[entry + 1]!;
      const { session } = generation.peer;
      if (this.delivering !== session) this.delivering?.flush();
      this.delivering = session;
      session.onDatagram(
        bytes[at + 1]!,
        readPacketNumber(bytes, at),
        at + HEADER_BYTES,
        at + length - (SEAL_OVERHEAD_BYTES - HEADER_BYTES),
        length,
        socket,
        remote,
        now,
      );
    }
  }

  /** The first datagram under new keys proves that the initiator holds them: from here on they are the current ones. */
  private confirm(generation: Generation, now: number): void {
    const { peer } = generation;
    generation.isConfirmed = true;
    // Older offers are void; a newer one may still be the initiator's answer to a lost response.
    while (peer.pending.length > 0) {
      const offer = peer.pending.shift()!;
      if (offer === generation) break;
      this.forget(offer);
    }
    adoptGeneration(peer, generation, (old) => this.forget(old), now);
  }

  private handleHandshake(
    type: number,
    at: number,
    length: number,
    socket: number,
    remote: number,
    now: number,
  ): void {
    const isInitiation = this.options.role === 'responder' && type === TYPE_INITIATION;
    const isAnswer =
      this.options.role === 'initiator' &&
      (type === TYPE_RESPONSE || type === TYPE_COOKIE || type === TYPE_VERSION);
    const isPairing = this.options.onPairing !== undefined && type === TYPE_PAIRING;
    if (!isInitiation && !isAnswer && !isPairing) return this.drops.add('unknown-type');
    if (isInitiation && !this.responder.admits(remote, now)) return;
    if (isPairing && !this.pairingLimiter.admits(this.options.sourceOf(remote), remote, false, now))
      return this.drops.add('pairing-limited');
    // A copy: the handshake outlives the receive buffer, and its messages are short and rare.
    const message = this.options.memory.bytes.slice(at, at + Math.min(length, MAX_HANDSHAKE_BYTES + 1));
    if (message.length > MAX_HANDSHAKE_BYTES) return this.drops.add('handshake-invalid');
    if (isInitiation) return this.responder.onInitiation(message, socket, remote, now);
    if (isAnswer) return this.initiator.onAnswer(type, message, now);
    this.options.onPairing?.({ socket, remote, bytes: message });
  }

  // ---- time and output -----------------------------------------------------------------------------------------

  /** Does what is due at `now`. */
  handleTimeout(now: number): void {
    for (const generation of this.generations.values())
      if (now >= generation.expiresAt) this.forget(generation);
    for (const peer of this.peers) {
      if (this.options.role === 'initiator') this.initiator.onTimeout(peer, now);
      peer.session.onTimeout(now);
    }
  }

  /** When {@link handleTimeout} is due next, or Infinity. */
  nextDeadline(now: number): number {
    let deadline = Infinity;
    for (const generation of this.generations.values()) deadline = Math.min(deadline, generation.expiresAt);
    for (const peer of this.peers) {
      if (this.options.role === 'initiator') deadline = Math.min(deadline, this.initiator.nextDeadline(peer));
      deadline = Math.min(deadline, peer.session.nextDeadline(now));
    }
    return deadline;
  }

  /** Sends a datagram of pairing, in order with those of handshakes. */
  sendRaw(datagram: RawDatagram): void {
    this.raw.push(datagram);
  }

  /** The next datagram to send that is not sealed, or undefined. */
  pollRaw(): RawDatagram | undefined {
    return this.raw.shift();
  }

  /** Starts or repeats the initiator's handshake at once; the session asks for it when all its paths fall silent. */
  hurryHandshake(now: number): void {
    for (const peer of this.peers) this.initiator.hurry(peer, now);
  }

  /** What each peer may have outstanding: a fair part of the receive slots, so that none can starve the others. */
  private promisedMemory(): PeerMemory {
    const [smallSlots = 0, mediumSlots = 0, largeSlots = 0] = this.options.memory.receive.map(({ count }) =>
      Math.min(count, Math.max(LEAST_SLOTS, Math.floor(count / this.peers.length))),
    );
    return { smallSlots, mediumSlots, largeSlots };
  }

  private freeIndex(): number {
    for (;;) {
      const index = readU32(this.options.random(4), 0);
      if (!this.generations.has(index)) return index;
    }
  }

  private forget(generation: Generation): void {
    this.generations.delete(generation.localIndex);
    this.options.aead.keyDrop(generation.openSlot);
    this.options.aead.keyDrop(generation.sealSlot);
    if (generation.peer.current === generation) generation.peer.current = null;
    const { peer } = generation;
    if (peer.previous === generation) peer.previous = null;
    const index = peer.pending.indexOf(generation);
    if (index >= 0) peer.pending.splice(index, 1);
  }
}

/** With many laptops promises may exceed the memory: most are idle, and what finds no slot is sent again. */
const LEAST_SLOTS = 16;
/** An initiation has 8 + 96 + 24 + 32 bytes; later versions may say more. */
const MAX_HANDSHAKE_BYTES = 1_024;
