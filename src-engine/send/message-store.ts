import { SIZE_CLASSES, sizeClass } from '../memory.ts';
import type { EngineMemory } from '../memory.ts';
import { Codel, TARGET_MICROS } from './codel.ts';
import { restoreHead, shortenHead } from '../inner-head.ts';
import { signalCongestion } from './congestion-signal.ts';
import {
  ALL_LANES,
  BONDED_LANES,
  COMMON_LANES,
  CONTROL_LANE,
  FIRST_COMMON_LANE,
  LANES,
  isBondedLane,
} from './lane-hash.ts';
import { LaneQueue } from './lane-queue.ts';

/** What the peer can hold; the sender never has more outstanding (flow control). */
export interface PeerMemory {
  readonly smallSlots: number;
  readonly mediumSlots: number;
  readonly largeSlots: number;
}

/**
 * Messages (inner packets) that are queued or not yet acknowledged, in their lanes. A message gets its number when it or
 * one behind it in the lane is first cut, and its record is freed when it and all before it in the lane are acknowledged:
 * so the records that are not freed bound what the peer may have to hold.
 *
 * Records are struct-of-arrays addressed by small integers; -1 is "none". Nothing here allocates after construction.
 */
export class MessageStore {
  dropped = 0;
  /** Times that a lane's sender was told to slow down. */
  congestionSignals = 0;
  /** Messages that are queued or not yet acknowledged. */
  held = 0;
  /** Bytes that were not cut yet. */
  queuedBytes = 0;
  /** Of these, those in lanes of class `bonded`. */
  bondedBytes = 0;
  readonly slot: Int32Array;
  readonly length: Int32Array;
  readonly lane: Int32Array;
  readonly number: Int32Array;
  /** Changes when a record is used anew, so that what refers to the old message can tell. */
  readonly generation: Int32Array;

  private readonly memory: EngineMemory;
  /** Slots of the peer, and messages that were numbered and not freed, by size class. */
  private readonly peerSlots = new Int32Array(SIZE_CLASSES);
  private readonly outstanding = new Int32Array(SIZE_CLASSES);
  /** Lanes in line, those of class `bonded` apart: they may leave where others may not. */
  private readonly common = new LaneQueue();
  private readonly bonded = new LaneQueue();
  /** Whether lanes of both lines could have sent what was looked at last. */
  private isShared = false;
  /** What lanes of class `bonded` are behind the others where both may send: bytes of a lane, times lanes of the others. */
  private owedToBonded = 0;
  private readonly laneHead = new Int32Array(LANES).fill(-1);
  private readonly laneTail = new Int32Array(LANES).fill(-1);
  /** First message that still has bytes to cut, and first that has no number yet. */
  private readonly laneUncut = new Int32Array(LANES).fill(-1);
  private readonly laneUnnumbered = new Int32Array(LANES).fill(-1);
  private readonly laneNumber = new Int32Array(LANES);
  private readonly laneQueued = new Float64Array(LANES);
  private readonly cut: Int32Array;
  private readonly acked: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly flags: Uint8Array;
  private readonly queuedAt: Float64Array;
  private readonly codel = new Codel();
  /** How much longer packets of class `bonded` may wait. */
  private bondedWaitMicros = 0;
  /** What was queued before has waited for a path, not for its turn. */
  private resumedAt = 0;
  /** Where {@link nextAhead} goes on; -1 after the last message of the lane. */
  private aheadCursor = -1;
  private free: number;

  constructor(memory: EngineMemory) {
    this.memory = memory;
    const count = memory.send.reduce((sum, pool) => sum + pool.count, 16);
    this.slot = new Int32Array(count);
    this.length = new Int32Array(count);
    this.lane = new Int32Array(count);
    this.number = new Int32Array(count);
    this.cut = new Int32Array(count);
    this.acked = new Int32Array(count);
    this.next = new Int32Array(count);
    this.previous = new Int32Array(count);
    this.generation = new Int32Array(count);
    this.flags = new Uint8Array(count);
    this.queuedAt = new Float64Array(count);
    this.free = chainRecords(this.next);
  }

