import { RateModel } from '../congestion/rate-model.ts';
import { ReplayWindow } from '../crypto/replay-window.ts';
import { type AckFields, STATUS_ABANDONED, STATUS_RESERVE, STATUS_STANDBY } from '../wire/frames.ts';
import { AckSchedule } from './ack-schedule.ts';
import { LossMeter } from './loss-meter.ts';
import { MtuDiscovery } from './mtu-discovery.ts';
import { RttEstimator } from './rtt.ts';
import {
  FLAG_APP_LIMITED,
  FLAG_CLEAN,
  SENT_CAPACITY,
  SENT_IN_FLIGHT,
  SENT_LOST,
  SENT_NONE,
  SENT_SUSPECTED,
  SentDatagrams,
} from './sent-datagrams.ts';

/**
 * `closed`: no socket. `probing`: a challenge is out. `validated`: the peer answers here. `suspect`: data is out and
 * nothing was heard for too long; its data goes out elsewhere too, and probes ask whether it still lives.
 */
export type PathState = 'closed' | 'probing' | 'validated' | 'suspect';

/** An address from which authentic data came for a path, and which has to prove itself before the path moves there. */
export interface Candidate {
  readonly socket: number;
  readonly remote: number;
}

/** What happens to the chunks of datagrams; implemented by the outbox. `refs` is the head of a reference list. */
export interface ChunkFate {
  acknowledge(refs: number): void;
  /** The datagram will not arrive; `wasSuspected` tells that its chunks were already released for replay. */
  lose(refs: number, wasSuspected: boolean): void;
  /** The datagram may not arrive: its chunks may go out again, an acknowledgement still counts. */
  suspect(refs: number): void;
  /** Sends the datagram's chunks once more without giving it up. */
  repeat(refs: number): void;
}

/**
 * One path: a socket on one side, an address of the peer on the other, with its own packet numbers, round trip,
 * delivery rate, loss, datagram size. Loss detection is RACK (RFC 8985) with QUIC's timing (RFC 9002).
 *
 * Packet numbers and the replay window live as long as the session, also across {@link close} and {@link open}: a
 * nonce is never used twice.
 */
export class Path {
  readonly id: number;
  readonly sent = new SentDatagrams();
  readonly received = new ReplayWindow();
  readonly acks = new AckSchedule();
  readonly rtt = new RttEstimator();
  readonly model = new RateModel();
  readonly mtu = new MtuDiscovery();
  state: PathState = 'closed';
  /** Handle of the socket and of the peer's address; opaque here. */
  socket = -1;
  remote = -1;
  /** Preference of the link, lower is better; see the scheduler. */
  rank = 0;
  /** What the peer asks this path to be used for. */
  peerStatus = STATUS_STANDBY;
  bytesInFlight = 0;
  readonly loss = new LossMeter();
  /** When data went out that nothing was heard of since; 0 if nothing is awaited. */
  awaitingSince = 0;
  lastHeardAt = 0;
  lastProgressAt = 0;
  lastElicitingAt = 0;
  validatedAt = 0;
  /** When the state last changed. */
  stateSince = 0;
  suspicions = 0;
  datagramsLost = 0;
  datagramsSent = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** What the link can carry, UDP payload bytes. */
  maximumDatagramBytes = 0;
  /** Set while a send on the socket would block. */
  isBlocked = false;
  pingDue = false;
  /** Set when the path is late with an answer and has no alternative; cleared by who asks the others. */
  isLate = false;
  /** The challenge that is out, the one to answer and whom, and an address the path may move to. */
  challenge: Uint8Array | null = null;
  challengeDue = false;
  responseDue: Uint8Array | null = null;
  responseTo: Candidate | null = null;
  candidate: Candidate | null = null;
  /** When the path is asked next, 0 for never, and the pause before that. */
  probeAt = 0;
  probeIntervalMicros = 0;
  private lossAt = 0;
  private lateAgainAt = 0;
  ptoCount = 0;
  private reorderThreshold = MIN_REORDER_DATAGRAMS;
  private largestAcked = -1;
  private suspectFloorMicros = SUSPECT_FLOOR_MICROS;

  constructor(id: number) {
    this.id = id;
  }

  /** Whether the path carries only if no other does: no copies, no share of a sum. */
  get isReserve(): boolean {
    return this.rank >= RESERVE_RANK_MICROS || this.peerStatus === STATUS_RESERVE;
  }

  get isUsable(): boolean {
    return this.state === 'validated';
  }

