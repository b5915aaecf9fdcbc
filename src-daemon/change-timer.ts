/** Runs something when the situation changes by time alone; only the moment that was set last counts. */
export class ChangeTimer {
  private readonly run: () => void;
  private timer: NodeJS.Timeout | null = null;

  constructor(run: () => void) {
    this.run = run;
  }

  /** @param at monotonic microseconds, or Infinity for never. */
  set(at: number, now: number): void {
    this.clear();
    if (at !== Infinity) this.timer = setTimeout(this.run, (at - now) / 1_000 + 1);
  }

  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
