import { readU16, readU24, readU64, writeU16, writeU24, writeU64 } from './header.ts';

/**
 * Frames inside a data datagram, one after the other until its end. The first byte is the type.
 *
 *     PADDING    0  the rest of the datagram is zero bytes
 *     PING       1  asks for an acknowledgement
 *     ACK        2  path u8, delay u16 (units of 16 us), largest u64, count u8 (0..31), first u16,
 *                   then count times (gap u16, length u16)
 *     MESSAGE    3  lane u16, number u24, length u16, bytes: one whole message
 *     CHUNK      4  lane u16, number u24, total u16, offset u16, length u16, bytes: a piece of one
 *     SKIP       5  lane u16, number u24: messages below `number` of that lane will not come
 *     CHALLENGE  6  8 bytes, to be echoed
 *     RESPONSE   7  the 8 bytes of a challenge
 *     STATUS     8  sequence u32, count u8, count times (path u8, status u8)
 *     CLOSE      9  reason u8
 *
 * A CHUNK's type has three flags: 0x80 the piece runs to the end of the datagram and has no length field, 0x40 adds
 * 65,536 to the total, 0x20 to the offset. The numbers of messages are the low 24 bits of what both ends count.
 *
 * Hot frames are written and read in place, field by field, without an object; the functions below are the only code
 * that knows their layout.
 */
export const FRAME_PADDING = 0;
export const FRAME_PING = 1;
export const FRAME_ACK = 2;
export const FRAME_MESSAGE = 3;
export const FRAME_CHUNK = 4;
export const FRAME_SKIP = 5;
export const FRAME_CHALLENGE = 6;
export const FRAME_RESPONSE = 7;
export const FRAME_STATUS = 8;
export const FRAME_CLOSE = 9;

export const MESSAGE_HEAD_BYTES = 8;
export const CHUNK_HEAD_BYTES = 12;
/** Of a chunk that runs to the end of the datagram. */
export const LAST_CHUNK_HEAD_BYTES = 10;
export const SKIP_BYTES = 6;
export const CHALLENGE_BYTES = 9;
export const CLOSE_BYTES = 2;
export const STATUS_HEAD_BYTES = 6;
export const ACK_HEAD_BYTES = 15;
export const ACK_RANGE_BYTES = 4;
/** Ranges of one ACK beyond the first: 128 bytes at most, enough for 30 % loss over about 100 datagrams. */
export const ACK_MAX_RANGES = 32;
/** Unit of the ACK delay field: 16 us gives a range of one second in 16 bits. */
export const ACK_DELAY_UNIT_MICROS = 16;

/** What a sender asks its peer to use a path for. */
export const STATUS_ABANDONED = 0;
export const STATUS_STANDBY = 1;
export const STATUS_AVAILABLE = 2;
/** Stands by and is not to be used beside others: it costs money, or its user wants to keep it. */
export const STATUS_RESERVE = 3;

/** Why a session ends. */
export const CLOSE_SHUTDOWN = 0;
export const CLOSE_REVOKED = 1;

/** A piece of a message as MESSAGE and CHUNK frames carry it; filled in place by {@link readPiece}. */
export interface Piece {
  lane: number;
  /** The low 24 bits of the message's number. */
  number: number;
  total: number;
  offset: number;
  length: number;
  /** Byte offset of the piece's bytes in the arena. */
  at: number;
}

export function emptyPiece(): Piece {
  return { lane: 0, number: 0, total: 0, offset: 0, length: 0, at: 0 };
}

export function writeMessageHead(
  bytes: Uint8Array,
  at: number,
  lane: number,
  number: number,
  length: number,
): void {
  bytes[at] = FRAME_MESSAGE;
  writeU16(bytes, at + 1, lane);
  writeU24(bytes, at + 3, number);
  writeU16(bytes, at + 6, length);
}

/** @param length 0 for a chunk that runs to the end of the datagram. */
export function writeChunkHead(
  bytes: Uint8Array,
  at: number,
  lane: number,
  number: number,
  total: number,
  offset: number,
  length: number,
): void {
  const flags = (total > 0xffff ? TOTAL_HIGH : 0) | (offset > 0xffff ? OFFSET_HIGH : 0);
  bytes[at] = FRAME_CHUNK | flags | (length === 0 ? TO_THE_END : 0);
  writeU16(bytes, at + 1, lane);
  writeU24(bytes, at + 3, number);
  writeU16(bytes, at + 6, total);
  writeU16(bytes, at + 8, offset);
  if (length > 0) writeU16(bytes, at + 10, length);
}

/** Whether a frame's type is that of a MESSAGE or CHUNK. */
export function isPiece(type: number): boolean {
  return type === FRAME_MESSAGE || (type & ~CHUNK_FLAGS) === FRAME_CHUNK;
}