  /** Whether copies go out here: also while the path has just fallen silent, which on a link that loses means little. */
  takesCopies(now: number): boolean {
    return this.isUsable || (this.state === 'suspect' && now - this.stateSince < DOUBT_MICROS);
  }

  /** Share of datagrams lost lately, 0 to 1. */
  get lossRatio(): number {
    return this.loss.ratio;
  }

  get isOpen(): boolean {
    return this.state !== 'closed';
  }

  /** Starts the path over a socket, towards an address, with everything unknown but the packet numbers. */
  open(socket: number, remote: number, rank: number, maximumDatagramBytes: number, now: number): void {
    this.socket = socket;
    this.remote = remote;
    this.rank = rank;
    this.rtt.reset();
    this.model.reset();
    this.mtu.reset(maximumDatagramBytes, now);
    this.loss.reset();
    this.suspectFloorMicros = SUSPECT_FLOOR_MICROS;
    this.reorderThreshold = MIN_REORDER_DATAGRAMS;
    this.isBlocked = false;
    this.pingDue = false;
    this.challenge = null;
    this.challengeDue = false;
    this.responseDue = null;
    this.candidate = null;
    this.maximumDatagramBytes = maximumDatagramBytes;
    this.lastHeardAt = now;
    this.enter('probing', now);
  }

  /** Ends the path; everything in flight is lost and will be replayed elsewhere. */
  close(fate: ChunkFate, now: number): void {
    this.abandonInFlight(fate);
    this.peerStatus = STATUS_ABANDONED;
    this.enter('closed', now);
  }

  validate(now: number): void {
    this.awaitingSince = 0;
    this.ptoCount = 0;
    this.validatedAt = now;
    this.enter('validated', now);
  }

  /** Continues from another address of the peer; what is in flight may have been lost on the way to the old one. */
  move(socket: number, remote: number, fate: ChunkFate, now: number): void {
    this.suspect(fate, now);
    this.socket = socket;
    this.remote = remote;
    this.candidate = null;
    this.rtt.reset();
    this.model.reset();
    this.mtu.reset(this.maximumDatagramBytes, now);
    this.validate(now);
  }

  private enter(state: PathState, now: number): void {
    this.state = state;
    this.stateSince = now;
    this.probeIntervalMicros = 0;
    this.probeAt = now;
    this.awaitingSince = 0;
  }

  /** Window left, in bytes. */
  windowRoom(): number {
    if (this.sent.isFull || this.isBlocked) return 0;
    return this.model.windowBytes(this.rtt.minimumMicros) - this.bytesInFlight;
  }

  /** Whether pacing lets a datagram go now. */
  mayPace(now: number): boolean {
    return this.model.pacingAllowance(this.rtt.minimumMicros, this.rtt.smoothedMicros, now) > 0;
  }

  /**
   * Books a datagram that leaves now and returns its packet number. On a suspect path its chunks count as suspected.
   * @param refs chunk references it carries, or -1. @param isEliciting whether it asks for an acknowledgement.
   */
  book(bytes: number, refs: number, isEliciting: boolean, isAppLimited: boolean, now: number): number {
    const sent = this.sent;
    const packetNumber = sent.next++;
    const slot = packetNumber % SENT_CAPACITY;
    this.datagramsSent++;
    this.bytesSent += bytes;
    sent.refs[slot] = refs;
    if (!isEliciting) {
      sent.state[slot] = SENT_NONE;
      if (sent.oldest === packetNumber) sent.oldest++;
      return packetNumber;
    }
    sent.state[slot] = refs >= 0 && !this.isUsable ? SENT_SUSPECTED : SENT_IN_FLIGHT;
    sent.bytes[slot] = bytes;
    sent.sentAt[slot] = now;
    const isClean = this.bytesInFlight <= CLEAN_IN_FLIGHT_BYTES;
    sent.flags[slot] = (isAppLimited ? FLAG_APP_LIMITED : 0) | (isClean ? FLAG_CLEAN : 0);
    sent.firstSentThen[slot] = this.model.sendIntervalStart(this.bytesInFlight, now);
    sent.deliveredThen[slot] = this.model.delivered;
    sent.deliveredAtThen[slot] = this.model.deliveredAt;
    this.bytesInFlight += bytes;
    this.model.spend(bytes, isAppLimited);
    this.loss.onSent();
    this.lastElicitingAt = now;
    if (this.awaitingSince === 0) this.awaitingSince = now;
    return packetNumber;
  }