  setPeerMemory(peer: PeerMemory): void {
    this.peerSlots.set([peer.smallSlots, peer.mediumSlots, peer.largeSlots]);
  }

  // ---- queueing and cutting ------------------------------------------------------------------------------------

  /**
   * Queues a message whose bytes are in a send slot; the store owns the slot from here on.
   * @param slot byte offset of the message, anywhere in its slot.
   * @param traits of {@link PATIENT}, {@link URGENT} and {@link REDUNDANT}. @returns false if all records are taken.
   */
  enqueue(lane: number, slot: number, length: number, traits: number, now: number): boolean {
    const message = this.free;
    if (message < 0) return false;
    this.free = this.next[message]!;
    this.slot[message] = slot;
    this.length[message] = length;
    this.lane[message] = lane;
    this.cut[message] = 0;
    this.acked[message] = 0;
    this.next[message] = -1;
    this.flags[message] = traits;
    this.queuedAt[message] = now;
    this.previous[message] = this.laneTail[lane]!;
    if (this.laneTail[lane]! < 0) this.laneHead[lane] = message;
    else this.next[this.laneTail[lane]!] = message;
    this.laneTail[lane] = message;
    if (this.laneUncut[lane]! < 0) this.laneUncut[lane] = message;
    if (this.laneUnnumbered[lane]! < 0) this.laneUnnumbered[lane] = message;
    this.book(lane, length);
    this.held++;
    this.lineOf(lane).activate(lane);
    return true;
  }

  /** Books a lane's bytes as queued, or with a negative number as queued no longer. */
  private book(lane: number, bytes: number): void {
    this.laneQueued[lane]! += bytes;
    this.queuedBytes += bytes;
    if (isBondedLane(lane)) this.bondedBytes += bytes;
  }

  private lineOf(lane: number): LaneQueue {
    return isBondedLane(lane) ? this.bonded : this.common;
  }

  /**
   * The message to cut from next: control messages first, then the lane whose turn it is; -1 if there is none. Lanes
   * whose packets wait too long are signalled here. @param lanes the set of lanes that may send.
   */
  nextUncut(lanes: number, now: number): number {
    for (;;) {
      const lane = this.nextLane(lanes);
      if (lane < 0) return -1;
      const message = this.laneUncut[lane]!;
      if ((this.flags[message]! & JUDGED) !== 0 || lane === CONTROL_LANE) return message;
      this.flags[message]! |= JUDGED;
      if (!this.isCongested(lane, message, now) || this.signal(lane, message)) return message;
    }
  }

  /**
   * Aims {@link nextAhead} at what leaves after `skipBytes` more of the queue: at the lane that queues most, as deep as
   * lanes that take turns get by then. @param lanes {@link ALL_LANES} or {@link BONDED_LANES}.
   * @returns false if the queue is not that long.
   */
  aimAhead(skipBytes: number, lanes: number): boolean {
    const end = lanes === BONDED_LANES ? FIRST_COMMON_LANE : CONTROL_LANE;
    let lane = -1;
    let count = 0;
    for (let other = 0; other < end; other++) {
      if (this.laneQueued[other]! < LEAST_SIGNALLED_BYTES) continue;
      count++;
      if (lane < 0 || this.laneQueued[other]! > this.laneQueued[lane]!) lane = other;
    }
    let skip = skipBytes / count;
    let message = lane < 0 || skip >= this.laneQueued[lane]! ? -1 : this.laneUncut[lane]!;
    // The message that begins nearest.
    for (; message >= 0; message = this.next[message]!) {
      const rest = this.length[message]! - this.cut[message]!;
      if (skip <= rest / 2) break;
      skip -= rest;
    }
    this.aheadCursor = message;
    return message >= 0;
  }

  /** The message to cut from next for a path that is late, or -1; see {@link aimAhead}. */
  nextAhead(): number {
    let message = this.aheadCursor;
    while (message >= 0 && this.cut[message] === this.length[message]) message = this.next[message]!;
    this.aheadCursor = message;
    return message;
  }

