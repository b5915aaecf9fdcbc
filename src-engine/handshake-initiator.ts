import { InitiationMac, INITIATION_MACS_BYTES } from './crypto/initiation-mac.ts';
import { InitiatorHandshake } from './crypto/noise-ik.ts';
import type { StaticKeyPair } from './crypto/x25519.ts';
import type { DropCounters } from './drop-counters.ts';
import { type Generation, type Peer, type RawDatagram, adoptGeneration, makeGeneration } from './peer.ts';
import type { AeadSuite, DatagramAead, RandomBytes } from './ports.ts';
import type { PeerMemory } from './send/message-store.ts';
import { TYPE_INITIATION, TYPE_RESPONSE, TYPE_VERSION, readU32 } from './wire/header.ts';
import {
  NOTICE_HEAD_BYTES,
  RESPONSE_HEAD_BYTES,
  frameHandshake,
  noticeReceiver,
  readHello,
  suiteBit,
  writeHello,
} from './wire/handshake.ts';

/** What both halves of the handshake need of the engine. */
export interface HandshakeContext {
  readonly staticKey: StaticKeyPair;
  readonly aead: DatagramAead;
  readonly random: RandomBytes;
  readonly drops: DropCounters;
  readonly instance: Uint8Array;
  readonly memory: () => PeerMemory;
  readonly send: (datagram: RawDatagram) => void;
  readonly register: (generation: Generation) => void;
  readonly unregister: (generation: Generation) => void;
  readonly freeIndex: () => number;
}

/** Binds both ends to this protocol and version without sending it twice. */
export const PROLOGUE = new TextEncoder().encode('bowline 1');

interface Attempt {
  readonly handshake: InitiatorHandshake;
  readonly message: Uint8Array;
  readonly localIndex: number;
  readonly startedAt: number;
  repeatAt: number;
  intervalMicros: number;
}

/**
 * The initiator's half: starts handshakes, on all open paths at once, repeats them, renews keys in time, and begins
 * again when every path has fallen silent, because the peer may have lost its state.
 */
export class HandshakeInitiator {
  private readonly context: HandshakeContext;
  private readonly attempts = new Map<Peer, Attempt>();
  private readonly gates = new Map<Peer, InitiationMac>();
  private readonly cookies = new Map<Peer, Uint8Array>();
  private readonly renewAt = new Map<Peer, number>();

  constructor(context: HandshakeContext) {
    this.context = context;
  }

  /** Begins at once, or repeats what is under way. */
  hurry(peer: Peer, now: number): void {
    const attempt = this.attempts.get(peer);
    if (attempt === undefined) this.begin(peer, now);
    else attempt.repeatAt = Math.min(attempt.repeatAt, now);
  }

  /** Ends what is under way with a peer that is no longer paired. */
  forget(peer: Peer): void {
    for (const kept of [this.attempts, this.gates, this.cookies, this.renewAt]) kept.delete(peer);
  }

  onTimeout(peer: Peer, now: number): void {
    const attempt = this.attempts.get(peer);
    if (attempt !== undefined) {
      if (now - attempt.startedAt > ATTEMPT_MICROS) this.begin(peer, now);
      else if (now >= attempt.repeatAt) this.repeat(peer, attempt, now);
      return;
    }
    if (this.isNeeded(peer, now)) this.begin(peer, now);
  }

  nextDeadline(peer: Peer): number {
    const attempt = this.attempts.get(peer);
    if (attempt !== undefined) return attempt.repeatAt;
    if (!hasOpenPath(peer)) return Infinity;
    const { session } = peer;
    if (!session.isEstablished) return 0;
    if (session.hasCarrying || session.lostSince === 0) return this.renewAt.get(peer) ?? 0;
    return Math.max(session.lostSince + RESTART_AFTER_MICROS, session.establishedAt + RESTART_EVERY_MICROS);
  }

  private isNeeded(peer: Peer, now: number): boolean {
    return hasOpenPath(peer) && now >= this.nextDeadline(peer);
  }

