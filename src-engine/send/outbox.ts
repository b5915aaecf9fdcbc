import type { EngineMemory } from '../memory.ts';
import type { ChunkFate } from '../path/path.ts';
import { CONTROL_LANE, LANES } from './lane-hash.ts';
import { LaneQueue } from './lane-queue.ts';

/** What the peer can hold; the sender never has more outstanding (flow control). */
export interface PeerMemory {
  readonly largeSlots: number;
  readonly smallSlots: number;
}

/**
 * All that is on its way to the peer: messages (inner packets) in lanes, the chunks they are cut into, and which
 * datagrams carry which chunk. A chunk leaves when its datagram is acknowledged; when its last live datagram is lost
 * or suspected, it goes out again, under a new packet number, on whatever path is best then.
 *
 * Records are struct-of-arrays pools addressed by small integers; -1 is "none". Nothing here allocates after
 * construction.
 *
 * A *message* is queued in its lane, gets its number when its first chunk is cut, and its record is freed when it and
 * all before it in the lane are acknowledged: so the bytes of unfreed records bound what the peer may have to hold.
 */
export class Outbox implements ChunkFate {
  /** Chunks sent again. */
  chunksReplayed = 0;
  /** Bytes of chunks sent again. */
  bytesReplayed = 0;
  /** Bytes sent on a further path as a copy. */
  bytesMirrored = 0;
  messagesDropped = 0;
  messagesGivenUp = 0;
  /** Messages that are queued or not yet acknowledged. */
  messagesHeld = 0;
  queuedBytes = 0;

  private readonly memory: EngineMemory;
  private peer: PeerMemory = { largeSlots: 0, smallSlots: 0 };
  private outstandingLarge = 0;
  private outstandingSmall = 0;

  private readonly lanes = new LaneQueue();
  private readonly laneHead = new Int32Array(LANES).fill(-1);
  private readonly laneTail = new Int32Array(LANES).fill(-1);
  private readonly laneUncut = new Int32Array(LANES).fill(-1);
  private readonly laneNumber = new Int32Array(LANES);
  private readonly laneQueued = new Float64Array(LANES);

  private readonly messageCount: number;
  private readonly mSlot: Int32Array;
  private readonly mLength: Int32Array;
  private readonly mLane: Int32Array;
  private readonly mNumber: Int32Array;
  private readonly mCut: Int32Array;
  private readonly mAcked: Int32Array;
  private readonly mNext: Int32Array;
  private readonly mGeneration: Int32Array;
  private readonly mFlags: Uint8Array;
  private readonly mQueuedAt: Float64Array;
  private messageFree: number;

  private readonly cMessage: Int32Array;
  private readonly cGeneration: Int32Array;
  private readonly cOffset: Int32Array;
  private readonly cLength: Int32Array;
  private readonly cLive: Int32Array;
  private readonly cHolds: Int32Array;
  private readonly cFlags: Uint8Array;
  private readonly cNext: Int32Array;
  private chunkFree: number;

  private readonly rChunk: Int32Array;
  private readonly rNext: Int32Array;
  private refFree: number;

  private replayHead = -1;
  private replayTail = -1;

  constructor(memory: EngineMemory) {
    this.memory = memory;
    const messages = memory.sendLarge.count + memory.sendSmall.count + 16;
    const chunks = Math.max(4_096, messages * 2 + memory.sendLarge.count * 64);
    this.messageCount = messages;
    const ints = (count: number): Int32Array => new Int32Array(count);
    this.mSlot = ints(messages);
    this.mLength = ints(messages);
    this.mLane = ints(messages);
    this.mNumber = ints(messages);
    this.mCut = ints(messages);
    this.mAcked = ints(messages);
    this.mNext = ints(messages);
    this.mGeneration = ints(messages);
    this.mFlags = new Uint8Array(messages);
    this.mQueuedAt = new Float64Array(messages);
    this.cMessage = ints(chunks);
    this.cGeneration = ints(chunks);
    this.cOffset = ints(chunks);
    this.cLength = ints(chunks);
    this.cLive = ints(chunks);
    this.cHolds = ints(chunks);
    this.cFlags = new Uint8Array(chunks);
    this.cNext = ints(chunks);
    this.rChunk = ints(chunks * 2);
    this.rNext = ints(chunks * 2);
    this.messageFree = chain(this.mNext);
    this.chunkFree = chain(this.cNext);
    this.refFree = chain(this.rNext);
  }