  /**
   * Takes an acknowledgement of this path's packet numbers.
   * @param isRoundTrip whether it came over this path too: else its time says nothing about the path's round trip.
   * @returns false if it acknowledges what was never sent.
   */
  onAck(ack: AckFields, isRoundTrip: boolean, fate: ChunkFate, now: number): boolean {
    const sent = this.sent;
    if (ack.ranges[1]! >= sent.next) return false;
    const floor = Math.max(0, sent.oldest - LATE_ACK_DATAGRAMS, sent.next - SENT_CAPACITY + 1);
    let newest = -1;
    const deliveredBefore = this.model.delivered;
    for (let i = 0; i < ack.count; i++) {
      const first = Math.max(ack.ranges[2 * i]!, floor);
      for (let number = ack.ranges[2 * i + 1]!; number >= first; number--) {
        const slot = number % SENT_CAPACITY;
        const state = sent.state[slot]!;
        if (state === SENT_NONE) continue;
        if (state === SENT_LOST) {
          this.reorderThreshold = Math.min(MAX_REORDER_DATAGRAMS, this.largestAcked - number + 1);
        } else {
          if (state === SENT_IN_FLIGHT) this.bytesInFlight -= sent.bytes[slot]!;
          this.model.delivered += sent.bytes[slot]!;
          fate.acknowledge(sent.refs[slot]!);
          this.mtu.onAcknowledged(number, sent.bytes[slot]!);
          if (newest < 0) newest = number;
        }
        sent.state[slot] = SENT_NONE;
        sent.refs[slot] = -1;
      }
    }
    if (newest < 0) return true;
    this.model.onDelivered(this.model.delivered - deliveredBefore, now);
    this.onProgress(newest, ack, isRoundTrip, now);
    if (this.state === 'suspect') this.recover(fate, now);
    sent.advance();
    this.detectLoss(fate, now);
    return true;
  }

  private onProgress(newest: number, ack: AckFields, isRoundTrip: boolean, now: number): void {
    const sent = this.sent;
    const slot = newest % SENT_CAPACITY;
    this.model.deliveredAt = now;
    this.lastProgressAt = now;
    this.ptoCount = 0;
    if (newest > this.largestAcked) {
      this.largestAcked = newest;
      const isClean = (sent.flags[slot]! & FLAG_CLEAN) !== 0;
      if (isRoundTrip) this.rtt.update(now - sent.sentAt[slot]!, ack.delayMicros, isClean, now);
    }
    this.model.onSample(
      sent.deliveredThen[slot]!,
      sent.deliveredAtThen[slot]!,
      sent.sentAt[slot]!,
      sent.firstSentThen[slot]!,
      (sent.flags[slot]! & FLAG_APP_LIMITED) !== 0,
      now,
    );
    this.awaitingSince = this.bytesInFlight > 0 ? now : 0;
  }

  private recover(fate: ChunkFate, now: number): void {
    const wasQuick = now - this.stateSince < SPURIOUS_WITHIN_MICROS;
    if (wasQuick) this.suspectFloorMicros = Math.min(MAX_SUSPECT_FLOOR_MICROS, this.suspectFloorMicros * 1.5);
    else this.suspectFloorMicros = SUSPECT_FLOOR_MICROS;
    this.loss.restart();
    this.setAside(fate);
    this.enter('validated', now);
    this.validatedAt = now;
  }

  /** What an outage swallowed counts neither as in flight nor as loss of the path that works again. */
  private setAside(fate: ChunkFate): void {
    const sent = this.sent;
    for (let number = sent.oldest; number < sent.next; number++) {
      const slot = number % SENT_CAPACITY;
      if (sent.state[slot] !== SENT_IN_FLIGHT) continue;
      sent.state[slot] = SENT_SUSPECTED;
      fate.suspect(sent.refs[slot]!);
    }
    this.bytesInFlight = 0;
  }

  /** Declares lost what RACK says; sets {@link lossAt} for what is only late so far. */
  private detectLoss(fate: ChunkFate, now: number): void {
    const sent = this.sent;
    const wait = Math.max(
      MIN_LOSS_DELAY_MICROS,
      (Math.max(this.rtt.smoothedMicros, this.rtt.latestMicros) * 9) / 8,
    );
    this.lossAt = 0;
    let anyLost = false;
    for (let number = sent.oldest; number < this.largestAcked; number++) {
      const slot = number % SENT_CAPACITY;
      const state = sent.state[slot]!;
      if (state !== SENT_IN_FLIGHT && state !== SENT_SUSPECTED) continue;
      const dueAt = sent.sentAt[slot]! + wait;
      if (dueAt > now && this.largestAcked - number < this.reorderThreshold) {
        this.lossAt = this.lossAt === 0 ? dueAt : Math.min(this.lossAt, dueAt);
        continue;
      }
      anyLost = true;
      this.declareLost(number, slot, state, fate, now);
    }
    if (anyLost) sent.advance();
    this.updateLossRatio(now);
  }