/**
 * Reads a MESSAGE or CHUNK frame at `at` into `out`.
 * @returns the offset behind the frame, or -1 if it does not fit before `end` or contradicts itself.
 */
export function readPiece(bytes: Uint8Array, at: number, end: number, out: Piece): number {
  if (bytes[at] === FRAME_MESSAGE) {
    if (at + MESSAGE_HEAD_BYTES > end) return -1;
    out.lane = readU16(bytes, at + 1);
    out.number = readU24(bytes, at + 3);
    out.length = readU16(bytes, at + 6);
    out.total = out.length;
    out.offset = 0;
    out.at = at + MESSAGE_HEAD_BYTES;
  } else {
    const flags = bytes[at]! & CHUNK_FLAGS;
    const isLast = (flags & TO_THE_END) !== 0;
    out.at = at + (isLast ? LAST_CHUNK_HEAD_BYTES : CHUNK_HEAD_BYTES);
    if (out.at > end) return -1;
    out.lane = readU16(bytes, at + 1);
    out.number = readU24(bytes, at + 3);
    out.total = readU16(bytes, at + 6) + ((flags & TOTAL_HIGH) !== 0 ? 0x1_0000 : 0);
    out.offset = readU16(bytes, at + 8) + ((flags & OFFSET_HIGH) !== 0 ? 0x1_0000 : 0);
    out.length = isLast ? end - out.at : readU16(bytes, at + 10);
    if (out.offset + out.length > out.total) return -1;
  }
  const next = out.at + out.length;
  return out.length === 0 || next > end ? -1 : next;
}

/**
 * Writes an ACK frame from ranges as `ReplayWindow.collectRanges` gives them: first and last packet number of each,
 * from the largest downwards.
 * @param ranges pairs (first, last); `count` of them are valid, at least one.
 * @returns bytes written.
 */
export function writeAck(
  bytes: Uint8Array,
  at: number,
  pathId: number,
  delayMicros: number,
  ranges: Float64Array,
  count: number,
): number {
  bytes[at] = FRAME_ACK;
  bytes[at + 1] = pathId;
  writeU16(bytes, at + 2, Math.min(0xffff, Math.floor(delayMicros / ACK_DELAY_UNIT_MICROS)));
  writeU64(bytes, at + 4, ranges[1]!);
  bytes[at + 12] = count - 1;
  writeU16(bytes, at + 13, ranges[1]! - ranges[0]!);
  let cursor = at + ACK_HEAD_BYTES;
  for (let i = 1; i < count; i++) {
    const previousFirst = ranges[2 * i - 2]!;
    const last = ranges[2 * i + 1]!;
    writeU16(bytes, cursor, previousFirst - last - 1);
    writeU16(bytes, cursor + 2, last - ranges[2 * i]!);
    cursor += ACK_RANGE_BYTES;
  }
  return cursor - at;
}

/** An ACK frame's fields; `ranges` as {@link writeAck} takes them. */
export interface AckFields {
  pathId: number;
  delayMicros: number;
  count: number;
  readonly ranges: Float64Array;
}

export function emptyAck(): AckFields {
  return { pathId: 0, delayMicros: 0, count: 0, ranges: new Float64Array(2 * ACK_MAX_RANGES) };
}

/** Reads an ACK frame. @returns the offset behind it, or -1 if it is malformed. */
export function readAck(bytes: Uint8Array, at: number, end: number, out: AckFields): number {
  if (at + ACK_HEAD_BYTES > end) return -1;
  const extra = bytes[at + 12]!;
  const next = at + ACK_HEAD_BYTES + extra * ACK_RANGE_BYTES;
  if (extra >= ACK_MAX_RANGES || next > end) return -1;
  out.pathId = bytes[at + 1]!;
  out.delayMicros = readU16(bytes, at + 2) * ACK_DELAY_UNIT_MICROS;
  let last = readU64(bytes, at + 4);
  let first = last - readU16(bytes, at + 13);
  out.ranges[0] = first;
  out.ranges[1] = last;
  for (let i = 1, cursor = at + ACK_HEAD_BYTES; i <= extra; i++, cursor += ACK_RANGE_BYTES) {
    last = first - 1 - readU16(bytes, cursor);
    first = last - readU16(bytes, cursor + 2);
    out.ranges[2 * i] = first;
    out.ranges[2 * i + 1] = last;
  }
  out.count = extra + 1;
  return first < 0 ? -1 : next;
}

export function writeSkip(bytes: Uint8Array, at: number, lane: number, number: number): void {
  bytes[at] = FRAME_SKIP;
  writeU16(bytes, at + 1, lane);
  writeU24(bytes, at + 3, number);
}

const TO_THE_END = 0x80;
const TOTAL_HIGH = 0x40;
const OFFSET_HIGH = 0x20;
const CHUNK_FLAGS = TO_THE_END | TOTAL_HIGH | OFFSET_HIGH;
