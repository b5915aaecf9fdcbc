import { type EngineMemory, SEGMENT_LIMIT_PER_DATAGRAM, TRANSMIT_BATCH } from './memory.ts';
import { HEADER_BYTES, TAG_BYTES, writeDataHeader } from './wire/header.ts';

/**
 * Builds a batch of data datagrams in the arena's transmit region: frame heads are written in place, the bytes of
 * packets are only referred to, so that sealing copies and encrypts them in one pass.
 *
 * Use: {@link clear}, then for each datagram {@link begin}, frames, {@link finish}; then seal and send {@link count}.
 */
export class DatagramBuilder {
  /** Datagrams in the batch. */
  count = 0;
  private readonly memory: EngineMemory;
  private start = 0;
  private cursor = 0;
  private limit = 0;
  private inlineFrom = 0;
  private segments = 0;
  private firstSegment = 0;

  constructor(memory: EngineMemory) {
    this.memory = memory;
  }

  clear(): void {
    this.count = 0;
    this.start = this.memory.transmitBase;
    this.segments = 0;
  }

  get isFull(): boolean {
    return this.count === TRANSMIT_BATCH;
  }

  /** Starts a datagram of at most `datagramBytes`. */
  begin(datagramBytes: number): void {
    this.cursor = this.start + HEADER_BYTES;
    this.limit = this.start + datagramBytes - TAG_BYTES;
    this.inlineFrom = this.cursor;
    this.firstSegment = this.segments;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.limit - this.cursor;
  }

  get isEmpty(): boolean {
    return this.cursor === this.start + HEADER_BYTES;
  }

  /** Whether another packet's bytes may be added; the table of segments is bounded. */
  get hasSegments(): boolean {
    return this.segments - this.firstSegment < SEGMENT_LIMIT_PER_DATAGRAM - 3;
  }

  /** Claims bytes at the cursor, to be written by the caller; returns their offset. */
  claim(bytes: number): number {
    const at = this.cursor;
    this.cursor += bytes;
    return at;
  }

  /** Appends bytes that lie elsewhere in the arena and stay there until the batch is sealed. */
  refer(at: number, bytes: number): void {
    this.endInline();
    this.addSegment(at, bytes);
    this.cursor += bytes;
    this.inlineFrom = this.cursor;
  }

  /** Fills the datagram with zero bytes (PADDING) up to its limit. */
  pad(): void {
    this.memory.bytes.fill(0, this.cursor, this.limit);
    this.cursor = this.limit;
  }

  /** Bytes that the datagram would have if it were finished now. */
  get datagramBytes(): number {
    return this.cursor - this.start + TAG_BYTES;
  }

  /** Ends the datagram and describes it for sealing and sending. */
  finish(pathId: number, receiverIndex: number, packetNumber: number, keySlot: number, remote: number): void {
    this.endInline();
    const { words, sealTable, segmentTable, sendTable } = this.memory;
    writeDataHeader(this.memory.bytes, this.start, pathId, receiverIndex, packetNumber);
    const bytes = this.datagramBytes;
    const seal = sealTable + this.count * 6;
    words[seal] = this.start;
    words[seal + 1] = keySlot;
    words[seal + 2] = segmentTable + this.firstSegment * 2;
    words[seal + 3] = this.segments - this.firstSegment;
    const send = sendTable + this.count * 4;
    words[send] = this.start;
    words[send + 1] = bytes;
    words[send + 2] = remote;
    this.start += bytes;
    this.count++;
  }

  private endInline(): void {
    if (this.cursor > this.inlineFrom) this.addSegment(this.inlineFrom, this.cursor - this.inlineFrom);
    this.inlineFrom = this.cursor;
  }

  private addSegment(at: number, bytes: number): void {
    const word = this.memory.segmentTable + this.segments * 2;
    this.memory.words[word] = at;
    this.memory.words[word + 1] = bytes;
    this.segments++;
  }
}