  /**
   * The lane of the set whose turn it is, or -1. Where both kinds may send, each lane gets as much as any other: to be of
   * a class gives no lane more of a path, and takes nothing from the others.
   */
  private nextLane(lanes: number): number {
    this.isShared = false;
    if ((lanes & COMMON_LANES) === 0) return this.firstIn(this.bonded);
    if (this.laneQueued[CONTROL_LANE]! > 0) return CONTROL_LANE;
    const common = this.firstIn(this.common);
    const bonded = (lanes & BONDED_LANES) === 0 ? -1 : this.firstIn(this.bonded);
    if (common < 0 || bonded < 0) return Math.max(common, bonded);
    this.isShared = true;
    return this.owedToBonded > 0 ? bonded : common;
  }

  private firstIn(line: LaneQueue): number {
    for (;;) {
      const lane = line.current();
      if (lane < 0 || this.laneUncut[lane]! >= 0) return lane;
      this.codel.relax(lane);
      line.retire(lane);
    }
  }

  /**
   * How long packets of some lanes may wait before their sender is signalled, beyond CoDel's usual target; those of other
   * lanes may not. @param lanes {@link ALL_LANES} or {@link BONDED_LANES}.
   */
  allowWaiting(micros: number, lanes: number): void {
    this.codel.targetMicros = TARGET_MICROS + (lanes === ALL_LANES ? micros : 0);
    this.bondedWaitMicros = lanes === ALL_LANES ? 0 : micros;
  }

  /** A path took over: what is queued has waited for that and not for its turn, however long it takes to leave. */
  resume(now: number): void {
    this.resumedAt = now;
  }

  private isCongested(lane: number, message: number, now: number): boolean {
    const isLittle = this.laneQueued[lane]! <= Math.max(this.length[message]!, LEAST_SIGNALLED_BYTES);
    if (isLittle || this.queuedAt[message]! < this.resumedAt) {
      this.codel.relax(lane);
      return false;
    }
    const allowed = isBondedLane(lane) ? this.bondedWaitMicros : 0;
    return this.codel.onDequeue(lane, now - this.queuedAt[message]! - allowed, now);
  }

  /**
   * Signals the lane's sender with `first`, or with the first message behind it that was not started: what has left
   * cannot be changed. @returns whether `first` still is to be sent.
   */
  private signal(lane: number, first: number): boolean {
    let message = first;
    while (message >= 0 && this.cut[message]! > 0) message = this.next[message]!;
    if (message < 0) return true;
    const before = this.length[message]!;
    const after = this.signalSender(message);
    if (after === 0) {
      // One that has a number must not vanish: the peer waits for it.
      const dropped = this.isNumbered(message) ? this.laneUnnumbered[lane]! : message;
      if (dropped < 0) return true;
      this.congestionSignals++;
      this.drop(lane, dropped);
      return dropped !== first;
    }
    this.congestionSignals++;
    this.length[message] = after;
    this.book(lane, after - before);
    return true;
  }

  /** @returns the message's new length; see {@link signalCongestion}. */
  private signalSender(message: number): number {
    const { bytes } = this.memory;
    const longer = restoreHead(bytes, this.slot[message]!, this.length[message]!);
    const at = this.slot[message]! - longer;
    const after = signalCongestion(bytes, at, this.length[message]! + longer);
    // Also what cannot tell its sender: if it has a number, another is dropped and it is sent as it was.
    const shorter = shortenHead(bytes, at);
    return after === 0 ? 0 : after - shorter;
  }

  /** Bytes of a message that were cut already. */
  cutBytes(message: number): number {
    return this.cut[message]!;
  }

  isUrgent(message: number): boolean {
    return (this.flags[message]! & URGENT) !== 0;
  }

  isRedundant(message: number): boolean {
    return (this.flags[message]! & REDUNDANT) !== 0;
  }

  private isNumbered(message: number): boolean {
    return (this.flags[message]! & NUMBERED) !== 0;
  }

