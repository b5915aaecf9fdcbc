import { HEAD_ROOM_BYTES } from '../inner-head.ts';
import { LARGE_SLOT_BYTES } from '../memory.ts';
import type { EngineMemory } from '../memory.ts';
import { CONTROL_LANE, LANES } from '../send/lane-hash.ts';
import type { Piece } from '../wire/frames.ts';

/** Where complete messages go, in lane order. The bytes are valid until the call returns. */
export interface MessageSink {
  /** An inner packet as it was sent, at a byte offset of the arena; HEAD_ROOM_BYTES before it may be overwritten. */
  deliverPacket(at: number, length: number): void;
  /** A message of the session itself. */
  deliverControl(at: number, length: number): void;
  /** Hands over what was delivered so far, before the slots it lies in are used again. */
  flush(): void;
}

/** What became of a piece. */
export type PieceFate = 'taken' | 'duplicate' | 'no-memory' | 'contradicts';

/**
 * Puts pieces together to messages and delivers them in the order of their lane, each once. A message that came whole
 * and in order is delivered straight from the datagram; others wait in a receive slot. The sender never has more
 * outstanding than the slots can hold, so `no-memory` shows a peer that breaks the protocol.
 */
export class Inbox {
  messagesDelivered = 0;
  duplicatePieces = 0;
  private readonly memory: EngineMemory;
  private readonly sink: MessageSink;
  private readonly laneNext = new Int32Array(LANES);

  private readonly bucket = new Int32Array(BUCKETS).fill(-1);
  private readonly chain: Int32Array;
  private readonly lane: Int32Array;
  private readonly number: Int32Array;
  private readonly slot: Int32Array;
  private readonly total: Int32Array;
  /** Bytes received without a hole from the start. */
  private readonly prefix: Int32Array;
  /** Head of the list of ranges beyond a hole. */
  private readonly beyond: Int32Array;
  private free: number;
  private heldCount = 0;

  private readonly rangeFrom: Int32Array;
  private readonly rangeTo: Int32Array;
  private readonly rangeNext: Int32Array;
  private rangeFree: number;

  private readonly pendingFree: Int32Array;
  private pendingFreeCount = 0;

  constructor(memory: EngineMemory, sink: MessageSink) {
    this.memory = memory;
    this.sink = sink;
    const records = memory.receive.reduce((sum, pool) => sum + pool.count, 0);
    this.chain = new Int32Array(records);
    this.lane = new Int32Array(records);
    this.number = new Int32Array(records);
    this.slot = new Int32Array(records);
    this.total = new Int32Array(records);
    this.prefix = new Int32Array(records);
    this.beyond = new Int32Array(records);
    for (let i = 0; i < records; i++) this.chain[i] = i + 1 < records ? i + 1 : -1;
    this.free = 0;
    const ranges = memory.receive.reduce((sum, pool, size) => sum + pool.count * (RANGES[size] ?? 1), 0);
    this.rangeFrom = new Int32Array(ranges);
    this.rangeTo = new Int32Array(ranges);
    this.rangeNext = new Int32Array(ranges);
    for (let i = 0; i < ranges; i++) this.rangeNext[i] = i + 1 < ranges ? i + 1 : -1;
    this.rangeFree = 0;
    this.pendingFree = new Int32Array(records);
  }

  /** Messages that wait for a hole to be filled. */
  get held(): number {
    return this.heldCount;
  }

  /** Takes one piece out of an authenticated datagram. */
  take(piece: Piece): PieceFate {
    const lane = piece.lane;
    if (lane >= LANES || piece.total > LARGE_SLOT_BYTES) return 'contradicts';
    const ahead = this.aheadOf(lane, piece.number);
    if (ahead < 0) {
      this.duplicatePieces++;
      return 'duplicate';
    }
    if (ahead > MAX_AHEAD) return 'no-memory';
    const number = (this.laneNext[lane]! + ahead) | 0;
    const existing = this.find(lane, number);
    if (existing < 0 && ahead === 0 && piece.length === piece.total) {
      this.deliver(lane, piece.at, piece.total);
      this.deliverFollowing(lane);
      return 'taken';
    }
    const record = existing >= 0 ? existing : this.create(piece, number);
    if (record < 0) return 'no-memory';
    if (this.total[record] !== piece.total) return 'contradicts';
    const fate = this.store(record, piece);
    if (fate === 'taken' && ahead === 0) this.deliverFollowing(lane);
    return fate;
  }

  /** How far a message is ahead of what its lane delivers next; negative if it was delivered. @param low24 of its number. */
  private aheadOf(lane: number, low24: number): number {
    return ((low24 - this.laneNext[lane]!) << 8) >> 8;
  }

  /** Moves a lane over messages that the sender gave up. */
  skip(lane: number, number: number): boolean {
    if (lane >= LANES) return false;
    const ahead = this.aheadOf(lane, number);
    if (ahead <= 0) return true;
    if (ahead > MAX_AHEAD) return false;
    if (this.heldCount === 0) {
      this.laneNext[lane] = (this.laneNext[lane]! + ahead) | 0;
      return true;
    }
    for (let i = 0; i < ahead; i++) {
      const record = this.find(lane, this.laneNext[lane]!);
      if (record >= 0 && this.prefix[record] === this.total[record]) {
        this.deliver(lane, this.slot[record]!, this.total[record]!);
      } else {
        this.laneNext[lane] = (this.laneNext[lane]! + 1) | 0;
      }
      if (record >= 0) this.remove(record);
    }
    this.deliverFollowing(lane);
    return true;
  }