  /** All bytes that went out more than once. */
  get bytesRepeated(): number {
    return this.bytesReplayed + this.bytesMirrored;
  }

  setPeerMemory(peer: PeerMemory): void {
    this.peer = peer;
  }

  // ---- queueing ------------------------------------------------------------------------------------------------

  /**
   * Queues a message whose bytes are in a send slot; the outbox owns the slot from here on.
   * @returns false, with the slot still the caller's, if all message records are taken.
   */
  enqueue(lane: number, slot: number, length: number, isPatient: boolean, now: number): boolean {
    const message = this.messageFree;
    if (message < 0) return false;
    this.messageFree = this.mNext[message]!;
    this.mSlot[message] = slot;
    this.mLength[message] = length;
    this.mLane[message] = lane;
    this.mCut[message] = 0;
    this.mAcked[message] = 0;
    this.mNext[message] = -1;
    this.mFlags[message] = (length > this.memory.sendSmall.slotBytes ? LARGE : 0) | (isPatient ? PATIENT : 0);
    this.mQueuedAt[message] = now;
    if (this.laneTail[lane]! < 0) this.laneHead[lane] = message;
    else this.mNext[this.laneTail[lane]!] = message;
    this.laneTail[lane] = message;
    if (this.laneUncut[lane]! < 0) this.laneUncut[lane] = message;
    this.laneQueued[lane]! += length;
    this.queuedBytes += length;
    this.messagesHeld++;
    this.lanes.activate(lane);
    return true;
  }

  get hasReplay(): boolean {
    this.dropStaleReplays();
    return this.replayHead >= 0;
  }

  get hasQueued(): boolean {
    return this.queuedBytes > 0;
  }

  /** Whether flow control allows a new message of the lane whose turn it is. */
  get mayStart(): boolean {
    return this.outstandingLarge < this.peer.largeSlots && this.outstandingSmall < this.peer.smallSlots;
  }

  // ---- cutting -------------------------------------------------------------------------------------------------

  /**
   * Cuts the next chunk of new data.
   * @param whole room for a whole message's bytes, `part` for a piece's: what is left in the datagram behind a head.
   * @param isFresh whether the datagram is empty so far: then a packet that would fit a whole datagram is not split.
   * @returns a chunk, or -1 if there is nothing that fits.
   */
  cut(whole: number, part: number, isFresh: boolean): number {
    for (;;) {
      const lane = this.laneQueued[CONTROL_LANE]! > 0 ? CONTROL_LANE : this.lanes.current();
      if (lane < 0) return -1;
      const message = this.laneUncut[lane]!;
      if (message < 0) {
        this.lanes.retire(lane);
        continue;
      }
      const rest = this.mLength[message]! - this.mCut[message]!;
      const isStart = this.mCut[message] === 0;
      if (isStart && !this.mayStart) return -1;
      let take: number;
      if (isStart && rest <= whole) take = rest;
      else if (rest <= part) take = rest;
      else if (part < MIN_PIECE_BYTES) return -1;
      else if (!isFresh && isStart && rest <= UNSPLIT_BYTES) return -1;
      else take = part;
      return this.cutFrom(lane, message, take);
    }
  }

  private cutFrom(lane: number, message: number, take: number): number {
    const chunk = this.chunkFree;
    if (chunk < 0) return -1;
    this.chunkFree = this.cNext[chunk]!;
    if (this.mCut[message] === 0) this.start(lane, message);
    this.cMessage[chunk] = message;
    this.cGeneration[chunk] = this.mGeneration[message]!;
    this.cOffset[chunk] = this.mCut[message]!;
    this.cLength[chunk] = take;
    this.cLive[chunk] = 0;
    this.cHolds[chunk] = 0;
    this.cFlags[chunk] = 0;
    this.cNext[chunk] = -1;
    this.mCut[message]! += take;
    this.laneQueued[lane]! -= take;
    this.queuedBytes -= take;
    this.lanes.spend(lane, take);
    if (this.mCut[message] === this.mLength[message]) this.laneUncut[lane] = this.mNext[message]!;
    return chunk;
  }

  private start(lane: number, message: number): void {
    this.mNumber[message] = this.laneNumber[lane]!;
    this.laneNumber[lane] = (this.laneNumber[lane]! + 1) | 0;
    if ((this.mFlags[message]! & LARGE) !== 0) this.outstandingLarge++;
    else this.outstandingSmall++;
  }

