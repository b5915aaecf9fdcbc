import { monotonicMicros } from '../../monotonic.ts';

/**
 * Remembers when this process itself did not run, as its own timer sees it, so that a silence of the network can be
 * told from a pause of the observer.
 */
export class OwnPauses {
  readonly #from = new Float64Array(KEPT_PAUSES);
  readonly #until = new Float64Array(KEPT_PAUSES);
  #count = 0;
  #lastTick = monotonicMicros();

  /** Notes that the process runs; to be called from a timer of about one millisecond. */
  tick(nowMicros: number): void {
    if (nowMicros - this.#lastTick > NOTABLE_PAUSE_MICROS) {
      this.#from[this.#count % KEPT_PAUSES] = this.#lastTick;
      this.#until[this.#count % KEPT_PAUSES] = nowMicros;
      this.#count++;
    }
    this.#lastTick = nowMicros;
  }

  /** Tells the longest pause that overlaps a time span, 0 if there was none. */
  longestWithin(fromMicros: number, untilMicros: number): number {
    let longest = 0;
    for (let index = 0; index < Math.min(this.#count, KEPT_PAUSES); index++) {
      const from = this.#from[index] ?? 0;
      const until = this.#until[index] ?? 0;
      if (until > fromMicros && from < untilMicros) longest = Math.max(longest, until - from);
    }
    return longest;
  }
}

/** A timer of 1 ms is often one late on an idle machine; three in a row means that the process waited. */
const NOTABLE_PAUSE_MICROS = 3000;

/** Some ten pauses a second happen on a crowded machine; this keeps the last minutes. */
const KEPT_PAUSES = 4096;
