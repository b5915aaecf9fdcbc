import { readU16 } from '../wire/header.ts';

/** Lanes of a session. Flows that share one are ordered with each other: harmless, and 1 in 767 for two flows. */
export const LANES = 1_024;
/** Carries the session's own messages (reliable, ordered) instead of packets. */
export const CONTROL_LANE = LANES - 1;
/** Lanes below this one are of flows of class `bonded`, and of no others. Few flows have a class. */
export const FIRST_COMMON_LANE = 256;
/** Sets of lanes, as bits. */
export const COMMON_LANES = 1;
export const BONDED_LANES = 2;
export const ALL_LANES = COMMON_LANES | BONDED_LANES;
/** Bytes of the virtio-net header in front of every packet. */
export const VNET_HEADER_BYTES = 10;

const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;

/**
 * The lane of an inner packet: a hash of addresses, protocol and ports. Fragments hash without ports, since only the
 * first has them.
 * @param at byte offset of the virtio-net header; `length` counts from there.
 * @param isBonded whether the flow is of class `bonded`.
 * @returns the lane, or -1 if this is no IP packet.
 */
export function laneOfPacket(bytes: Uint8Array, at: number, length: number, isBonded = false): number {
  const ip = at + VNET_HEADER_BYTES;
  const end = at + length;
  if (ip + 20 > end) return -1;
  const version = bytes[ip]! >> 4;
  let hash: number;
  let protocol: number;
  let transport: number;
  if (version === 4) {
    protocol = bytes[ip + 9]!;
    hash = mixRange(bytes, ip + 12, 8, protocol);
    const isFragment = (readU16(bytes, ip + 6) & 0x3fff) !== 0;
    transport = isFragment ? -1 : ip + (bytes[ip]! & 15) * 4;
  } else if (version === 6 && ip + 40 <= end) {
    protocol = bytes[ip + 6]!;
    hash = mixRange(bytes, ip + 8, 32, protocol);
    transport = ip + 40;
  } else {
    return -1;
  }
  if (transport > 0 && transport + 8 <= end) {
    if (protocol === IPPROTO_TCP || protocol === IPPROTO_UDP) hash = mixRange(bytes, transport, 4, hash);
    else if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6)
      hash = mixRange(bytes, transport + 4, 2, hash);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = (hash ^ (hash >>> 12)) >>> 0;
  return isBonded
    ? hash % FIRST_COMMON_LANE
    : FIRST_COMMON_LANE + (hash % (CONTROL_LANE - FIRST_COMMON_LANE));
}

/** Whether a lane is of flows of class `bonded`. */
export function isBondedLane(lane: number): boolean {
  return lane < FIRST_COMMON_LANE;
}

/** Whether a packet is TCP: its sender keeps what the tunnel holds, so it may be held long. */
export function isTcp(bytes: Uint8Array, at: number): boolean {
  const ip = at + VNET_HEADER_BYTES;
  return bytes[ip]! >> 4 === 4 ? bytes[ip + 9] === IPPROTO_TCP : bytes[ip + 6] === IPPROTO_TCP;
}

/** FNV-1a over 16-bit steps. */
export function mixRange(bytes: Uint8Array, at: number, length: number, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = at; i < at + length; i += 2) hash = Math.imul(hash ^ readU16(bytes, i), 0x01000193);
  return hash;
}