  /**
   * Gives a message, and those before it in its lane, their numbers, each of which claims a slot of the peer's: so what
   * is sent ahead never takes the slot of what it waits for. @returns false if flow control does not allow it.
   */
  start(message: number): boolean {
    const lane = this.lane[message]!;
    while (!this.isNumbered(message)) {
      const next = this.laneUnnumbered[lane]!;
      const size = sizeClass(this.length[next]!);
      if (this.outstanding[size]! >= this.peerSlots[size]!) return false;
      this.outstanding[size]!++;
      this.flags[next]! |= NUMBERED;
      this.number[next] = this.laneNumber[lane]!;
      this.laneNumber[lane] = (this.laneNumber[lane]! + 1) | 0;
      this.laneUnnumbered[lane] = this.next[next]!;
    }
    return true;
  }

  /** Books the next `bytes` of a started message as cut. */
  takeBytes(message: number, bytes: number): void {
    const lane = this.lane[message]!;
    this.cut[message]! += bytes;
    this.book(lane, -bytes);
    this.lineOf(lane).spend(lane, bytes);
    if (this.isShared)
      this.owedToBonded += isBondedLane(lane) ? -bytes * this.common.count : bytes * this.bonded.count;
    let uncut = this.laneUncut[lane]!;
    while (uncut >= 0 && this.cut[uncut] === this.length[uncut]) uncut = this.next[uncut]!;
    this.laneUncut[lane] = uncut;
  }

  // ---- the end of a message ------------------------------------------------------------------------------------

  /** Books bytes as acknowledged; a message that is complete gives its slot back. */
  acknowledge(message: number, bytes: number): void {
    this.acked[message]! += bytes;
    if (this.acked[message] !== this.length[message]) return;
    this.freeSlot(message);
    this.flags[message]! |= COMPLETE;
    const lane = this.lane[message]!;
    while (this.laneHead[lane]! >= 0 && (this.flags[this.laneHead[lane]!]! & COMPLETE) !== 0) {
      this.freeHead(lane, this.laneHead[lane]!);
    }
  }

  private freeSlot(message: number): void {
    const slot = this.slot[message]!;
    if (slot < 0) return;
    this.memory.giveSend(slot);
    this.slot[message] = -1;
  }

  private freeHead(lane: number, message: number): void {
    this.detach(lane, message);
    this.outstanding[sizeClass(this.length[message]!)]!--;
    this.recycle(message);
  }

  private recycle(message: number): void {
    this.generation[message] = (this.generation[message]! + 1) | 0;
    this.next[message] = this.free;
    this.free = message;
    this.held--;
  }

  // ---- making room and giving up -------------------------------------------------------------------------------

  /**
   * Drops one queued message that was not started, of the lane that queues most, to make room for another.
   * @param isOldest whether to drop the lane's oldest (its sender learns soonest) or newest (nothing moves anyway).
   * @returns false if there is none.
   */
  dropFromLongest(isOldest: boolean): boolean {
    let longest = -1;
    for (let lane = 0; lane < CONTROL_LANE; lane++) {
      if (this.laneQueued[lane]! > 0 && (longest < 0 || this.laneQueued[lane]! > this.laneQueued[longest]!)) {
        longest = lane;
      }
    }
    if (longest < 0) return false;
    const oldest = this.laneUnnumbered[longest]!;
    if (oldest < 0) return false;
    this.drop(longest, isOldest ? oldest : this.laneTail[longest]!);
    return true;
  }

  /**
   * Drops queued messages that nobody waits for any more: of impatient lanes when older than
   * {@link IMPATIENT_AGE_MICROS}, of the others when older than {@link PATIENT_AGE_MICROS}. Messages that were started
   * stay, since the peer would wait for them.
   */
  dropStale(now: number): void {
    if (this.queuedBytes === 0) return;
    for (let lane = 0; lane < CONTROL_LANE; lane++) {
      for (let message = this.laneUnnumbered[lane]!; message >= 0; message = this.laneUnnumbered[lane]!) {
        const limit = (this.flags[message]! & PATIENT) !== 0 ? PATIENT_AGE_MICROS : IMPATIENT_AGE_MICROS;
        if (now - this.queuedAt[message]! < limit) break;
        this.drop(lane, message);
      }
    }
  }

