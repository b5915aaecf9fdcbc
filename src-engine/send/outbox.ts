import type { EngineMemory } from '../memory.ts';
import type { ChunkFate } from '../path/path.ts';
import { ALL_LANES, BONDED_LANES, COMMON_LANES } from './lane-hash.ts';
import { MessageStore, type PeerMemory, chainRecords } from './message-store.ts';

/**
 * All that is on its way to the peer: messages in lanes (see {@link MessageStore}), the chunks they are cut into, and
 * which datagrams carry which chunk. A chunk leaves when a datagram that carries it is acknowledged; when its last live
 * datagram is lost or suspected, it goes out again, under a new packet number, on whatever path is best then.
 *
 * Records are struct-of-arrays pools addressed by small integers; -1 is "none". Nothing here allocates after
 * construction.
 */
export class Outbox implements ChunkFate {
  /** Chunks, and their bytes, sent again. */
  chunksReplayed = 0;
  bytesReplayed = 0;
  /** Bytes sent on a further path as a copy. */
  bytesMirrored = 0;
  private readonly messages: MessageStore;

  private readonly message: Int32Array;
  private readonly generation: Int32Array;
  private readonly offset: Int32Array;
  private readonly length: Int32Array;
  /** Datagrams under way that carry the chunk and are believed to arrive. */
  private readonly live: Int32Array;
  /** Everything that refers to the record; it is freed at zero. */
  private readonly holds: Int32Array;
  private readonly flags: Uint8Array;
  private readonly next: Int32Array;
  private free: number;

  private readonly refChunk: Int32Array;
  private readonly refNext: Int32Array;
  private refFree: number;

  private replayHead = -1;
  private replayTail = -1;

  constructor(memory: EngineMemory) {
    this.messages = new MessageStore(memory);
    const chunks = memory.send.reduce((sum, pool, size) => sum + pool.count * (CHUNKS[size] ?? 1), 4_096);
    this.message = new Int32Array(chunks);
    this.generation = new Int32Array(chunks);
    this.offset = new Int32Array(chunks);
    this.length = new Int32Array(chunks);
    this.live = new Int32Array(chunks);
    this.holds = new Int32Array(chunks);
    this.flags = new Uint8Array(chunks);
    this.next = new Int32Array(chunks);
    this.refChunk = new Int32Array(chunks * 2);
    this.refNext = new Int32Array(chunks * 2);
    this.free = chainRecords(this.next);
    this.refFree = chainRecords(this.refNext);
  }

  // ---- messages ------------------------------------------------------------------------------------------------

  setPeerMemory(peer: PeerMemory): void {
    this.messages.setPeerMemory(peer);
  }

  /** See {@link MessageStore.enqueue}. */
  enqueue(lane: number, slot: number, length: number, traits: number, now: number): boolean {
    return this.messages.enqueue(lane, slot, length, traits, now);
  }

  get messagesDropped(): number {
    return this.messages.dropped;
  }

  /** Messages that are queued or not yet acknowledged. */
  get messagesHeld(): number {
    return this.messages.held;
  }

  get queuedBytes(): number {
    return this.messages.queuedBytes;
  }

  /** Bytes that were not cut yet, of a set of lanes. */
  queuedIn(lanes: number): number {
    const { queuedBytes, bondedBytes } = this.messages;
    if (lanes === ALL_LANES) return queuedBytes;
    if (lanes === BONDED_LANES) return bondedBytes;
    return lanes === COMMON_LANES ? queuedBytes - bondedBytes : 0;
  }

  /** See {@link MessageStore.aimAhead}. */
  aimAhead(skipBytes: number, lanes = ALL_LANES): boolean {
    return this.messages.aimAhead(skipBytes, lanes);
  }

  /** See {@link MessageStore.allowWaiting}. */
  allowWaiting(micros: number, lanes: number): void {
    this.messages.allowWaiting(micros, lanes);
  }

  /** See {@link MessageStore.resume}. */
  resume(now: number): void {
    this.messages.resume(now);
  }

  get congestionSignals(): number {
    return this.messages.congestionSignals;
  }

  get hasQueued(): boolean {
    return this.messages.queuedBytes > 0;
  }

  /** All bytes that went out more than once. */
  get bytesRepeated(): number {
    return this.bytesReplayed + this.bytesMirrored;
  }

  /** See {@link MessageStore.dropFromLongest}. */
  dropFromLongest(isOldest: boolean): boolean {
    return this.messages.dropFromLongest(isOldest);
  }

  /** See {@link MessageStore.dropStale}. */
  dropStale(now: number): void {
    this.messages.dropStale(now);
  }