  private declareLost(number: number, slot: number, state: number, fate: ChunkFate, now: number): void {
    const sent = this.sent;
    if (state === SENT_IN_FLIGHT) this.bytesInFlight -= sent.bytes[slot]!;
    sent.state[slot] = SENT_LOST;
    this.datagramsLost++;
    // What an outage swallowed says nothing about the loss of a working path.
    if (state === SENT_IN_FLIGHT) this.loss.onLost();
    this.mtu.onLost(number, sent.bytes[slot]!, now);
    fate.lose(sent.refs[slot]!, state === SENT_SUSPECTED);
    sent.refs[slot] = -1;
  }

  private updateLossRatio(now: number): void {
    const ratio = this.loss.finishRound(now);
    if (ratio < 0) return;
    // What our own excess cost says nothing about the path.
    const { minimumMicros, smoothedMicros } = this.rtt;
    if (!this.model.noteOverflow(ratio, this.bytesInFlight, minimumMicros, smoothedMicros))
      this.loss.take(ratio);
  }

  /** How long silence may last before the path is suspected. */
  private suspectAfterMicros(hasAlternative: boolean): number {
    if (!hasAlternative) return LONELY_SUSPECT_MICROS;
    if (!this.rtt.hasSample) return UNMEASURED_SUSPECT_MICROS;
    return Math.max(this.suspectFloorMicros, 3 * this.rtt.smoothedMicros + 4 * this.rtt.variationMicros);
  }

  /** When the only working path is late enough to ask whether another works again. */
  private lateAt(): number {
    return Math.max(this.awaitingSince + this.suspectAfterMicros(true), this.lateAgainAt);
  }

  private ptoMicros(): number {
    const base = this.rtt.hasSample
      ? this.rtt.smoothedMicros + 4 * this.rtt.variationMicros + PEER_ACK_DELAY_MICROS
      : UNMEASURED_SUSPECT_MICROS;
    return Math.max(MIN_PTO_MICROS, base) * 2 ** Math.min(this.ptoCount, 6);
  }

  /** Earliest moment at which {@link onTimeout} has something to do, or Infinity. */
  nextDeadline(hasAlternative: boolean): number {
    if (this.state === 'closed') return Infinity;
    let deadline = this.probeAt > 0 ? this.probeAt : Infinity;
    if (this.state === 'probing') return deadline;
    if (this.lossAt > 0 && this.lossAt < deadline) deadline = this.lossAt;
    if (this.state === 'validated' && this.awaitingSince > 0 && this.bytesInFlight > 0) {
      deadline = Math.min(deadline, this.lastElicitingAt + this.ptoMicros());
      deadline = Math.min(deadline, this.awaitingSince + this.suspectAfterMicros(hasAlternative));
      if (!hasAlternative) deadline = Math.min(deadline, this.lateAt());
    }
    return deadline;
  }

  /** Handles loss, tail-probe and suspicion timers. @returns true if the path has just become suspect. */
  onTimeout(fate: ChunkFate, hasAlternative: boolean, now: number): boolean {
    if (!this.isUsable) this.giveUpOldest(fate);
    if (this.state === 'closed' || this.state === 'probing') return false;
    if (this.lossAt > 0 && now >= this.lossAt) this.detectLoss(fate, now);
    // A suspect path is asked by its supervisor.
    if (!this.isUsable || this.awaitingSince === 0 || this.bytesInFlight === 0) return false;
    if (now >= this.awaitingSince + this.suspectAfterMicros(hasAlternative)) {
      this.suspect(fate, now);
      return true;
    }
    if (!hasAlternative && now >= this.lateAt()) {
      this.isLate = true;
      this.lateAgainAt = now + LATE_AGAIN_MICROS;
    }
    if (now >= this.lastElicitingAt + this.ptoMicros()) {
      this.ptoCount++;
      this.pingDue = true;
      this.repeatOldest(fate);
    }
    return false;
  }

