/**
 * Datagram packetization-layer path MTU discovery (RFC 8899) for one path: starts at a size that every path carries,
 * tries the link's own size first, then the usual smaller ones, and falls back when full datagrams stop arriving.
 * Sizes are UDP payload bytes.
 */
export class MtuDiscovery {
  /** The size that datagrams may have now. */
  datagramBytes = BASE_DATAGRAM_BYTES;
  private candidates: number[] = [];
  private probeNumber = -1;
  private probeBytes = 0;
  private attempts = 0;
  private lostInARow = 0;
  private maximum = BASE_DATAGRAM_BYTES;
  private searchAt = 0;

  /** Starts over, for a path whose link can carry `maximumBytes`. */
  reset(maximumBytes: number, now: number): void {
    this.datagramBytes = Math.min(BASE_DATAGRAM_BYTES, maximumBytes);
    this.lostInARow = 0;
    this.startSearch(maximumBytes, now);
  }

  /** Learns that the link may carry more than was thought: the peer's own datagrams arrived that large. */
  raiseMaximum(maximumBytes: number, now: number): void {
    if (Math.min(maximumBytes, MAX_PROBED_BYTES) > this.maximum) this.startSearch(maximumBytes, now);
  }

  /** Size of a probe to send now, or 0. */
  probeDue(now: number): number {
    if (this.probeNumber >= 0) return 0;
    if (this.candidates.length === 0) {
      if (now < this.searchAt || this.datagramBytes >= this.maximum) return 0;
      this.startSearch(this.maximum, now);
    }
    return this.candidates[0] ?? 0;
  }

  onProbeSent(packetNumber: number, bytes: number): void {
    this.probeNumber = packetNumber;
    this.probeBytes = bytes;
  }

  onAcknowledged(packetNumber: number, bytes: number): void {
    if (bytes > BASE_DATAGRAM_BYTES) this.lostInARow = 0;
    if (packetNumber !== this.probeNumber) return;
    this.probeNumber = -1;
    this.attempts = 0;
    this.datagramBytes = Math.max(this.datagramBytes, this.probeBytes);
    this.candidates = [];
  }

  onLost(packetNumber: number, bytes: number, now: number): void {
    if (packetNumber === this.probeNumber) {
      this.probeNumber = -1;
      if (++this.attempts < ATTEMPTS_PER_SIZE) return;
      this.attempts = 0;
      this.candidates.shift();
      if (this.candidates.length === 0) this.searchAt = now + SEARCH_INTERVAL_MICROS;
    } else if (bytes > BASE_DATAGRAM_BYTES && ++this.lostInARow >= BLACK_HOLE_LOSSES) {
      this.lostInARow = 0;
      const ceiling = this.datagramBytes - 1;
      this.datagramBytes = BASE_DATAGRAM_BYTES;
      this.startSearch(this.maximum, now);
      this.candidates = this.candidates.filter((size) => size <= ceiling);
    }
  }

  private startSearch(maximumBytes: number, now: number): void {
    this.maximum = Math.min(maximumBytes, MAX_PROBED_BYTES);
    this.candidates = [this.maximum, ...USUAL_SIZES].filter(
      (size, index, all) => size <= this.maximum && size > this.datagramBytes && all.indexOf(size) === index,
    );
    this.probeNumber = -1;
    this.attempts = 0;
    this.searchAt = now + SEARCH_INTERVAL_MICROS;
  }
}

/** Every IPv6 link carries 1,280-byte packets (RFC 8200); less 40 for IPv6, 8 for UDP, and room for a tunnel. */
export const BASE_DATAGRAM_BYTES = 1_200;
/** A 9,000-byte jumbo frame over IPv4. */
const MAX_PROBED_BYTES = 8_972;
/** Ethernet over IPv4 and IPv6, PPPoE, and the usual VPN underneath. */
const USUAL_SIZES = [1_472, 1_452, 1_444, 1_420, 1_372, 1_280];
/** One loss may be chance; three tries (RFC 8899, MAX_PROBES) cost three datagrams. */
const ATTEMPTS_PER_SIZE = 3;
/** RFC 8899 raises after 600 s. */
const SEARCH_INTERVAL_MICROS = 600_000_000;
/**
 * Full datagrams lost in a row before the size itself is blamed. Twenty in a row at 30 % random loss happen once in
 * 10^10 datagrams; a real black hole loses them within a few round trips.
 */
const BLACK_HOLE_LOSSES = 20;
