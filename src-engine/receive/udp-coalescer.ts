import { VNET_HEADER_BYTES } from '../send/lane-hash.ts';
import { readU16, readU32, writeU16 } from '../wire/header.ts';

/**
 * Joins neighbouring UDP packets of one flow into one packet with segmentation offload (virtio-net
 * `VIRTIO_NET_HDR_GSO_UDP_L4`), so that the kernel takes a run of small packets in one write and walks its routes,
 * firewall and NAT once. It cuts them again where they leave, the same but for the IPv4 identification. At 120,000
 * packets a second this halves the receiving end's work.
 *
 * Only packets whose checksum is vouched for by the sender's kernel (partial or verified) are joined: the kernel writes
 * the checksums of the pieces anew, which must not repair what was broken.
 */
export class UdpCoalescer {
  /** Whether packets may be joined: the kernel below has to know segmented UDP. */
  isEnabled = false;
  private readonly bytes: Uint8Array;
  private readonly base: number;
  private readonly capacity: number;
  private cursor = 0;
  /** The run's first packet, or the joined one once there are two; -1 for none. */
  private runAt = -1;
  private runLength = 0;
  private segments = 0;
  private segmentBytes = 0;
  private headBytes = 0;

  /** @param base byte offset of a region of the arena for joined packets, `capacity` bytes long. */
  constructor(bytes: Uint8Array, base: number, capacity: number) {
    this.bytes = bytes;
    this.base = base;
    this.capacity = capacity;
  }

  /** Forgets the run and takes the region back; to be called once all packets were written. */
  reset(): void {
    this.cursor = 0;
    this.runAt = -1;
  }

  /** Where the joined packet lies after a successful {@link append}, and its length. */
  get joinedAt(): number {
    return this.runAt;
  }

  get joinedLength(): number {
    return this.runLength;
  }

  /**
   * Appends a packet to the run if it belongs to it; otherwise begins a new run with it.
   * @returns true if the packet is part of the joined one, which takes the place of the packet before.
   */
  append(at: number, length: number): boolean {
    if (!this.isEnabled) return false;
    const head = udpHeadBytes(this.bytes, at, length);
    if (head === 0) {
      this.runAt = -1;
      return false;
    }
    const payload = length - VNET_HEADER_BYTES - head;
    if (!this.isContinuedBy(at, head, payload)) {
      this.runAt = at;
      this.runLength = length;
      this.segments = 1;
      this.segmentBytes = payload;
      this.headBytes = head;
      return false;
    }
    if (this.segments === 1 && !this.moveToRegion()) {
      this.runAt = -1;
      return false;
    }
    const from = at + VNET_HEADER_BYTES + head;
    this.bytes.copyWithin(this.runAt + this.runLength, from, from + payload);
    this.runLength += payload;
    this.segments++;
    this.cursor = this.runAt + this.runLength - this.base;
    this.describe();
    // A shorter piece can only be the last one.
    if (payload < this.segmentBytes) this.segments = MOST_SEGMENTS;
    return true;
  }

  private isContinuedBy(at: number, head: number, payload: number): boolean {
    return (
      this.runAt >= 0 &&
      head === this.headBytes &&
      payload <= this.segmentBytes &&
      this.segments < MOST_SEGMENTS &&
      this.runLength + payload <= MOST_BYTES &&
      isSameFlow(this.bytes, this.runAt + VNET_HEADER_BYTES, at + VNET_HEADER_BYTES, head)
    );
  }

  private moveToRegion(): boolean {
    const to = (this.cursor + 7) & ~7;
    if (to + MOST_BYTES > this.capacity) return false;
    this.bytes.copyWithin(this.base + to, this.runAt, this.runAt + this.runLength);
    this.runAt = this.base + to;
    return true;
  }