  /** Takes the next chunk to send again that fits into `part` bytes, splitting it if need be; -1 if none. */
  takeReplay(whole: number, part: number): number {
    this.dropStaleReplays();
    const chunk = this.replayHead;
    if (chunk < 0) return -1;
    const length = this.cLength[chunk]!;
    const isWhole = this.isWholeMessage(chunk);
    if (length > (isWhole ? whole : part)) {
      if (part < MIN_PIECE_BYTES || !this.split(chunk, part)) return -1;
    }
    this.replayHead = this.cNext[chunk]!;
    if (this.replayHead < 0) this.replayTail = -1;
    this.cFlags[chunk]! &= ~QUEUED;
    this.chunksReplayed++;
    this.bytesReplayed += this.cLength[chunk]!;
    return chunk;
  }

  private split(chunk: number, part: number): boolean {
    const rest = this.chunkFree;
    if (rest < 0) return false;
    this.chunkFree = this.cNext[rest]!;
    this.cMessage[rest] = this.cMessage[chunk]!;
    this.cGeneration[rest] = this.cGeneration[chunk]!;
    this.cOffset[rest] = this.cOffset[chunk]! + part;
    this.cLength[rest] = this.cLength[chunk]! - part;
    this.cLength[chunk] = part;
    this.cLive[rest] = 0;
    this.cHolds[rest] = 0;
    this.cFlags[rest] = QUEUED;
    this.cNext[rest] = this.cNext[chunk]!;
    this.cNext[chunk] = rest;
    if (this.replayTail === chunk) this.replayTail = rest;
    return true;
  }

  // ---- what a chunk holds --------------------------------------------------------------------------------------

  isWholeMessage(chunk: number): boolean {
    return this.cOffset[chunk] === 0 && this.cLength[chunk] === this.mLength[this.cMessage[chunk]!];
  }

  /** Whether the chunk still has to arrive. */
  isWanted(chunk: number): boolean {
    return (this.cFlags[chunk]! & DONE) === 0 && this.mGeneration[this.cMessage[chunk]!] === this.cGeneration[chunk];
  }

  laneOf(chunk: number): number {
    return this.mLane[this.cMessage[chunk]!]!;
  }

  numberOf(chunk: number): number {
    return this.mNumber[this.cMessage[chunk]!]!;
  }

  totalOf(chunk: number): number {
    return this.mLength[this.cMessage[chunk]!]!;
  }

  offsetOf(chunk: number): number {
    return this.cOffset[chunk]!;
  }

  lengthOf(chunk: number): number {
    return this.cLength[chunk]!;
  }

  /** Byte offset of the chunk's bytes in the arena. */
  bytesOf(chunk: number): number {
    return this.mSlot[this.cMessage[chunk]!]! + this.cOffset[chunk]!;
  }

  // ---- which datagram carries what -----------------------------------------------------------------------------

  /** Whether {@link reference} can be called `count` times. */
  hasReferences(): boolean {
    return this.refFree >= 0;
  }

  /** Notes that a datagram carries the chunk. @returns the new head of the datagram's list, whose head was `refs`. */
  reference(refs: number, chunk: number): number {
    const ref = this.refFree;
    if (ref < 0) throw new Error('chunk references exhausted');
    this.refFree = this.rNext[ref]!;
    this.rChunk[ref] = chunk;
    this.rNext[ref] = refs;
    this.cLive[chunk]!++;
    this.cHolds[chunk]!++;
    return ref;
  }

  /** Copies the live chunks of a datagram's list into `out`; returns their count. */
  chunksOf(refs: number, out: Int32Array): number {
    let count = 0;
    for (let ref = refs; ref >= 0 && count < out.length; ref = this.rNext[ref]!) out[count++] = this.rChunk[ref]!;
    return count;
  }

  /** Keeps a chunk record alive for a mirror queue. */
  hold(chunk: number): void {
    this.cHolds[chunk]!++;
  }

  unhold(chunk: number): void {
    if (--this.cHolds[chunk]! === 0) this.freeChunkIfDone(chunk);
  }

  acknowledge(refs: number): void {
    for (let ref = refs; ref >= 0; ) {
      const chunk = this.rChunk[ref]!;
      if (this.isWanted(chunk)) this.finish(chunk);
      ref = this.releaseRef(ref, chunk);
    }
  }

  lose(refs: number, wasSuspected: boolean): void {
    for (let ref = refs; ref >= 0; ) {
      const chunk = this.rChunk[ref]!;
      if (!wasSuspected && --this.cLive[chunk]! <= 0) this.queueReplay(chunk);
      ref = this.releaseRef(ref, chunk);
    }
  }