  /** Keeps room for probes on a path that has not answered any for long: without it nothing could ask any more. */
  private giveUpOldest(fate: ChunkFate): void {
    const { sent } = this;
    if (sent.next - sent.oldest <= UNANSWERED_DATAGRAMS) return;
    for (let number = sent.oldest; number < sent.next - UNANSWERED_DATAGRAMS; number++) {
      const slot = number % SENT_CAPACITY;
      const state = sent.state[slot]!;
      if (state !== SENT_IN_FLIGHT && state !== SENT_SUSPECTED) continue;
      if (state === SENT_IN_FLIGHT) this.bytesInFlight -= sent.bytes[slot]!;
      sent.state[slot] = SENT_LOST;
      fate.lose(sent.refs[slot]!, state === SENT_SUSPECTED);
      sent.refs[slot] = -1;
    }
    sent.advance();
  }

  private repeatOldest(fate: ChunkFate): void {
    const sent = this.sent;
    for (let number = sent.oldest; number < sent.next; number++) {
      const slot = number % SENT_CAPACITY;
      if (sent.state[slot] !== SENT_IN_FLIGHT) continue;
      fate.repeat(sent.refs[slot]!);
      return;
    }
  }

  /** Believes the path to be failing: everything in flight may go out elsewhere at once. */
  suspect(fate: ChunkFate, now: number): void {
    this.setAside(fate);
    this.suspicions++;
    this.pingDue = true;
    this.enter('suspect', now);
  }

  private abandonInFlight(fate: ChunkFate): void {
    const sent = this.sent;
    for (let number = sent.oldest; number < sent.next; number++) {
      const slot = number % SENT_CAPACITY;
      const state = sent.state[slot]!;
      if (state !== SENT_IN_FLIGHT && state !== SENT_SUSPECTED) continue;
      sent.state[slot] = SENT_NONE;
      fate.lose(sent.refs[slot]!, state === SENT_SUSPECTED);
      sent.refs[slot] = -1;
    }
    sent.oldest = sent.next;
    this.bytesInFlight = 0;
    this.lossAt = 0;
    this.ptoCount = 0;
    this.awaitingSince = 0;
  }
}

/** Links ranked from here on are a reserve; see {@link Path.rank}. */
export const RESERVE_RANK_MICROS = 20_000_000;
/** RFC 9002's packet threshold; grows when a datagram thought lost arrives after all (RFC 8985's adaptive window). */
const MIN_REORDER_DATAGRAMS = 3;
/** Beyond this, time alone decides. */
const MAX_REORDER_DATAGRAMS = 256;
/** How far below the oldest unresolved datagram late acknowledgements are still looked at, to detect reordering. */
const LATE_ACK_DATAGRAMS = 256;
/** RFC 9002's timer granularity is 1 ms for coarse clocks; ours is microseconds, so the scheduler's jitter decides. */
const MIN_LOSS_DELAY_MICROS = 1_000;
/** Acknowledgements wait 2 ms at most; half as much again for the peer's scheduler. */
const PEER_ACK_DELAY_MICROS = 3_000;
/** A probe for the tail sooner than this would mostly answer to scheduling noise. */
const MIN_PTO_MICROS = 4_000;
/**
 * Silence shorter than this is normal on a LAN with a busy host (5 to 25 ms were measured on an idle stream, mostly
 * below 10). Half of it doubles needless replays, twice of it doubles the gap of a silent failure.
 */
const SUSPECT_FLOOR_MICROS = 10_000;
/** A host that pauses often raises its own floor this far and no further: the promised gap is 40 ms. */
const MAX_SUSPECT_FLOOR_MICROS = 30_000;
/** Recovered within this time, the suspicion was a pause rather than a failure. */
const SPURIOUS_WITHIN_MICROS = 30_000;
/** A path that has been silent for longer is dead rather than unlucky: a link that loses a tenth answers within this. */
const DOUBT_MICROS = 200_000;
/** Unresolved datagrams that a path without answers keeps: half of the ring, so that the other half takes probes. */
const UNANSWERED_DATAGRAMS = SENT_CAPACITY / 2;
/** While the only path stays silent, the others are asked this often: a link may return in any of these moments. */
const LATE_AGAIN_MICROS = 20_000;
/** With nothing to switch to, suspicion only stops data: wait until it is rather a failure than a pause. */
const LONELY_SUSPECT_MICROS = 250_000;
/** Before the first sample nothing is known; 100 ms covers a Wi-Fi station in power save. */
const UNMEASURED_SUSPECT_MICROS = 100_000;
/** A path with no more than this in flight is idle: its round trip is the distance, not our queue. */
const CLEAN_IN_FLIGHT_BYTES = 2_048;
