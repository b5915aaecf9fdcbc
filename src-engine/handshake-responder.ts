import { type CookieJar, INITIATION_MACS_BYTES, type InitiationMac } from './crypto/initiation-mac.ts';
import { ResponderHandshake } from './crypto/noise-ik.ts';
import { type HandshakeContext, PROLOGUE } from './handshake-initiator.ts';
import { InitiationLimiter } from './initiation-limiter.ts';
import { type Peer, makeGeneration, sameBytes } from './peer.ts';
import type { AeadSuite } from './ports.ts';
import { TYPE_COOKIE, TYPE_RESPONSE, TYPE_VERSION, readU32 } from './wire/header.ts';
import {
  type Hello,
  INITIATION_HEAD_BYTES,
  PROTOCOL_VERSION,
  frameHandshake,
  frameNotice,
  readHello,
  suiteBit,
  writeHello,
} from './wire/handshake.ts';

export interface ResponderParts {
  readonly peers: readonly Peer[];
  readonly jar: CookieJar;
  readonly gate: InitiationMac;
  readonly describeRemote: (remote: number) => Uint8Array;
  readonly sourceOf: (remote: number) => number;
}

/**
 * The responder's half. What is cheap comes first: a count, MAC, version, then under load a cookie, and only then public-key
 * work. An answer changes nothing about a running session; the first datagram under the new keys does.
 */
export class HandshakeResponder {
  private readonly context: HandshakeContext;
  private readonly parts: ResponderParts;
  private readonly limiter = new InitiationLimiter();
  private windowStart = 0;
  private inWindow = 0;

  constructor(context: HandshakeContext, parts: ResponderParts) {
    this.context = context;
    this.parts = parts;
  }

  /** Whether an initiation from this remote is looked at; to be asked once for each, before {@link onInitiation}. */
  admits(remote: number, now: number): boolean {
    if (this.limiter.admits(this.parts.sourceOf(remote), remote, this.isProven(remote), now)) return true;
    this.context.drops.add('handshake-limited');
    return false;
  }

  onInitiation(message: Uint8Array, socket: number, remote: number, now: number): void {
    const { context, parts } = this;
    if (message.length < INITIATION_HEAD_BYTES + INITIATION_MACS_BYTES) return context.drops.add('too-short');
    if (!parts.gate.isMac1Valid(message)) return context.drops.add('handshake-mac');
    const initiatorIndex = readU32(message, 4);
    if (message[1] !== PROTOCOL_VERSION) {
      context.drops.add('handshake-invalid');
      return context.send({
        socket,
        remote,
        bytes: frameNotice(TYPE_VERSION, initiatorIndex, new Uint8Array(8)),
      });
    }
    const noise = message.subarray(INITIATION_HEAD_BYTES, message.length - INITIATION_MACS_BYTES);
    const ephemeral = noise.subarray(0, 32);
    const known = parts.peers.find(
      (peer) => peer.answered !== null && sameBytes(peer.answered.ephemeral, ephemeral),
    );
    if (known?.answered) return context.send({ socket, remote, bytes: known.answered.response });
    // A path has shown by its challenge that the address is its own: that is what a cookie would show.
    const isProven = this.isProven(remote);
    if (!isProven && this.isUnderLoad(now) && !this.hasCookie(message, socket, remote, initiatorIndex, now)) {
      return;
    }
    this.answer(noise, initiatorIndex, socket, remote);
  }

  /** Whether a path of a session was validated at this remote. */
  private isProven(remote: number): boolean {
    return this.parts.peers.some(({ session }) =>
      session.paths.some(
        (path) => path.remote === remote && (path.state === 'validated' || path.state === 'suspect'),
      ),
    );
  }

  private isUnderLoad(now: number): boolean {
    if (now - this.windowStart > LOAD_WINDOW_MICROS) {
      this.windowStart = now;
      this.inWindow = 0;
    }
    return ++this.inWindow > UNLOADED_PER_WINDOW;
  }

  private hasCookie(
    message: Uint8Array,
    socket: number,
    remote: number,
    index: number,
    now: number,
  ): boolean {
    const { context, parts } = this;
    const address = parts.describeRemote(remote);
    const isLooked = this.inWindow <= LIMIT_PER_WINDOW;
    if (isLooked && parts.jar.isMac2Valid(message, address, now)) return true;
    context.drops.add('handshake-limited');
    if (!isLooked) return false;
    const reply = parts.gate.sealCookieReply(message, parts.jar.bake(address, now), context.random(12));
    context.send({ socket, remote, bytes: frameNotice(TYPE_COOKIE, index, reply) });
    return false;
  }

  private answer(noise: Uint8Array, initiatorIndex: number, socket: number, remote: number): void {
    const { context } = this;
    const handshake = new ResponderHandshake({
      prologue: PROLOGUE,
      staticKey: context.staticKey,
      ephemeral: context.random(32),
    });
    const read = handshake.readInitiation(noise);
    if (!read.ok) return context.drops.add('handshake-invalid');
    const peer = this.parts.peers.find((known) => sameBytes(known.publicKey, read.value.remoteStaticPublic));
    if (peer === undefined) return context.drops.add('handshake-unknown-peer');
    const hello = readHello(read.value.payload);
    const suite = hello === null ? null : this.chooseSuite(hello);
    if (hello === null || suite === null) return context.drops.add('handshake-invalid');
    const isResumed =
      peer.remoteInstance !== null &&
      sameBytes(peer.remoteInstance, hello.instance) &&
      sameBytes(hello.knownPeer, context.instance);
    const reply = writeHello({
      instance: context.instance,
      knownPeer: new Uint8Array(8),
      suites: suiteBit(suite),
      flags: isResumed ? 1 : 0,
      memory: context.memory(),
    });
    const { message, keys } = handshake.writeResponse(reply);
    if (peer.pending.length === MOST_PENDING) context.unregister(peer.pending[0]!);
    const indexes = { local: context.freeIndex(), remote: initiatorIndex };
    const about = { isResumed, memory: hello.memory, remoteInstance: hello.instance };
    const generation = makeGeneration(peer, context.aead, keys, suite, indexes, about);
    peer.pending.push(generation);
    context.register(generation);
    const response = frameHandshake(TYPE_RESPONSE, indexes.local, initiatorIndex, message, 0);
    peer.answered = { ephemeral: noise.slice(0, 32), response };
    context.send({ socket, remote, bytes: response });
  }

  private chooseSuite(hello: Hello): AeadSuite | null {
    const isAesFast = this.context.aead.hasAesHardware && (hello.flags & 1) === 1;
    if (isAesFast && (hello.suites & suiteBit(1)) !== 0) return 1;
    return (hello.suites & suiteBit(2)) !== 0 ? 2 : (hello.suites & suiteBit(1)) !== 0 ? 1 : null;
  }
}

/** Offers to one peer that may be open at once. */
const MOST_PENDING = 4;
const LOAD_WINDOW_MICROS = 100_000;
/** 50 handshakes a second: a whole home that wakes up at once needs no cookie, a flood does. */
const UNLOADED_PER_WINDOW = 5;
/** 4,000 checks of a second MAC, or cookies, a second cost some 8 % of a core; what comes beyond is dropped. */
const LIMIT_PER_WINDOW = 400;
