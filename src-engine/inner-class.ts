import { BONDED_DSCP, REDUNDANT_DSCP } from '../src-shared/model/lane-codes.ts';
import { patchSum } from './internet-sum.ts';
import { VNET_HEADER_BYTES } from './send/lane-hash.ts';
import { readU16 } from './wire/header.ts';

/** The class of a flow that is sent as the session's mode says. Other classes are named by their DSCP codes. */
export const NO_CLASS = 0;

/** The class that the code in a packet names. @param at byte offset of the virtio-net header. */
export function classOfPacket(bytes: Uint8Array, at: number): number {
  const ip = at + VNET_HEADER_BYTES;
  const first = bytes[ip]!;
  const second = bytes[ip + 1]!;
  const dscp = first >> 4 === 4 ? second >> 2 : ((first & 15) << 2) | (second >> 6);
  if (dscp !== BONDED_DSCP && dscp !== REDUNDANT_DSCP) return NO_CLASS;
  return first >> 4 === 4 || first >> 4 === 6 ? dscp : NO_CLASS;
}

/**
 * Takes the code out of a packet, if there is one of ours: DSCP becomes 0, the bits of ECN stay. The sum of an IPv4 header
 * is complete in super-packets, too; those of TCP and UDP do not cover these bits.
 * @returns the class that the code named.
 */
export function takeClass(bytes: Uint8Array, at: number): number {
  const flowClass = classOfPacket(bytes, at);
  if (flowClass === NO_CLASS) return NO_CLASS;
  const ip = at + VNET_HEADER_BYTES;
  if (bytes[ip]! >> 4 === 4) {
    const before = readU16(bytes, ip);
    bytes[ip + 1]! &= 0x03;
    patchSum(bytes, ip + 10, before, readU16(bytes, ip));
  } else {
    bytes[ip]! &= 0xf0;
    bytes[ip + 1]! &= 0x3f;
  }
  return flowClass;
}