  /** See {@link MessageStore.restart}. The caller has ended all paths' in-flight lists before. */
  restart(keepsData = true): void {
    this.replayHead = -1;
    this.replayTail = -1;
    this.free = chainRecords(this.next);
    this.refFree = chainRecords(this.refNext);
    this.messages.restart(keepsData);
  }

  /** Counts that must be zero when nothing is held; for tests. */
  leaks(): { messages: number; outstanding: number } {
    return this.messages.leaks();
  }

  // ---- cutting -------------------------------------------------------------------------------------------------

  /**
   * Cuts the next chunk of new data.
   * @param whole room for a whole message's bytes, `part` for a piece's: what is left in the datagram behind a head.
   * @param isFresh whether the datagram is empty so far: then a packet that would fit a whole datagram is not split.
   * @param isAhead whether to cut where {@link aimAhead} aimed rather than what is next in turn.
   * @param lanes of which set of lanes; when cutting ahead, the one that was aimed at.
   * @returns a chunk, or -1 if there is nothing that fits.
   */
  cut(
    whole: number,
    part: number,
    isFresh: boolean,
    isAhead: boolean,
    now: number,
    lanes = ALL_LANES,
  ): number {
    const { messages } = this;
    const message = isAhead ? messages.nextAhead() : messages.nextUncut(lanes, now);
    if (message < 0) return -1;
    const done = messages.cutBytes(message);
    const rest = messages.length[message]! - done;
    const isStart = done === 0;
    if (isStart && !messages.start(message)) return -1;
    let take = rest;
    if (!((isStart && rest <= whole) || rest <= part)) {
      if (part < MIN_PIECE_BYTES || (!isFresh && isStart && rest <= UNSPLIT_BYTES)) return -1;
      take = part;
    }
    const chunk = this.makeChunk(message, messages.generation[message]!, done, take);
    if (chunk >= 0) messages.takeBytes(message, take);
    return chunk;
  }

  private makeChunk(message: number, generation: number, offset: number, length: number): number {
    const chunk = this.free;
    if (chunk < 0) return -1;
    this.free = this.next[chunk]!;
    this.message[chunk] = message;
    this.generation[chunk] = generation;
    this.offset[chunk] = offset;
    this.length[chunk] = length;
    this.live[chunk] = 0;
    this.holds[chunk] = 0;
    this.flags[chunk] = 0;
    this.next[chunk] = -1;
    return chunk;
  }

  // ---- replay --------------------------------------------------------------------------------------------------

  get hasReplay(): boolean {
    this.dropStaleReplays();
    return this.replayHead >= 0;
  }

  /** Takes the next chunk to send again that fits into `part` bytes, splitting it if need be; -1 if none. */
  takeReplay(whole: number, part: number): number {
    this.dropStaleReplays();
    const chunk = this.replayHead;
    if (chunk < 0) return -1;
    if (this.length[chunk]! > (this.isWholeMessage(chunk) ? whole : part)) {
      if (part < MIN_PIECE_BYTES || !this.split(chunk, part)) return -1;
    }
    this.popReplay();
    this.chunksReplayed++;
    this.bytesReplayed += this.length[chunk]!;
    return chunk;
  }

  /** Cuts a chunk in two, both queued: paths differ in what a datagram holds. */
  private split(chunk: number, part: number): boolean {
    const offset = this.offset[chunk]! + part;
    const rest = this.makeChunk(
      this.message[chunk]!,
      this.generation[chunk]!,
      offset,
      this.length[chunk]! - part,
    );
    if (rest < 0) return false;
    this.length[chunk] = part;
    this.flags[rest] = QUEUED;
    this.next[rest] = this.next[chunk]!;
    this.next[chunk] = rest;
    if (this.replayTail === chunk) this.replayTail = rest;
    return true;
  }

  private queueReplay(chunk: number): void {
    if ((this.flags[chunk]! & QUEUED) !== 0 || !this.isWanted(chunk)) return;
    this.flags[chunk]! |= QUEUED;
    this.next[chunk] = -1;
    if (this.replayTail < 0) this.replayHead = chunk;
    else this.next[this.replayTail] = chunk;
    this.replayTail = chunk;
  }

  private popReplay(): number {
    const chunk = this.replayHead;
    this.replayHead = this.next[chunk]!;
    if (this.replayHead < 0) this.replayTail = -1;
    this.flags[chunk]! &= ~QUEUED;
    return chunk;
  }

  private dropStaleReplays(): void {
    while (this.replayHead >= 0 && !this.isWanted(this.replayHead)) this.freeIfDone(this.popReplay());
  }

