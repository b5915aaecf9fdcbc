import { LANES } from './lane-hash.ts';

/**
 * Keeps the queue of each lane short: CoDel (RFC 8289), one state per lane, as in FQ-CoDel (RFC 8290). A lane whose
 * packets have waited too long for too long signals its sender, at first seldom, then more and more often, until they
 * wait no longer.
 */
export class Codel {
  /** How long packets may wait, microseconds. */
  targetMicros = TARGET_MICROS;
  /** When a lane may first signal, because its packets wait too long; 0 while they do not. */
  private readonly aboveSince = new Float64Array(LANES);
  private readonly signalAt = new Float64Array(LANES);
  private readonly count = new Int32Array(LANES);
  private readonly lastCount = new Int32Array(LANES);
  private readonly isSignalling = new Uint8Array(LANES);

  /**
   * Looks at a packet that is about to leave its lane. @param waitedMicros how long it has been queued.
   * @returns whether the lane's sender is to be signalled with this packet.
   */
  onDequeue(lane: number, waitedMicros: number, now: number): boolean {
    const isAbove = this.isAbove(lane, waitedMicros, now);
    if (this.isSignalling[lane] === 1) {
      if (!isAbove) this.isSignalling[lane] = 0;
      if (!isAbove || now < this.signalAt[lane]!) return false;
      this.count[lane]!++;
      this.signalAt[lane] = this.next(lane, this.signalAt[lane]!);
      return true;
    }
    if (!isAbove) return false;
    this.isSignalling[lane] = 1;
    // A lane that was signalled lately goes on nearly where it stopped.
    const isRecent = now - this.signalAt[lane]! < RECENT_INTERVALS * INTERVAL_MICROS;
    const delta = this.count[lane]! - this.lastCount[lane]!;
    this.count[lane] = isRecent && delta > 1 ? delta : 1;
    this.lastCount[lane] = this.count[lane]!;
    this.signalAt[lane] = this.next(lane, now);
    return true;
  }

  /** The lane's packets wait no longer, or what waits is too little to judge. */
  relax(lane: number): void {
    this.aboveSince[lane] = 0;
    this.isSignalling[lane] = 0;
  }

  private isAbove(lane: number, waitedMicros: number, now: number): boolean {
    if (waitedMicros < this.targetMicros) {
      this.aboveSince[lane] = 0;
      return false;
    }
    if (this.aboveSince[lane] === 0) {
      this.aboveSince[lane] = now + INTERVAL_MICROS;
      return false;
    }
    return now >= this.aboveSince[lane]!;
  }

  private next(lane: number, from: number): number {
    return from + INTERVAL_MICROS / Math.sqrt(this.count[lane]!);
  }
}

/**
 * RFC 8289 recommends 5 to 10 ms for queues that flows share. Here lanes do not wait for each other, so a lane's queue
 * delays itself alone; this much keeps a CUBIC stream of 45 ms round trip at full speed after a signal, and busy hosts
 * make a gigabit stream wait 10 ms without any congestion: to signal that would make streams unequal.
 */
export const TARGET_MICROS = 20_000;
/** RFC 8289's: the worst round trip that is expected of a home's connections. */
const INTERVAL_MICROS = 100_000;
const RECENT_INTERVALS = 16;
