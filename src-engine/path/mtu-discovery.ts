/**
 * Datagram packetization-layer path MTU discovery (RFC 8899) for one path: starts at a size that every path carries,
 * tries the link's own size first, then the usual smaller ones. Nothing that a router says is believed or needed.
 *
 * When a few full datagrams in a row are lost, the size is in doubt: data goes in small ones at once, and the size has
 * to prove itself again by a probe. Chance costs one round trip of small datagrams; a path that has become narrower
 * costs little more. Sizes are UDP payload bytes.
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
  private searchIntervalMicros = SEARCH_INTERVAL_MICROS;

  /** Starts over, for a path whose link can carry `maximumBytes`. */
  reset(maximumBytes: number, now: number): void {
    this.datagramBytes = Math.min(BASE_DATAGRAM_BYTES, maximumBytes);
    this.lostInARow = 0;
    this.startSearch(maximumBytes, now);
  }

  /** Learns what the link itself carries from now on. */
  setMaximum(maximumBytes: number, now: number): void {
    if (maximumBytes < this.datagramBytes) this.reset(maximumBytes, now);
    else if (Math.min(maximumBytes, MAX_PROBED_BYTES) !== this.maximum) this.startSearch(maximumBytes, now);
  }

  /** Learns that the system refuses datagrams of the present size. */
  onRefused(now: number): void {
    if (this.datagramBytes > BASE_DATAGRAM_BYTES) this.doubt(now);
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
      if (this.candidates.length === 0) this.searchAt = now + this.searchIntervalMicros;
    } else if (bytes > BASE_DATAGRAM_BYTES && bytes <= this.datagramBytes) {
      // Larger ones are from before the doubt and say nothing new.
      if (++this.lostInARow >= DOUBTFUL_LOSSES) this.doubt(now);
    }
  }

  private doubt(now: number): void {
    const doubtful = this.datagramBytes;
    this.lostInARow = 0;
    this.datagramBytes = BASE_DATAGRAM_BYTES;
    this.startSearch(this.maximum, now);
    this.candidates = [doubtful, ...this.candidates.filter((size) => size < doubtful)];
    this.searchIntervalMicros = SEARCH_AGAIN_MICROS;
    this.searchAt = now + SEARCH_AGAIN_MICROS;
  }

  private startSearch(maximumBytes: number, now: number): void {
    this.maximum = Math.min(maximumBytes, MAX_PROBED_BYTES);
    this.candidates = [this.maximum, ...USUAL_SIZES].filter(
      (size, index, all) => size <= this.maximum && size > this.datagramBytes && all.indexOf(size) === index,
    );
    this.probeNumber = -1;
    this.attempts = 0;
    this.searchIntervalMicros = SEARCH_INTERVAL_MICROS;
    this.searchAt = now + SEARCH_INTERVAL_MICROS;
  }
}

/** Every IPv6 link carries 1,280-byte packets (RFC 8200); less 40 for IPv6, 8 for UDP, and room for a tunnel. */
export const BASE_DATAGRAM_BYTES = 1_200;
/** A 9,000-byte jumbo frame over IPv4. */
const MAX_PROBED_BYTES = 8_972;
/** Ethernet over IPv4 and IPv6, PPPoE, the usual VPN underneath, and the smallest link that IPv6 knows. */
const USUAL_SIZES = [1_472, 1_452, 1_444, 1_420, 1_372, 1_280, 1_232];
/** One loss may be chance; three tries (RFC 8899, MAX_PROBES) cost three datagrams. */
const ATTEMPTS_PER_SIZE = 3;
/** RFC 8899 raises after 600 s. */
const SEARCH_INTERVAL_MICROS = 600_000_000;
/** A size that once passed may pass again soon: it was chance, or the way that was narrower has gone. */
const SEARCH_AGAIN_MICROS = 60_000_000;
/**
 * Full datagrams lost in a row before their size is in doubt. At 10 % random loss that is one in 10^5 datagrams, and
 * costs a round trip of small ones. A sparse stream waits through all of them: each more is a timeout, which doubles.
 */
const DOUBTFUL_LOSSES = 5;
