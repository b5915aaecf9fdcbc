import { LANES, VNET_HEADER_BYTES, isTcp } from './lane-hash.ts';
import { readU16 } from '../wire/header.ts';

/**
 * Tells packets whose loss or delay people feel at once: what is marked as real-time, what opens a connection, a name
 * query, and what a lane sends first after a pause. They are few and small, and go out twice where that is cheap.
 */
export class Urgency {
  private readonly activeAt = new Float64Array(LANES).fill(-Infinity);
  private callAt = -Infinity;

  /** Whether a packet of this lane is urgent. @param at byte offset of its virtio-net header; `length` counts from there. */
  note(bytes: Uint8Array, at: number, length: number, lane: number, now: number): boolean {
    const pauseMicros = now - this.activeAt[lane]!;
    this.activeAt[lane] = now;
    if (length > MOST_BYTES) return false;
    if (length <= MOST_CALL_BYTES && !isTcp(bytes, at)) this.callAt = now;
    return pauseMicros > PAUSE_MICROS || isUrgent(bytes, at + VNET_HEADER_BYTES, at + length);
  }

  /** Whether a call, a game or a question was under way within the last second: whatever is short and not TCP. */
  isCallOn(now: number): boolean {
    return now - this.callAt < CALL_MICROS;
  }
}

function isUrgent(bytes: Uint8Array, ip: number, end: number): boolean {
  const isIpv4 = bytes[ip]! >> 4 === 4;
  const trafficClass = isIpv4 ? bytes[ip + 1]! : (readU16(bytes, ip) >> 4) & 0xff;
  if (trafficClass >> 2 >= LEAST_REAL_TIME_DSCP) return true;
  const transport = isIpv4 ? ip + (bytes[ip]! & 15) * 4 : ip + 40;
  const protocol = bytes[isIpv4 ? ip + 9 : ip + 6]!;
  if (transport + 14 > end) return false;
  if (protocol === IPPROTO_TCP) return (bytes[transport + 13]! & TCP_SYN) !== 0;
  if (protocol !== IPPROTO_UDP) return false;
  return readU16(bytes, transport) === DNS_PORT || readU16(bytes, transport + 2) === DNS_PORT;
}

/** More is no call and no query. */
const MOST_BYTES = 1_536;
/** Voice and moves of a game are shorter, data of a download over QUIC is longer. */
const MOST_CALL_BYTES = 512;
/** A call sends 20 to 50 times a second; one that paused longer has ended. */
const CALL_MICROS = 1_000_000;
/** A person who types or clicks makes pauses like this; a stream does not. */
const PAUSE_MICROS = 1_000_000;
/** CS5 and above: signalling, admitted voice (44), expedited forwarding (46), network control (RFC 4594, section 2.3). */
const LEAST_REAL_TIME_DSCP = 40;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const TCP_SYN = 2;
const DNS_PORT = 53;
