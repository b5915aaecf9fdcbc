import { lowerBound } from './lower-bound.ts';
import { OwnPauses } from './own-pauses.ts';
import type { ArrivalsInWindow, LatencyMicros, ReceivedInWindow, Silence } from './requests.ts';
import { silenceStart } from './silence.ts';

/**
 * Records the arrivals of one numbered stream without allocating per packet.
 *
 * Silences are taken between consecutive arrivals. How late the sender was with the packet that ended a silence is
 * taken off: had it been on time, the silence would have been that much shorter. A pause of the sender in the middle
 * of a silence changes nothing and is not taken off.
 */
export class ArrivalLog {
  readonly ownPauses = new OwnPauses();
  readonly #seen: Uint8Array;
  readonly #arrivedMicros: Float64Array;
  readonly #sentMicros: Float64Array;
  readonly #lateMicros: Float32Array;
  readonly #outOfOrder: Uint8Array;
  #arrivals = 0;
  #highest = -1;

  /** @param capacity most packets of the stream, and most arrivals; what comes beyond is not recorded. */
  constructor(capacity: number) {
    this.#seen = new Uint8Array(capacity);
    this.#outOfOrder = new Uint8Array(capacity);
    // Room for duplicates of a whole stream sent twice.
    this.#arrivedMicros = new Float64Array(capacity * 2);
    this.#sentMicros = new Float64Array(capacity * 2);
    this.#lateMicros = new Float32Array(capacity * 2);
  }

  /** Records one arrival. */
  record(sequence: number, sentMicros: number, lateMicros: number, arrivedMicros: number): void {
    if (sequence >= this.#seen.length || this.#arrivals >= this.#arrivedMicros.length) return;
    const copies = this.#seen[sequence] ?? 0;
    if (copies < 255) this.#seen[sequence] = copies + 1;
    if (sequence < this.#highest && copies === 0) this.#outOfOrder[sequence] = 1;
    if (sequence > this.#highest) this.#highest = sequence;
    this.#arrivedMicros[this.#arrivals] = arrivedMicros;
    this.#sentMicros[this.#arrivals] = sentMicros;
    this.#lateMicros[this.#arrivals] = lateMicros;
    this.#arrivals++;
  }

  /** Counts what became of the numbers `first` up to but not including `end`. */
  received(first: number, end: number): ReceivedInWindow {
    let received = 0;
    let duplicated = 0;
    let reordered = 0;
    for (let sequence = first; sequence < end; sequence++) {
      const copies = this.#seen[sequence] ?? 0;
      if (copies > 0) received++;
      if (copies > 1) duplicated += copies - 1;
      reordered += this.#outOfOrder[sequence] ?? 0;
    }
    return { received, lost: Math.max(0, end - first) - received, duplicated, reordered };
  }

  /** Finds the silences that touch a window and the delays of what arrived in it. */
  arrivals(fromMicros: number, untilMicros: number): ArrivalsInWindow {
    let longest: Silence | null = null;
    let longestCorrected: Silence | null = null;
    const latencies: number[] = [];
    const consider = (began: number, until: number, late: number): void => {
      const from = silenceStart(began, until, fromMicros, untilMicros);
      if (from === null) {
        return;
      }
      const correctedMicros = Math.max(0, until - from - late);
      const length = until - from;
      const isLongest = longest === null || length > longest.untilMicros - longest.fromMicros;
      const isLongestCorrected =
        longestCorrected === null || correctedMicros > longestCorrected.correctedMicros;
      if (!isLongest && !isLongestCorrected) return;
      const silence: Silence = {
        fromMicros: from,
        untilMicros: until,
        senderLateMicros: late,
        receiverPausedMicros: this.ownPauses.longestWithin(from, until),
        correctedMicros,
      };
      if (isLongest) longest = silence;
      if (isLongestCorrected) longestCorrected = silence;
    };
    const first = lowerBound(this.#arrivedMicros, this.#arrivals, fromMicros);
    const end = lowerBound(this.#arrivedMicros, this.#arrivals, untilMicros);
    for (let index = first; index <= end && index < this.#arrivals; index++) {
      const arrived = this.#arrivedMicros[index] ?? 0;
      if (index > 0) consider(this.#arrivedMicros[index - 1] ?? 0, arrived, this.#lateMicros[index] ?? 0);
      if (index < end) latencies.push(arrived - (this.#sentMicros[index] ?? 0));
    }
    // Nothing has come since: the silence lasts at least to the end of the window.
    if (end === this.#arrivals && end > 0) consider(this.#arrivedMicros[end - 1] ?? 0, untilMicros, 0);
    return {
      arrivals: latencies.length,
      longest,
      longestCorrected,
      latency: percentiles(latencies),
    };
  }
}

/** Sorts in place and tells the percentiles; null for no values. */
export function percentiles(values: number[]): LatencyMicros | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const at = (share: number): number =>
    values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