  /** Writes the lengths, the IPv4 header checksum, the pseudo-header sum and the virtio-net header. */
  private describe(): void {
    const { bytes, runAt, headBytes } = this;
    const ip = runAt + VNET_HEADER_BYTES;
    const ipBytes = headBytes - UDP_BYTES;
    const total = this.runLength - VNET_HEADER_BYTES;
    const udpBytes = total - ipBytes;
    let sum = IPPROTO_UDP + udpBytes;
    if (ipBytes === IPV4_BYTES) {
      writeU16(bytes, ip + 2, total);
      writeU16(bytes, ip + 10, 0);
      writeU16(bytes, ip + 10, ~fold(sumOf(bytes, ip, IPV4_BYTES)) & 0xffff);
      sum += sumOf(bytes, ip + 12, 8);
    } else {
      writeU16(bytes, ip + 4, udpBytes);
      sum += sumOf(bytes, ip + 8, 32);
    }
    writeU16(bytes, ip + ipBytes + 4, udpBytes);
    writeU16(bytes, ip + ipBytes + 6, fold(sum));
    bytes[runAt] = NEEDS_CHECKSUM;
    bytes[runAt + 1] = GSO_UDP_L4;
    writeLittle16(bytes, runAt + 2, headBytes);
    writeLittle16(bytes, runAt + 4, this.segmentBytes);
    writeLittle16(bytes, runAt + 6, ipBytes);
    writeLittle16(bytes, runAt + 8, 6);
  }
}

/** IP and UDP header of a packet that may be joined, in bytes; 0 for every other packet. */
function udpHeadBytes(bytes: Uint8Array, at: number, length: number): number {
  if ((bytes[at]! & (NEEDS_CHECKSUM | DATA_VALID)) === 0 || bytes[at + 1] !== GSO_NONE) return 0;
  const ip = at + VNET_HEADER_BYTES;
  const packet = length - VNET_HEADER_BYTES;
  if (bytes[ip] === 0x45) {
    const isPlain = bytes[ip + 9] === IPPROTO_UDP && (readU16(bytes, ip + 6) & 0x3fff) === 0;
    if (!isPlain || packet <= IPV4_BYTES + UDP_BYTES || readU16(bytes, ip + 2) !== packet) return 0;
    return readU16(bytes, ip + IPV4_BYTES + 4) === packet - IPV4_BYTES ? IPV4_BYTES + UDP_BYTES : 0;
  }
  if (bytes[ip]! >> 4 !== 6 || bytes[ip + 6] !== IPPROTO_UDP) return 0;
  if (packet <= IPV6_BYTES + UDP_BYTES || readU16(bytes, ip + 4) !== packet - IPV6_BYTES) return 0;
  return readU16(bytes, ip + IPV6_BYTES + 4) === packet - IPV6_BYTES ? IPV6_BYTES + UDP_BYTES : 0;
}

/** Whether two packets differ in nothing that segmentation would not restore: lengths, checksums, IPv4 identification. */
function isSameFlow(bytes: Uint8Array, a: number, b: number, head: number): boolean {
  if (head === IPV4_BYTES + UDP_BYTES) {
    return (
      readU32(bytes, a + 20) === readU32(bytes, b + 20) &&
      readU32(bytes, a + 16) === readU32(bytes, b + 16) &&
      readU32(bytes, a + 12) === readU32(bytes, b + 12) &&
      bytes[a + 1] === bytes[b + 1] &&
      bytes[a + 8] === bytes[b + 8] &&
      readU16(bytes, a + 6) === readU16(bytes, b + 6)
    );
  }
  if (readU32(bytes, a) !== readU32(bytes, b) || bytes[a + 7] !== bytes[b + 7]) return false;
  for (let i = 8; i < IPV6_BYTES + 4; i += 4)
    if (readU32(bytes, a + i) !== readU32(bytes, b + i)) return false;
  return true;
}

/** Sum of big-endian 16-bit words; `length` is even. */
function sumOf(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  for (let i = at; i < at + length; i += 2) sum += readU16(bytes, i);
  return sum;
}

function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

function writeLittle16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

const IPPROTO_UDP = 17;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
/** Of the virtio-net header (virtio 1.2, section 5.1.6). */
const NEEDS_CHECKSUM = 1;
const DATA_VALID = 2;
const GSO_NONE = 0;
const GSO_UDP_L4 = 5;
/** The kernel's `UDP_MAX_SEGMENTS` was 64 before 6.9. */
const MOST_SEGMENTS = 64;
/** An IP packet has 65,535 bytes at most; some room is left for the header behind the virtio-net header. */
const MOST_BYTES = 65_000;