  suspect(refs: number): void {
    for (let ref = refs; ref >= 0; ref = this.rNext[ref]!) {
      const chunk = this.rChunk[ref]!;
      if (--this.cLive[chunk]! <= 0) this.queueReplay(chunk);
    }
  }

  repeat(refs: number): void {
    for (let ref = refs; ref >= 0; ref = this.rNext[ref]!) this.queueReplay(this.rChunk[ref]!);
  }

  /** Gives up a hold without freeing the record, for a caller that references the chunk next. */
  release(chunk: number): void {
    this.cHolds[chunk]!--;
  }

  private releaseRef(ref: number, chunk: number): number {
    const next = this.rNext[ref]!;
    this.rNext[ref] = this.refFree;
    this.refFree = ref;
    if (--this.cHolds[chunk]! === 0) this.freeChunkIfDone(chunk);
    return next;
  }

  private queueReplay(chunk: number): void {
    if ((this.cFlags[chunk]! & QUEUED) !== 0 || !this.isWanted(chunk)) return;
    this.cFlags[chunk]! |= QUEUED;
    this.cNext[chunk] = -1;
    if (this.replayTail < 0) this.replayHead = chunk;
    else this.cNext[this.replayTail] = chunk;
    this.replayTail = chunk;
  }

  private dropStaleReplays(): void {
    while (this.replayHead >= 0 && !this.isWanted(this.replayHead)) {
      const chunk = this.replayHead;
      this.replayHead = this.cNext[chunk]!;
      if (this.replayHead < 0) this.replayTail = -1;
      this.cFlags[chunk]! &= ~QUEUED;
      this.freeChunkIfDone(chunk);
    }
  }

  private freeChunkIfDone(chunk: number): void {
    if (this.cHolds[chunk]! > 0 || (this.cFlags[chunk]! & QUEUED) !== 0 || this.isWanted(chunk)) return;
    this.cFlags[chunk] = DONE;
    this.cNext[chunk] = this.chunkFree;
    this.chunkFree = chunk;
  }

  // ---- end of a message ----------------------------------------------------------------------------------------

  private finish(chunk: number): void {
    const message = this.cMessage[chunk]!;
    this.cFlags[chunk]! |= DONE;
    this.mAcked[message]! += this.cLength[chunk]!;
    if (this.mAcked[message] === this.mLength[message]) this.complete(message);
  }

  private complete(message: number): void {
    this.freeSlot(message);
    this.mFlags[message]! |= COMPLETE;
    const lane = this.mLane[message]!;
    while (this.laneHead[lane]! >= 0 && (this.mFlags[this.laneHead[lane]!]! & COMPLETE) !== 0) {
      this.freeMessage(lane, this.laneHead[lane]!);
    }
  }

  private freeSlot(message: number): void {
    if (this.mSlot[message]! < 0) return;
    if ((this.mFlags[message]! & LARGE) !== 0) this.memory.sendLarge.give(this.mSlot[message]!);
    else this.memory.sendSmall.give(this.mSlot[message]!);
    this.mSlot[message] = -1;
  }

  private freeMessage(lane: number, message: number): void {
    this.laneHead[lane] = this.mNext[message]!;
    if (this.laneHead[lane]! < 0) this.laneTail[lane] = -1;
    if ((this.mFlags[message]! & LARGE) !== 0) this.outstandingLarge--;
    else this.outstandingSmall--;
    this.recycle(message);
  }

  private recycle(message: number): void {
    this.mGeneration[message] = (this.mGeneration[message]! + 1) | 0;
    this.mNext[message] = this.messageFree;
    this.messageFree = message;
    this.messagesHeld--;
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
    return isOldest ? this.dropOldest(longest) : this.dropNewest(longest);
  }

  private dropOldest(lane: number): boolean {
    let message = this.laneUncut[lane]!;
    let previous = -1;
    if (this.laneHead[lane] !== message) {
      previous = this.laneHead[lane]!;
      while (this.mNext[previous] !== message) previous = this.mNext[previous]!;
    }
    if (this.mCut[message]! > 0) {
      previous = message;
      message = this.mNext[message]!;
      if (message < 0) return false;
    }
    this.unlink(lane, previous, message);
    return true;
  }

