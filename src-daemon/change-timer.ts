import { type Situation, nextChangeAt } from './connection/situation.ts';

/** Calls back when a situation changes by time alone. */
export class ChangeTimer {
  private readonly onChange: () => void;
  private timer: NodeJS.Timeout | null = null;

  constructor(onChange: () => void) {
    this.onChange = onChange;
  }

  /** Follows another situation. */
  follow(situation: Situation): void {
    this.clear();
    const change = nextChangeAt(situation);
    if (change !== Infinity) this.timer = setTimeout(this.onChange, (change - situation.now) / 1_000 + 1);
  }

  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
