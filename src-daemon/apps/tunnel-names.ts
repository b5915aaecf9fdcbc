import type { Arena } from '../../src-engine/memory.ts';
import { VNET_HEADER_BYTES } from '../../src-engine/send/lane-hash.ts';
import { readU16 } from '../../src-engine/wire/header.ts';
import type { PacketWatcher } from '../packet-loop.ts';

/**
 * Picks out of the tunnel's packets the questions for names and their answers; of each other packet it looks at a few
 * bytes. Datagrams that were joined to one large packet are taken apart again. Whatever a packet holds, nothing throws.
 */
export class TunnelNames implements PacketWatcher {
  readonly #hear: (packet: Uint8Array) => void;

  /** @param hear gets packets from the IP header on, valid until it returns */
  constructor(hear: (packet: Uint8Array) => void) {
    this.#hear = hear;
  }

  onEnter(bytes: Uint8Array, at: number, length: number): void {
    const head = headBytes(bytes, at, length, DESTINATION_PORT_AT);
    if (head > 0) this.#pick(bytes.subarray(at, at + length), head);
  }

  onLeave({ bytes, words }: Arena, table: number, count: number): void {
    for (let entry = table; entry < table + 2 * count; entry += 2) {
      const at = words[entry]!;
      const length = words[entry + 1]!;
      const head = headBytes(bytes, at, length, SOURCE_PORT_AT);
      if (head > 0) this.#pick(bytes.subarray(at, at + length), head);
    }
  }

  /** @param frame virtio-net header and packet */
  #pick(frame: Uint8Array, head: number): void {
    const packet = frame.subarray(VNET_HEADER_BYTES);
    if (frame[1] !== GSO_UDP_L4) return this.#hear(packet);
    const segmentBytes = frame[4]! | (frame[5]! << 8);
    for (let index = 0; index < MOST_SEGMENTS; index++) {
      const from = head + index * segmentBytes;
      const payload = packet.subarray(from, from + segmentBytes);
      if (payload.length === 0) return;
      const segment = new Uint8Array(head + payload.length);
      segment.set(packet.subarray(0, head));
      segment.set(payload, head);
      this.#hear(segment);
    }
  }
}

/**
 * IP and UDP header of a packet to or from a name server, in bytes; 0 for every other packet.
 *
 * @param portAt where in the UDP header the name server's port is
 */
function headBytes(bytes: Uint8Array, at: number, length: number, portAt: number): number {
  const ip = at + VNET_HEADER_BYTES;
  const isIpv4 = bytes[ip]! >> 4 === 4;
  if (bytes[ip + (isIpv4 ? 9 : 6)] !== IPPROTO_UDP) return 0;
  const udp = isIpv4 ? (bytes[ip]! & 15) * 4 : IPV6_BYTES;
  if (length < VNET_HEADER_BYTES + udp + UDP_BYTES || readU16(bytes, ip + udp + portAt) !== DNS_PORT)
    return 0;
  const isLaterPiece = isIpv4 && (readU16(bytes, ip + 6) & FRAGMENT_OFFSET_MASK) !== 0;
  return isLaterPiece ? 0 : udp + UDP_BYTES;
}

const DNS_PORT = 53;
const SOURCE_PORT_AT = 0;
const DESTINATION_PORT_AT = 2;
const IPPROTO_UDP = 17;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const FRAGMENT_OFFSET_MASK = 0x1fff;
/** Of the virtio-net header (virtio 1.2, section 5.1.6): type 5, the size of its segments in bytes 4 and 5. */
const GSO_UDP_L4 = 5;
/** The kernel refuses packets of more. */
const MOST_SEGMENTS = 128;
