import { readU16, writeU16, writeU32 } from '../../src-engine/wire/header.ts';

const VNET_BYTES = 10;
const UDP_BYTES = 8;
const NEEDS_CHECKSUM = 1;
const DATA_VALID = 2;
const GSO_UDP_L4 = 5;

/** What a UDP packet of a test consists of; every part has a default. */
export interface UdpPacketParts {
  readonly version?: 4 | 6;
  /** Last byte of the source and destination addresses; the rest is fixed. */
  readonly source?: number;
  readonly destination?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** TOS of IPv4, traffic class of IPv6. */
  readonly tos?: number;
  /** TTL of IPv4, hop limit of IPv6. */
  readonly ttl?: number;
  /** Identification, IPv4 only. */
  readonly id?: number;
  /** The 16 bits of flags and fragment offset, IPv4 only. */
  readonly fragment?: number;
  readonly flowLabel?: number;
  readonly protocol?: number;
  readonly payload?: Uint8Array;
  /** How the sender's kernel vouches for the checksum; `none` leaves the flags empty. */
  readonly checksum?: 'partial' | 'verified' | 'none';
}

/** A UDP packet behind its virtio-net header, as a TUN device gives it. */
export function udpPacket(parts: UdpPacketParts = {}): Uint8Array {
  const { version = 4, payload = new Uint8Array(100), checksum = 'partial' } = parts;
  const ipBytes = version === 4 ? 20 : 40;
  const packet = new Uint8Array(VNET_BYTES + ipBytes + UDP_BYTES + payload.length);
  const ip = packet.subarray(VNET_BYTES);
  const udpBytes = UDP_BYTES + payload.length;
  if (version === 4) writeIpv4(ip, udpBytes, parts);
  else writeIpv6(ip, udpBytes, parts);
  const udp = ip.subarray(ipBytes);
  writeU16(udp, 0, parts.sourcePort ?? 4000);
  writeU16(udp, 2, parts.destinationPort ?? 5000);
  writeU16(udp, 4, udpBytes);
  udp.set(payload, UDP_BYTES);
  writeU16(udp, 6, pseudoHeaderSum(ip));
  if (checksum === 'partial') {
    packet.set([NEEDS_CHECKSUM, 0, 0, 0, 0, 0, ipBytes, 0, 6, 0]);
    return packet;
  }
  writeU16(udp, 6, onesComplement(sumOf(udp)) || 0xffff);
  if (checksum === 'verified') packet[0] = DATA_VALID;
  return packet;
}

function writeIpv4(ip: Uint8Array, udpBytes: number, parts: UdpPacketParts): void {
  ip[0] = 0x45;
  ip[1] = parts.tos ?? 0;
  writeU16(ip, 2, 20 + udpBytes);
  writeU16(ip, 4, parts.id ?? 0);
  writeU16(ip, 6, parts.fragment ?? 0x4000);
  ip[8] = parts.ttl ?? 64;
  ip[9] = parts.protocol ?? 17;
  ip.set([10, 9, 0, parts.source ?? 2], 12);
  ip.set([10, 9, 0, parts.destination ?? 1], 16);
  writeU16(ip, 10, onesComplement(sumOf(ip.subarray(0, 20))));
}

function writeIpv6(ip: Uint8Array, udpBytes: number, parts: UdpPacketParts): void {
  writeU32(ip, 0, 0x6000_0000 + (parts.tos ?? 0) * 0x10_0000 + (parts.flowLabel ?? 0));
  writeU16(ip, 4, udpBytes);
  ip[6] = parts.protocol ?? 17;
  ip[7] = parts.ttl ?? 64;
  ip.set([0xfd, 9], 8);
  ip[23] = parts.source ?? 2;
  ip.set([0xfd, 9], 24);
  ip[39] = parts.destination ?? 1;
}

/**
 * Cuts a packet with segmentation offload as virtio's GSO_UDP_L4 means it, slowly and by the header's own fields: each
 * piece gets `gso_size` bytes of payload, its lengths, the next IPv4 identification and full checksums.
 * @returns IP packets, without virtio-net headers.
 */
export function cutSegmentedUdp(packet: Uint8Array): Uint8Array[] {
  const little16 = (at: number): number => packet[at]! | (packet[at + 1]! << 8);
  if (packet[0] !== NEEDS_CHECKSUM || packet[1] !== GSO_UDP_L4) throw new Error('not a segmented packet');
  const [headBytes, segmentBytes, udpAt, checksumAt] = [little16(2), little16(4), little16(6), little16(8)];
  const ip = packet.subarray(VNET_BYTES);
  const pieces: Uint8Array[] = [];
  for (let from = headBytes; from < ip.length; from += segmentBytes) {
    const payload = ip.subarray(from, from + segmentBytes);
    const piece = new Uint8Array(headBytes + payload.length);
    piece.set(ip.subarray(0, headBytes));
    piece.set(payload, headBytes);
    const udpBytes = piece.length - udpAt;
    if (piece[0]! >> 4 === 4) {
      writeU16(piece, 2, piece.length);
      writeU16(piece, 4, readU16(ip, 4) + pieces.length);
      writeU16(piece, 10, 0);
      writeU16(piece, 10, onesComplement(sumOf(piece.subarray(0, udpAt))));
    } else {
      writeU16(piece, 4, udpBytes);
    }
    // The sum in the field covers the joined length: take that out and the piece's own in.
    const joinedUdpBytes = readU16(ip, udpAt + 4);
    writeU16(piece, udpAt + 4, udpBytes);
    const partial = readU16(ip, udpAt + checksumAt) + (~joinedUdpBytes & 0xffff) + udpBytes;
    writeU16(piece, udpAt + checksumAt, fold(partial));
    writeU16(piece, udpAt + checksumAt, onesComplement(sumOf(piece.subarray(udpAt))) || 0xffff);
    pieces.push(piece);
  }
  return pieces;
}

/** Sum of the pseudo header of a UDP packet, folded to 16 bits, for a partial checksum. */
export function pseudoHeaderSum(ip: Uint8Array): number {
  const ipBytes = ip[0]! >> 4 === 4 ? 20 : 40;
  const addresses = ipBytes === 20 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  return fold(sumOf(addresses) + 17 + readU16(ip, ipBytes + 4));
}

/** Sum of big-endian 16-bit words, an odd last byte padded with zero; not folded. */
export function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) + (bytes[i + 1] ?? 0);
  return sum;
}

/** Folds the carries of a sum into 16 bits. */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

function onesComplement(sum: number): number {
  return ~fold(sum) & 0xffff;
}
