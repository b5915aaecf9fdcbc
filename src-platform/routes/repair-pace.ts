/**
 * Shortest time between two repairs. A program that removes foreign rules in a loop must not make this one loop at
 * full speed too.
 */
const FIRST_INTERVAL_MS = 250;
/** Repairs at full pace: who wipes rules once, or once for each of several cables, is repaired at once each time. */
const REPAIRS_AT_FULL_PACE = 5;
/** Somebody who has won for so long will go on; asking twice a minute notices when it ends, and costs nothing. */
const LONGEST_INTERVAL_MS = 30_000;
/** After so long without a repair the next one is the first again. Longer than the longest interval. */
const CALM_MS = 60_000;

/**
 * Says how soon something may be repaired that others undo: at once at first, then ever more seldom, so that nobody is
 * fought with for ever. Times are milliseconds of any clock.
 */
export class RepairPace {
  #repairs = 0;
  #lastAt = -Infinity;

  /** Time to wait at this moment. */
  waitMs(now: number): number {
    return Math.max(0, this.#lastAt + this.#intervalMs() - now);
  }

  /** Something had to be repaired at this moment. */
  noteRepair(now: number): void {
    this.#repairs = this.#isCalm(now) ? 1 : this.#repairs + 1;
    this.#lastAt = now;
  }

  /** Whether somebody keeps undoing what is repaired. */
  isContested(now: number): boolean {
    return this.#repairs >= REPAIRS_AT_FULL_PACE && !this.#isCalm(now);
  }

  #isCalm(now: number): boolean {
    return now - this.#lastAt >= CALM_MS;
  }

  #intervalMs(): number {
    const doublings = Math.max(0, this.#repairs - REPAIRS_AT_FULL_PACE);
    return Math.min(FIRST_INTERVAL_MS * 2 ** Math.min(doublings, 16), LONGEST_INTERVAL_MS);
  }
}
