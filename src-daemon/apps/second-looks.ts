/**
 * Looks again at processes that were sorted: desktops start a program first and put it into its app's group a moment
 * later, out of ours. Many are looked at in one round, since waking up for each costs more than the look.
 */
export class SecondLooks {
  readonly #soon: Rounds;
  readonly #later: Rounds;

  constructor(look: (pid: number) => void) {
    this.#soon = new Rounds(SOON_MS, look);
    this.#later = new Rounds(LATER_MS, look);
  }

  /** Remembers a process that has been sorted now. */
  add(pid: number): void {
    this.#soon.add(pid);
    this.#later.add(pid);
  }

  /** Whether a process was sorted a moment ago, so that what is heard of its start is no news. */
  hasJustCome(pid: number): boolean {
    return this.#soon.has(pid);
  }

  close(): void {
    this.#soon.close();
    this.#later.close();
  }
}

/** Looks at each process once, one to two intervals after it came. */
class Rounds {
  readonly #intervalMs: number;
  readonly #look: (pid: number) => void;
  #coming = new Set<number>();
  #due = new Set<number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(intervalMs: number, look: (pid: number) => void) {
    this.#intervalMs = intervalMs;
    this.#look = look;
  }

  add(pid: number): void {
    this.#coming.add(pid);
    this.#timer ??= this.#wait();
  }

  has(pid: number): boolean {
    return this.#coming.has(pid) || this.#due.has(pid);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#coming.clear();
    this.#due.clear();
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => {
      const due = this.#due;
      this.#due = this.#coming;
      this.#coming = new Set();
      this.#timer = this.#due.size > 0 ? this.#wait() : null;
      for (const pid of due) this.#look(pid);
    }, this.#intervalMs).unref();
  }
}

/** A desktop asks its service manager for a group over the message bus, which takes some ten milliseconds. */
const SOON_MS = 100;
/** A second under load. */
const LATER_MS = 2_000;