  /** Forgets everything, for a peer that starts anew. */
  reset(): void {
    for (let b = 0; b < BUCKETS; b++) {
      while (this.bucket[b]! >= 0) this.remove(this.bucket[b]!);
    }
    this.laneNext.fill(0);
    this.sink.flush();
    this.afterFlush();
  }

  /** Gives back the slots of delivered messages; to be called once the sink has handed them over. */
  afterFlush(): void {
    for (let i = 0; i < this.pendingFreeCount; i++) this.giveSlot(this.pendingFree[i]!);
    this.pendingFreeCount = 0;
  }

  private deliver(lane: number, at: number, total: number): void {
    this.laneNext[lane] = (this.laneNext[lane]! + 1) | 0;
    if (lane === CONTROL_LANE) this.sink.deliverControl(at, total);
    else this.sink.deliverPacket(at, total);
    this.messagesDelivered++;
  }

  private deliverFollowing(lane: number): void {
    for (;;) {
      const record = this.find(lane, this.laneNext[lane]!);
      if (record < 0 || this.prefix[record] !== this.total[record]) return;
      this.deliver(lane, this.slot[record]!, this.total[record]!);
      this.remove(record);
    }
  }

  private store(record: number, piece: Piece): PieceFate {
    const from = piece.offset;
    const to = from + piece.length;
    if (to <= this.prefix[record]!) {
      this.duplicatePieces++;
      return 'duplicate';
    }
    this.memory.bytes.copyWithin(this.slot[record]! + from, piece.at, piece.at + piece.length);
    if (from > this.prefix[record]!) return this.addBeyond(record, from, to);
    this.prefix[record] = to;
    while (this.beyond[record]! >= 0 && this.rangeFrom[this.beyond[record]!]! <= this.prefix[record]) {
      const range = this.beyond[record]!;
      this.prefix[record] = Math.max(this.prefix[record], this.rangeTo[range]!);
      this.beyond[record] = this.rangeNext[range]!;
      this.freeRange(range);
    }
    return 'taken';
  }

  /** Inserts a range beyond a hole into the record's sorted list, merging what touches. */
  private addBeyond(record: number, from: number, to: number): PieceFate {
    let previous = -1;
    let next = this.beyond[record]!;
    while (next >= 0 && this.rangeTo[next]! < from) {
      previous = next;
      next = this.rangeNext[next]!;
    }
    if (next >= 0 && this.rangeFrom[next]! <= to) {
      this.rangeFrom[next] = Math.min(this.rangeFrom[next]!, from);
      this.rangeTo[next] = Math.max(this.rangeTo[next]!, to);
      const after = this.rangeNext[next]!;
      if (after >= 0 && this.rangeFrom[after]! <= this.rangeTo[next]!) {
        this.rangeTo[next] = Math.max(this.rangeTo[next]!, this.rangeTo[after]!);
        this.rangeNext[next] = this.rangeNext[after]!;
        this.freeRange(after);
      }
      return 'taken';
    }
    const range = this.rangeFree;
    if (range < 0) return 'no-memory';
    this.rangeFree = this.rangeNext[range]!;
    this.rangeFrom[range] = from;
    this.rangeTo[range] = to;
    this.rangeNext[range] = next;
    if (previous < 0) this.beyond[record] = range;
    else this.rangeNext[previous] = range;
    return 'taken';
  }

  private freeRange(range: number): void {
    this.rangeNext[range] = this.rangeFree;
    this.rangeFree = range;
  }

  private find(lane: number, number: number): number {
    let record = this.bucket[bucketOf(lane, number)]!;
    while (record >= 0 && (this.number[record] !== number || this.lane[record] !== lane)) {
      record = this.chain[record]!;
    }
    return record;
  }

  private create(piece: Piece, number: number): number {
    const record = this.free;
    if (record < 0) return -1;
    const slot = this.memory.receivePool(piece.total).take();
    if (slot < 0) return -1;
    this.free = this.chain[record]!;
    const bucket = bucketOf(piece.lane, number);
    this.chain[record] = this.bucket[bucket]!;
    this.bucket[bucket] = record;
    this.lane[record] = piece.lane;
    this.number[record] = number;
    this.slot[record] = slot + HEAD_ROOM_BYTES;
    this.total[record] = piece.total;
    this.prefix[record] = 0;
    this.beyond[record] = -1;
    this.heldCount++;
    return record;
  }

  private remove(record: number): void {
    const bucket = bucketOf(this.lane[record]!, this.number[record]!);
    if (this.bucket[bucket] === record) {
      this.bucket[bucket] = this.chain[record]!;
    } else {
      let previous = this.bucket[bucket]!;
      while (this.chain[previous] !== record) previous = this.chain[previous]!;
      this.chain[previous] = this.chain[record]!;
    }
    while (this.beyond[record]! >= 0) {
      const range = this.beyond[record]!;
      this.beyond[record] = this.rangeNext[range]!;
      this.freeRange(range);
    }
    if (this.pendingFreeCount === this.pendingFree.length) this.sink.flush();
    this.pendingFree[this.pendingFreeCount++] = record;
    this.heldCount--;
  }

  private giveSlot(record: number): void {
    this.memory.receivePool(this.total[record]!).give(this.slot[record]!);
    this.chain[record] = this.free;
    this.free = record;
  }
}

function bucketOf(lane: number, number: number): number {
  return (Math.imul(lane, 0x9e3779b1) + number) & (BUCKETS - 1);
}

/** Power of two near the number of records; the messages of one lane fall into neighbouring buckets. */
const BUCKETS = 8_192;
/** Above the most messages that flow control lets a peer have outstanding. */
const MAX_AHEAD = 1 << 16;
/** Ranges beyond holes by size of message: one of 64 KiB has some 46 pieces, so never more than 23. */
const RANGES = [1, 6, 48];
