import { NO_CLASS, takeClass } from './inner-class.ts';
import { VNET_HEADER_BYTES, mixRange } from './send/lane-hash.ts';
import { readU16 } from './wire/header.ts';

/**
 * The classes of the peer's flows, for the side that does not know the rules: it learns a flow's class from the packets
 * that come in and gives those that go out on the same flow the same one. Nothing is allocated after construction, and as
 * long as no flow has a class, a packet costs a look at its code.
 *
 * A flow is known by a hash of protocol, addresses and ports, the same in both directions. Two flows share one by a chance
 * of 1 in 4 billion, and then only a class.
 */
export class FlowClasses {
  private readonly key1 = new Int32Array(ENTRIES);
  private readonly key2 = new Int32Array(ENTRIES);
  private readonly flowClass = new Uint8Array(ENTRIES);
  /** When a packet of the flow was last seen, in either direction; -Infinity for a free entry. */
  private readonly seenAt = new Float64Array(ENTRIES).fill(-Infinity);
  /** Until when some entry may hold. */
  private heldUntil = -Infinity;
  /** Of the flow that was looked for last: its key, and the first entry where it may be. */
  private wanted1 = 0;
  private wanted2 = 0;
  private bucket = 0;

  /**
   * Takes the code out of a packet that came in and learns the class of its flow; no code says that it has none.
   * @param at byte offset of the packet's virtio-net header; `length`, at least 30, counts from there.
   */
  learn(bytes: Uint8Array, at: number, length: number, now: number): void {
    const flowClass = takeClass(bytes, at);
    if (flowClass === NO_CLASS && now >= this.heldUntil) return;
    if (!this.seek(bytes, at + VNET_HEADER_BYTES, at + length)) return;
    const known = this.find(now);
    if (flowClass === NO_CLASS) {
      if (known >= 0) this.seenAt[known] = -Infinity;
      return;
    }
    const entry = known >= 0 ? known : this.oldest();
    this.key1[entry] = this.wanted1;
    this.key2[entry] = this.wanted2;
    this.flowClass[entry] = flowClass;
    this.touch(entry, now);
  }

  /** The class of the flow of a packet that goes out; parameters as those of {@link learn}. */
  classOf(bytes: Uint8Array, at: number, length: number, now: number): number {
    if (now >= this.heldUntil || !this.seek(bytes, at + VNET_HEADER_BYTES, at + length)) return NO_CLASS;
    const entry = this.find(now);
    if (entry < 0) return NO_CLASS;
    this.touch(entry, now);
    return this.flowClass[entry]!;
  }

  /** Flows that have a class now; for tests. */
  count(now: number): number {
    return this.seenAt.reduce((sum, at) => sum + (now - at < SILENCE_MICROS ? 1 : 0), 0);
  }

  private touch(entry: number, now: number): void {
    this.seenAt[entry] = now;
    this.heldUntil = now + SILENCE_MICROS;
  }

  private find(now: number): number {
    for (let entry = this.bucket; entry < this.bucket + WAYS; entry++) {
      const isFlow = this.key1[entry] === this.wanted1 && this.key2[entry] === this.wanted2;
      if (isFlow && now - this.seenAt[entry]! < SILENCE_MICROS) return entry;
    }
    return -1;
  }

  private oldest(): number {
    let oldest = this.bucket;
    for (let entry = oldest + 1; entry < this.bucket + WAYS; entry++)
      if (this.seenAt[entry]! < this.seenAt[oldest]!) oldest = entry;
    return oldest;
  }

  /** @returns false if the bytes are no IP packet. */
  private seek(bytes: Uint8Array, ip: number, end: number): boolean {
    const version = bytes[ip]! >> 4;
    const isIpv4 = version === 4;
    if (ip + (isIpv4 ? IPV4_BYTES : IPV6_BYTES) > end || (!isIpv4 && version !== 6)) return false;
    const protocol = bytes[ip + (isIpv4 ? 9 : 6)]!;
    const addresses = ip + (isIpv4 ? 12 : 8);
    const addressBytes = isIpv4 ? 4 : 16;
    let source = mixRange(bytes, addresses, addressBytes, protocol);
    let destination = mixRange(bytes, addresses + addressBytes, addressBytes, protocol);
    const transport = ip + (isIpv4 ? (bytes[ip]! & 15) * 4 : IPV6_BYTES);
    // As for lanes: fragments have no ports but the first, so none of them is known by its ports.
    const isFragment = isIpv4 && (readU16(bytes, ip + 6) & 0x3fff) !== 0;
    if (!isFragment && transport + 8 <= end) {
      if (protocol === IPPROTO_TCP || protocol === IPPROTO_UDP) {
        source = mixRange(bytes, transport, 2, source);
        destination = mixRange(bytes, transport + 2, 2, destination);
      } else if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
        source = mixRange(bytes, transport + 4, 2, source);
        destination = mixRange(bytes, transport + 4, 2, destination);
      }
    }
    this.wanted1 = (source + destination) | 0;
    this.wanted2 = source ^ destination;
    const spread = Math.imul(this.wanted1 ^ (this.wanted2 >>> 9), 0x9e3779b1);
    this.bucket = (spread >>> BUCKET_SHIFT) * WAYS;
    return true;
  }
}

/** More flows than a machine of many programs has open; in a flood the ones that were silent longest are forgotten. */
const ENTRIES = 4_096;
const WAYS = 4;
/** Leaves 10 bits, for 1,024 buckets. */
const BUCKET_SHIFT = 22;
/** A flow that is silent for longer has mostly ended; one that goes on is learnt again from its next packet. */
const SILENCE_MICROS = 300_000_000;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const IPPROTO_ICMP = 1;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
