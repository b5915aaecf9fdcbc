import { VNET_HEADER_BYTES } from './send/lane-hash.ts';

/**
 * The head of an inner packet on its way. Of the virtio-net header (OASIS virtio 1.2, section 5.1.6) only flags, type
 * and size of the segments are sent: the rest follows from the packet itself. Small super-packets, as several TCP
 * streams make them, would otherwise spend 0.2 % of a link on it.
 *
 *     short   flags u8 with SHORT set, gso_type u8, gso_size u16
 *     long    the virtio-net header, for what does not follow from the packet
 */
const SHORT_HEAD_BYTES = 4;
/** By how much a short head is shorter. Whoever receives one has this room before it. */
export const HEAD_ROOM_BYTES = VNET_HEADER_BYTES - SHORT_HEAD_BYTES;

/**
 * Shortens the virtio-net header at `at` in place, if the rest follows from the IP packet behind it.
 * @returns by how many bytes the message now begins later: 0 or {@link HEAD_ROOM_BYTES}.
 */
export function shortenHead(bytes: Uint8Array, at: number): number {
  const flags = bytes[at]!;
  const type = bytes[at + 1]!;
  const isPartial = (flags & NEEDS_CHECKSUM) !== 0;
  if ((flags & SHORT) !== 0 || (type !== 0 && !isPartial)) return 0;
  if (isPartial && !holds(bytes, at, checksumPlace(bytes, at + VNET_HEADER_BYTES))) return 0;
  // From the end to the start, since the two overlap.
  bytes[at + 9] = bytes[at + 5]!;
  bytes[at + 8] = bytes[at + 4]!;
  bytes[at + 7] = type;
  bytes[at + 6] = flags | SHORT;
  return HEAD_ROOM_BYTES;
}

/**
 * Writes the virtio-net header of a message of `length` bytes back; one that is long stays.
 * @param at byte offset of the message; the {@link HEAD_ROOM_BYTES} before it are overwritten.
 * @returns by how many bytes the message now begins earlier: 0 or {@link HEAD_ROOM_BYTES}.
 */
export function restoreHead(bytes: Uint8Array, at: number, length: number): number {
  const flags = bytes[at]! & ~SHORT;
  if (flags === bytes[at] || length < SHORT_HEAD_BYTES) return 0;
  const head = at - HEAD_ROOM_BYTES;
  bytes[head] = flags;
  bytes[head + 1] = bytes[at + 1]!;
  bytes[head + 4] = bytes[at + 2]!;
  bytes[head + 5] = bytes[at + 3]!;
  const isPartial = (flags & NEEDS_CHECKSUM) !== 0;
  const place = isPartial ? checksumPlace(bytes, at + SHORT_HEAD_BYTES) : NOWHERE;
  const start = place === NOWHERE ? 0 : place >> 8;
  writeLittleU16(
    bytes,
    head + 2,
    place === NOWHERE || bytes[head + 1] === 0 ? 0 : headersEnd(bytes, at, start),
  );
  writeLittleU16(bytes, head + 6, start);
  writeLittleU16(bytes, head + 8, place === NOWHERE ? 0 : place & 0xff);
  return HEAD_ROOM_BYTES;
}

/** Where the transport's checksum belongs: its start and offset as `csum_start << 8 | csum_offset`, or NOWHERE. */
function checksumPlace(bytes: Uint8Array, ip: number): number {
  const isIpv4 = bytes[ip]! >> 4 === 4;
  const protocol = bytes[ip + (isIpv4 ? 9 : 6)];
  const start = isIpv4 ? (bytes[ip]! & 15) * 4 : IPV6_HEADER_BYTES;
  if (protocol === IPPROTO_TCP) return (start << 8) | TCP_CHECKSUM_AT;
  return protocol === IPPROTO_UDP ? (start << 8) | UDP_CHECKSUM_AT : NOWHERE;
}

function holds(bytes: Uint8Array, at: number, place: number): boolean {
  return (
    place !== NOWHERE &&
    readLittleU16(bytes, at + 6) === place >> 8 &&
    readLittleU16(bytes, at + 8) === (place & 0xff)
  );
}

/** Bytes of all headers of a packet whose transport header begins `start` bytes into it. */
function headersEnd(bytes: Uint8Array, at: number, start: number): number {
  const transport = at + SHORT_HEAD_BYTES + start;
  const isUdp = bytes[at + 1] === GSO_UDP;
  return start + (isUdp ? UDP_HEADER_BYTES : (bytes[transport + 12]! >> 4) * 4);
}

/** The virtio-net header has the machine's byte order, which is little-endian wherever Bowline runs. */
function readLittleU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

function writeLittleU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
}

/** No virtio flag: the kernel uses the low three bits. */
const SHORT = 0x80;
const NEEDS_CHECKSUM = 1;
const GSO_UDP = 5;
const NOWHERE = -1;
const IPV6_HEADER_BYTES = 40;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const TCP_CHECKSUM_AT = 16;
const UDP_CHECKSUM_AT = 6;
const UDP_HEADER_BYTES = 8;
