/** Notices of one kind in a minute that a log needs to show what is going on. */
const MOST_PER_MINUTE = 10;

const MINUTE_MS = 60_000;

/** Keeps a client that is cut off over and over from filling the log. */
export class NoticeLimit {
  readonly #counts = new Map<string, number>();
  #since = 0;

  /** @param nowMs on any clock that does not jump. */
  admits(kind: string, nowMs: number): boolean {
    if (nowMs - this.#since >= MINUTE_MS) {
      this.#since = nowMs;
      this.#counts.clear();
    }
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count <= MOST_PER_MINUTE;
  }
}