  // ---- what a chunk is -----------------------------------------------------------------------------------------

  isWholeMessage(chunk: number): boolean {
    return this.offset[chunk] === 0 && this.length[chunk] === this.messages.length[this.message[chunk]!];
  }

  /** Whether the chunk still has to arrive. */
  isWanted(chunk: number): boolean {
    return (
      (this.flags[chunk]! & DONE) === 0 &&
      this.messages.generation[this.message[chunk]!] === this.generation[chunk]
    );
  }

  isUrgent(chunk: number): boolean {
    return this.messages.isUrgent(this.message[chunk]!);
  }

  /** Whether the chunk is to go over every usable path. */
  isRedundant(chunk: number): boolean {
    return this.messages.isRedundant(this.message[chunk]!);
  }

  laneOf(chunk: number): number {
    return this.messages.lane[this.message[chunk]!]!;
  }

  numberOf(chunk: number): number {
    return this.messages.number[this.message[chunk]!]!;
  }

  totalOf(chunk: number): number {
    return this.messages.length[this.message[chunk]!]!;
  }

  offsetOf(chunk: number): number {
    return this.offset[chunk]!;
  }

  lengthOf(chunk: number): number {
    return this.length[chunk]!;
  }

  /** Byte offset of the chunk's bytes in the arena. */
  bytesOf(chunk: number): number {
    return this.messages.slot[this.message[chunk]!]! + this.offset[chunk]!;
  }

  // ---- which datagram carries what -----------------------------------------------------------------------------

  /** Whether {@link reference} can be called. */
  hasReferences(): boolean {
    return this.refFree >= 0;
  }

  /** Notes that a datagram carries the chunk. @returns the new head of the datagram's list, whose head was `refs`. */
  reference(refs: number, chunk: number): number {
    const ref = this.refFree;
    if (ref < 0) throw new Error('chunk references exhausted');
    this.refFree = this.refNext[ref]!;
    this.refChunk[ref] = chunk;
    this.refNext[ref] = refs;
    this.live[chunk]!++;
    this.holds[chunk]!++;
    return ref;
  }

  /** Keeps a chunk record for a mirror queue. */
  hold(chunk: number): void {
    this.holds[chunk]!++;
  }

  unhold(chunk: number): void {
    if (--this.holds[chunk]! === 0) this.freeIfDone(chunk);
  }

  /** Gives up a hold without freeing the record, for a caller that references the chunk next. */
  release(chunk: number): void {
    this.holds[chunk]!--;
  }

  acknowledge(refs: number): void {
    for (let ref = refs; ref >= 0;) {
      const chunk = this.refChunk[ref]!;
      if (this.isWanted(chunk)) {
        this.flags[chunk]! |= DONE;
        this.messages.acknowledge(this.message[chunk]!, this.length[chunk]!);
      }
      ref = this.freeRef(ref, chunk);
    }
  }

  lose(refs: number, wasSuspected: boolean): void {
    for (let ref = refs; ref >= 0;) {
      const chunk = this.refChunk[ref]!;
      if (!wasSuspected && --this.live[chunk]! <= 0) this.queueReplay(chunk);
      ref = this.freeRef(ref, chunk);
    }
  }

  suspect(refs: number): void {
    for (let ref = refs; ref >= 0; ref = this.refNext[ref]!) {
      const chunk = this.refChunk[ref]!;
      if (--this.live[chunk]! <= 0) this.queueReplay(chunk);
    }
  }

  repeat(refs: number): void {
    for (let ref = refs; ref >= 0; ref = this.refNext[ref]!) this.queueReplay(this.refChunk[ref]!);
  }

  private freeRef(ref: number, chunk: number): number {
    const next = this.refNext[ref]!;
    this.refNext[ref] = this.refFree;
    this.refFree = ref;
    this.unhold(chunk);
    return next;
  }

  private freeIfDone(chunk: number): void {
    if (this.holds[chunk]! > 0 || (this.flags[chunk]! & QUEUED) !== 0 || this.isWanted(chunk)) return;
    this.flags[chunk] = DONE;
    this.next[chunk] = this.free;
    this.free = chunk;
  }
}

const DONE = 1;
const QUEUED = 2;

/** Chunks by size of message: one of 64 KiB is cut into some 46, into 55 on the smallest path; replay may split a few. */
const CHUNKS = [2, 9, 66];
/** A piece smaller than this costs more in heads than it carries. */
const MIN_PIECE_BYTES = 64;
/** Packets up to this size start a datagram of their own rather than being split over two. */
const UNSPLIT_BYTES = 1_100;
