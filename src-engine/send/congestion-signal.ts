import { foldSum, patchSum } from '../internet-sum.ts';
import { readU16, writeU16 } from '../wire/header.ts';
import { VNET_HEADER_BYTES } from './lane-hash.ts';

/**
 * Tells the sender of a packet that it is too fast: by a congestion mark where the flow understands it (RFC 3168), else
 * by taking the last segment off a super-packet. That hole is what a router's drop of one packet would leave; to drop
 * all of the super-packet would lose dozens at once.
 *
 * @param at byte offset of the packet's virtio-net header; the packet is changed in place.
 * @returns the packet's new length; the old one if it was marked, 0 if it has to be dropped as a whole.
 */
export function signalCongestion(bytes: Uint8Array, at: number, length: number): number {
  if (markCongestion(bytes, at + VNET_HEADER_BYTES)) return length;
  return takeLastSegment(bytes, at, length);
}

/** @returns false if the flow does not understand marks. */
function markCongestion(bytes: Uint8Array, ip: number): boolean {
  if (bytes[ip]! >> 4 === 4) {
    if ((bytes[ip + 1]! & ECN_MASK) === 0) return false;
    const before = readU16(bytes, ip);
    bytes[ip + 1]! |= ECN_CONGESTED;
    patchSum(bytes, ip + 10, before, readU16(bytes, ip));
    return true;
  }
  if ((bytes[ip + 1]! & (ECN_MASK << 4)) === 0) return false;
  bytes[ip + 1]! |= ECN_CONGESTED << 4;
  return true;
}

function takeLastSegment(bytes: Uint8Array, at: number, length: number): number {
  const gsoType = bytes[at + 1]! & ~GSO_ECN;
  const ip = at + VNET_HEADER_BYTES;
  const isIpv4 = bytes[ip]! >> 4 === 4;
  const isTcp = gsoType === GSO_TCP4 || gsoType === GSO_TCP6;
  if ((!isTcp && gsoType !== GSO_UDP) || (bytes[at]! & NEEDS_CHECKSUM) === 0) return 0;
  const transport = ip + readLittleU16(bytes, at + 6);
  if (transport + LEAST_TCP_HEADER_BYTES > at + length) return 0;
  const payload = transport + (isTcp ? (bytes[transport + 12]! >> 4) * 4 : UDP_HEADER_BYTES);
  const segment = readLittleU16(bytes, at + 4);
  const payloadBytes = at + length - payload;
  // The end of a connection must not be cut off: the segment before would carry its flag.
  if (segment === 0 || payloadBytes <= segment || (isTcp && (bytes[transport + 13]! & TCP_FIN) !== 0))
    return 0;
  const cut = payloadBytes % segment === 0 ? segment : payloadBytes % segment;
  const lengthAt = isIpv4 ? ip + 2 : ip + 4;
  const ipLength = readU16(bytes, lengthAt);
  writeU16(bytes, lengthAt, ipLength - cut);
  if (isIpv4) patchSum(bytes, ip + 10, ipLength, ipLength - cut);
  const transportBytes = at + length - transport;
  if (!isTcp) writeU16(bytes, transport + 4, transportBytes - cut);
  // The kernel left the sum of the pseudo-header there, which holds the length; it is not complemented.
  const sumAt = transport + (isTcp ? 16 : 6);
  writeU16(
    bytes,
    sumAt,
    foldSum(readU16(bytes, sumAt) + (~transportBytes & 0xffff) + (transportBytes - cut)),
  );
  return length - cut;
}

/** The virtio-net header has the machine's byte order, which is little-endian wherever Bowline runs. */
function readLittleU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** Fields of the virtio-net header (OASIS virtio 1.2, section 5.1.6). */
const NEEDS_CHECKSUM = 1;
const GSO_TCP4 = 1;
const GSO_TCP6 = 4;
const GSO_UDP = 5;
const GSO_ECN = 0x80;
const ECN_MASK = 3;
const ECN_CONGESTED = 3;
const TCP_FIN = 1;
const LEAST_TCP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
