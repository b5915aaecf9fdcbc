/**
 * The header of a data datagram, 12 bytes, sent in the clear and authenticated:
 *
 *     0      1        2               4                    8                     12
 *     | type | pathId | number, high  | receiver index     | packet number, low  |
 *
 * See docs/protocol.md. Multibyte fields are big-endian, as everywhere in the protocol.
 */
export const HEADER_BYTES = 12;
export const TAG_BYTES = 16;
/** The shortest datagram of all: a version notice. */
export const LEAST_DATAGRAM_BYTES = 16;
/** What sealing adds to a plaintext. */
export const SEAL_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

export const TYPE_INITIATION = 1;
export const TYPE_RESPONSE = 2;
export const TYPE_COOKIE = 3;
export const TYPE_DATA = 4;
export const TYPE_VERSION = 5;
/** Pairing, which the engine hands on: it is no part of the tunnel. */
export const TYPE_PAIRING = 6;

const TWO_POW_32 = 0x1_0000_0000;

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readU24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

/** Reads an unsigned 32-bit number (0 to 2^32-1). */
export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Reads a 64-bit number; above 2^53 it is inexact, which no honest peer reaches. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) * TWO_POW_32 + readU32(bytes, at + 4);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes a non-negative integer below 2^53 as 64 bits. */
export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, Math.floor(value / TWO_POW_32));
  writeU32(bytes, at + 4, value % TWO_POW_32);
}

/** Reads the packet number out of the header of a data datagram at `at`. */
export function readPacketNumber(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 2) * TWO_POW_32 + readU32(bytes, at + 8);
}

/** Writes the header of a data datagram at `at`. @param packetNumber below 2^48: a century at 80,000 a second. */
export function writeDataHeader(
  bytes: Uint8Array,
  at: number,
  pathId: number,
  receiverIndex: number,
  packetNumber: number,
): void {
  bytes[at] = TYPE_DATA;
  bytes[at + 1] = pathId;
  writeU16(bytes, at + 2, Math.floor(packetNumber / TWO_POW_32));
  writeU32(bytes, at + 4, receiverIndex);
  writeU32(bytes, at + 8, packetNumber % TWO_POW_32);
}