  private begin(peer: Peer, now: number): void {
    const { context } = this;
    const localIndex = context.freeIndex();
    const handshake = new InitiatorHandshake({
      prologue: PROLOGUE,
      staticKey: context.staticKey,
      remoteStaticPublic: peer.publicKey,
      ephemeral: context.random(32),
    });
    const hello = writeHello({
      instance: context.instance,
      knownPeer: peer.remoteInstance ?? new Uint8Array(8),
      suites: suiteBit(1) | suiteBit(2),
      flags: context.aead.hasAesHardware ? 1 : 0,
      memory: context.memory(),
    });
    const noise = handshake.writeMessage(hello);
    const message = frameHandshake(TYPE_INITIATION, localIndex, null, noise, INITIATION_MACS_BYTES);
    this.gateOf(peer).sign(message, this.cookies.get(peer));
    const attempt = { handshake, message, localIndex, startedAt: now, repeatAt: now, intervalMicros: 0 };
    this.attempts.set(peer, attempt);
    this.repeat(peer, attempt, now);
  }

  private gateOf(peer: Peer): InitiationMac {
    let gate = this.gates.get(peer);
    if (gate === undefined) this.gates.set(peer, (gate = new InitiationMac(peer.publicKey)));
    return gate;
  }

  private repeat(peer: Peer, attempt: Attempt, now: number): void {
    for (const path of peer.session.paths) {
      if (path.isOpen)
        this.context.send({ socket: path.socket, remote: path.remote, bytes: attempt.message });
    }
    attempt.intervalMicros = Math.min(
      MAX_REPEAT_MICROS,
      Math.max(FIRST_REPEAT_MICROS, attempt.intervalMicros * 2),
    );
    attempt.repeatAt = now + attempt.intervalMicros;
  }

  /** Takes a response, a cookie or a version notice. */
  onAnswer(type: number, message: Uint8Array, now: number): void {
    const isResponse = type === TYPE_RESPONSE;
    const receiver =
      isResponse && message.length >= RESPONSE_HEAD_BYTES ? readU32(message, 8) : noticeReceiver(message);
    for (const [peer, attempt] of this.attempts) {
      if (attempt.localIndex !== receiver) continue;
      if (isResponse) this.onResponse(peer, attempt, message, now);
      else if (type === TYPE_VERSION) peer.session.noteVersion(message[1]!);
      else this.onCookie(peer, attempt, message, now);
      return;
    }
    // The same answer comes over each path; the first has ended the attempt.
    this.context.drops.add('handshake-late');
  }

  private onCookie(peer: Peer, attempt: Attempt, message: Uint8Array, now: number): void {
    const cookie = this.gateOf(peer).openCookieReply(attempt.message, message.subarray(NOTICE_HEAD_BYTES));
    if (!cookie.ok) return this.context.drops.add('handshake-mac');
    this.cookies.set(peer, cookie.value);
    this.gateOf(peer).sign(attempt.message, cookie.value);
    attempt.repeatAt = now;
  }

  private onResponse(peer: Peer, attempt: Attempt, message: Uint8Array, now: number): void {
    const { context } = this;
    const answer = attempt.handshake.readResponse(message.subarray(RESPONSE_HEAD_BYTES));
    const hello = answer.ok ? readHello(answer.value.payload) : null;
    if (!answer.ok || hello === null) return context.drops.add('handshake-invalid');
    const suite: AeadSuite = hello.suites === suiteBit(1) ? 1 : 2;
    const isResumed = (hello.flags & 1) === 1 && peer.remoteInstance !== null;
    const indexes = { local: attempt.localIndex, remote: readU32(message, 4) };
    const about = { isResumed, memory: hello.memory, remoteInstance: hello.instance };
    const generation = makeGeneration(peer, context.aead, answer.value.keys, suite, indexes, about);
    generation.isConfirmed = true;
    this.attempts.delete(peer);
    this.renewAt.set(peer, now + RENEW_MICROS);
    context.register(generation);
    adoptGeneration(peer, generation, context.unregister, now);
  }
}

function hasOpenPath(peer: Peer): boolean {
  return peer.session.paths.some((path) => path.isOpen);
}

/** A LAN answers within milliseconds; a busy box within some tens of them. */
const FIRST_REPEAT_MICROS = 60_000;
/** A box that comes back is found within a quarter second, which leaves room in the promised 300 ms. */
const MAX_REPEAT_MICROS = 200_000;
/** A new attempt has fresh keys; an old one may have been answered by a box that has restarted since. */
const ATTEMPT_MICROS = 2_000_000;
/** Keys are renewed every two minutes, as WireGuard does. */
const RENEW_MICROS = 120_000_000;
/** Silence on all paths this long may be a restarted box. */
const RESTART_AFTER_MICROS = 50_000;
/** A session that was just renewed and still finds no path needs a path, not another handshake. */
const RESTART_EVERY_MICROS = 1_000_000;
