import type { Mode } from '../../src-shared/model/status.ts';

export interface LeavingOptions {
  /** Asks every link at once. */
  readonly hurry: () => void;
  /** It began or ended: the mode is another one. */
  readonly onChange: () => void;
  /** Milliseconds, for people. */
  readonly wallClock: () => number;
}

/**
 * "I am leaving my desk": for half a minute everything is sent over all links, and every link is asked so often that
 * a radio does not doze off. Whoever pulls the cable meanwhile notices nothing at all.
 */
export class Leaving {
  private readonly options: LeavingOptions;
  private probes: NodeJS.Timeout | null = null;
  private end: NodeJS.Timeout | null = null;
  /** Until when, as people read it; null while nobody leaves. */
  until: string | null = null;

  constructor(options: LeavingOptions) {
    this.options = options;
  }

  /** Begins, or begins anew. @returns until when it lasts. */
  begin(): string {
    this.until = new Date(this.options.wallClock() + LEAVING_MS).toISOString();
    if (this.end !== null) clearTimeout(this.end);
    this.end = setTimeout(() => {
      this.stop();
      this.options.onChange();
    }, LEAVING_MS);
    this.probes ??= setInterval(this.options.hurry, WARM_PROBE_MS);
    this.options.onChange();
    return this.until;
  }

  /** The mode that holds at the moment, given the one that was chosen. */
  modeNow(chosen: Mode): Mode {
    return this.until === null ? chosen : 'redundant';
  }

  /** Ends it without a word; to be called when the daemon stops too. */
  stop(): void {
    if (this.end !== null) clearTimeout(this.end);
    if (this.probes !== null) clearInterval(this.probes);
    this.end = null;
    this.probes = null;
    this.until = null;
  }
}

/** From the desk to the next room, with a laptop to be closed, picked up and opened. */
export const LEAVING_MS = 30_000;
/** Radios that save power sleep from beacon to beacon, 102 ms, once they have been idle about that long. */
const WARM_PROBE_MS = 50;