  private dropNewest(lane: number): boolean {
    const message = this.laneTail[lane]!;
    if (this.mCut[message]! > 0) return false;
    let previous = -1;
    if (this.laneHead[lane] !== message) {
      previous = this.laneHead[lane]!;
      while (this.mNext[previous] !== message) previous = this.mNext[previous]!;
    }
    this.unlink(lane, previous, message);
    return true;
  }

  private unlink(lane: number, previous: number, message: number): void {
    const next = this.mNext[message]!;
    if (previous < 0) this.laneHead[lane] = next;
    else this.mNext[previous] = next;
    if (next < 0) this.laneTail[lane] = previous;
    if (this.laneUncut[lane] === message) this.laneUncut[lane] = next;
    this.laneQueued[lane]! -= this.mLength[message]!;
    this.queuedBytes -= this.mLength[message]!;
    this.messagesDropped++;
    this.freeSlot(message);
    this.recycle(message);
  }

  /**
   * Drops queued messages that nobody waits for any more: of impatient lanes (all but TCP and control) when older
   * than {@link IMPATIENT_AGE_MICROS}, of the others when older than {@link PATIENT_AGE_MICROS}. Messages that were
   * started stay, since the peer would wait for them.
   */
  dropStale(now: number): void {
    if (this.queuedBytes === 0) return;
    for (let lane = 0; lane < CONTROL_LANE; lane++) {
      while (this.laneUncut[lane]! >= 0) {
        const message = this.laneUncut[lane]!;
        const limit = (this.mFlags[message]! & PATIENT) !== 0 ? PATIENT_AGE_MICROS : IMPATIENT_AGE_MICROS;
        if (now - this.mQueuedAt[message]! < limit || this.mCut[message]! > 0 || !this.dropOldest(lane)) break;
      }
    }
  }

  /**
   * Starts over towards a peer that lost its state: what was sent and not acknowledged counts as never sent, in the
   * same order, and is numbered anew. The caller has closed all paths' in-flight lists before.
   */
  restart(): void {
    this.replayHead = -1;
    this.replayTail = -1;
    this.outstandingLarge = 0;
    this.outstandingSmall = 0;
    this.queuedBytes = 0;
    this.chunkFree = chain(this.cNext);
    this.refFree = chain(this.rNext);
    for (let lane = 0; lane < LANES; lane++) this.restartLane(lane);
  }

  private restartLane(lane: number): void {
    this.laneNumber[lane] = 0;
    this.laneQueued[lane] = 0;
    let message = this.laneHead[lane]!;
    let previous = -1;
    while (message >= 0) {
      const next = this.mNext[message]!;
      const isDone = (this.mFlags[message]! & COMPLETE) !== 0 || lane === CONTROL_LANE;
      if (isDone) {
        if (previous < 0) this.laneHead[lane] = next;
        else this.mNext[previous] = next;
        this.freeSlot(message);
        this.recycle(message);
      } else {
        this.mCut[message] = 0;
        this.mAcked[message] = 0;
        this.mGeneration[message] = (this.mGeneration[message]! + 1) | 0;
        this.laneQueued[lane]! += this.mLength[message]!;
        previous = message;
      }
      message = next;
    }
    this.laneTail[lane] = previous;
    this.laneUncut[lane] = this.laneHead[lane]!;
    this.queuedBytes += this.laneQueued[lane]!;
    if (this.laneHead[lane]! >= 0) this.lanes.activate(lane);
  }

  /** Counts that must be zero when nothing is held; for tests. */
  leaks(): { messages: number; outstanding: number } {
    let free = 0;
    for (let m = this.messageFree; m >= 0; m = this.mNext[m]!) free++;
    return { messages: this.messageCount - free, outstanding: this.outstandingLarge + this.outstandingSmall };
  }
}

function chain(next: Int32Array): number {
  for (let i = 0; i < next.length; i++) next[i] = i + 1 < next.length ? i + 1 : -1;
  return 0;
}

const LARGE = 1;
const PATIENT = 2;
const COMPLETE = 4;
const DONE = 1;
const QUEUED = 2;

/** A piece smaller than this costs more in heads than it carries. */
const MIN_PIECE_BYTES = 64;
/** Packets up to this size start a datagram of their own rather than being split over two. */
const UNSPLIT_BYTES = 1_100;
/** A datagram game, call or query packet older than this is worthless; "neither link" for a moment is not. */
const IMPATIENT_AGE_MICROS = 10_000_000;
/** TCP sends again for minutes; what it finds delivered at once when a link returns restarts it without a timeout. */
const PATIENT_AGE_MICROS = 180_000_000;
