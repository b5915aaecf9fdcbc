import type { WallClockMs } from '../../src-shared/model/units.ts';

/** How long a pause lasts. */
export const PAUSE_MS = 3_600_000;

/** Longest single wait: the clock of timers stops while the laptop sleeps, so the wall clock is asked again. */
const LONGEST_WAIT_MS = 60_000;

/** What a pause needs from around it. */
export interface PauseOptions {
  readonly now: () => WallClockMs;
  /** The end of a pause that an earlier run of the app began; null if there is none. */
  readonly pausedUntil: WallClockMs | null;
  /** Keeps the end for the next run. */
  readonly onChanged: (pausedUntil: WallClockMs | null) => void;
  /** Switches protection on again; called once, when the time has come. */
  readonly onResume: () => void;
}

/**
 * Switches protection off for an hour. The app holds the timer, not the daemon: the daemon's settings say what is
 * wanted, and a person who paused from this desktop sits at this desktop. The end is kept on disk, so that closing the
 * app prolongs the pause at most until its next start.
 */
export class Pause {
  readonly #options: PauseOptions;
  #until: WallClockMs | null;
  #timer: NodeJS.Timeout | null = null;
  /** Whether protection was off since the pause began: snapshots from before its first moment say otherwise. */
  #wasSeenOff = true;

  constructor(options: PauseOptions) {
    this.#options = options;
    this.#until = options.pausedUntil;
  }

  /** When protection resumes; null while there is no pause. */
  get until(): WallClockMs | null {
    return this.#until;
  }

  /** Begins a pause, or begins it anew. */
  begin(): void {
    this.#wasSeenOff = false;
    this.#set(this.#options.now() + PAUSE_MS);
    this.check();
  }

  /** Ends the pause without switching anything: somebody has decided otherwise. */
  cancel(): void {
    if (this.#until === null) return;
    this.#set(null);
    this.#stopTimer();
  }

  /** Takes note of what the daemon says: somebody who switches on elsewhere has ended the pause. */
  observe(isOn: boolean): void {
    if (!isOn) this.#wasSeenOff = true;
    else if (this.#wasSeenOff) this.cancel();
  }

  /** Resumes if the time has come, else waits on. To be called too when the laptop wakes up. */
  check(): void {
    this.#stopTimer();
    if (this.#until === null) return;
    const waitMs = this.#until - this.#options.now();
    if (waitMs <= 0) {
      this.#set(null);
      this.#options.onResume();
      return;
    }
    this.#timer = setTimeout(() => this.check(), Math.min(waitMs, LONGEST_WAIT_MS));
  }

  /** Stops waiting; the end stays on disk. */
  close(): void {
    this.#stopTimer();
  }

  #set(until: WallClockMs | null): void {
    this.#until = until;
    this.#options.onChanged(until);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