  private drop(lane: number, message: number): void {
    if (this.laneUncut[lane] === message) this.laneUncut[lane] = this.next[message]!;
    if (this.laneUnnumbered[lane] === message) this.laneUnnumbered[lane] = this.next[message]!;
    this.detach(lane, message);
    this.book(lane, -this.length[message]!);
    this.dropped++;
    this.freeSlot(message);
    this.recycle(message);
  }

  private detach(lane: number, message: number): void {
    const next = this.next[message]!;
    const previous = this.previous[message]!;
    if (previous < 0) this.laneHead[lane] = next;
    else this.next[previous] = next;
    if (next < 0) this.laneTail[lane] = previous;
    else this.previous[next] = previous;
  }

  // ---- starting over -------------------------------------------------------------------------------------------

  /**
   * Starts over towards a peer that lost its state: what was sent and not acknowledged counts as never sent, in the
   * same order, and is numbered anew. Control messages are dropped; both sides say again what holds.
   * @param keepsData false drops all, for a peer that is forgotten.
   */
  restart(keepsData = true): void {
    this.outstanding.fill(0);
    this.queuedBytes = 0;
    this.bondedBytes = 0;
    for (let lane = 0; lane < LANES; lane++) this.restartLane(lane, keepsData);
  }

  private restartLane(lane: number, keepsData: boolean): void {
    this.laneNumber[lane] = 0;
    this.laneQueued[lane] = 0;
    for (let message = this.laneHead[lane]!; message >= 0;) {
      const next = this.next[message]!;
      if (!keepsData || (this.flags[message]! & COMPLETE) !== 0 || lane === CONTROL_LANE) {
        this.detach(lane, message);
        this.freeSlot(message);
        this.recycle(message);
      } else {
        this.cut[message] = 0;
        this.acked[message] = 0;
        this.flags[message]! &= PATIENT | URGENT | REDUNDANT;
        this.generation[message] = (this.generation[message]! + 1) | 0;
        this.book(lane, this.length[message]!);
      }
      message = next;
    }
    this.laneUncut[lane] = this.laneHead[lane]!;
    this.laneUnnumbered[lane] = this.laneHead[lane]!;
    if (this.laneHead[lane]! >= 0) this.lineOf(lane).activate(lane);
  }

  /** Records in use and messages outstanding: zero when nothing is held; for tests. */
  leaks(): { messages: number; outstanding: number } {
    let free = 0;
    for (let message = this.free; message >= 0; message = this.next[message]!) free++;
    return {
      messages: this.next.length - free,
      outstanding: this.outstanding.reduce((sum, count) => sum + count),
    };
  }
}

/** Links all records of a pool into its free list. @returns the head. */
export function chainRecords(next: Int32Array): number {
  for (let i = 0; i < next.length; i++) next[i] = i + 1 < next.length ? i + 1 : -1;
  return 0;
}

/** Trait of a message whose program waits for it long (TCP). */
export const PATIENT = 1;
/** Trait of a message that is worth a copy; see Urgency. */
export const URGENT = 2;
/** Trait of a message that goes over every usable path; its flow's class asks for it. */
export const REDUNDANT = 32;
const COMPLETE = 4;
const NUMBERED = 8;
/** Looked at for congestion when its turn came. */
const JUDGED = 16;

/**
 * What is less waits because of a pause of the path, not because its sender is too fast: 130 ms of a 1,000 packets/s
 * stream, a fraction of a millisecond of a bulk transfer.
 */
const LEAST_SIGNALLED_BYTES = 16 * 1024;
/** A datagram game, call or query packet older than this is worthless; "neither link" for a moment is not. */
const IMPATIENT_AGE_MICROS = 10_000_000;
/** TCP sends again for minutes; what it finds delivered at once when a link returns restarts it without a timeout. */
const PATIENT_AGE_MICROS = 180_000_000;
