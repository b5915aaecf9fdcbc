/** Tells subscribers of changes, at most four times a second, the last one always. */
export class StatusPublisher {
  private readonly publish: () => void;
  private timer: NodeJS.Timeout | null = null;
  private lastAt = -Infinity;

  constructor(publish: () => void) {
    this.publish = publish;
  }

  /** Something changed. */
  touch(): void {
    if (this.timer !== null) return;
    const wait = this.lastAt + INTERVAL_MS - performance.now();
    this.timer = setTimeout(
      () => {
        this.timer = null;
        this.lastAt = performance.now();
        this.publish();
      },
      Math.max(0, wait),
    );
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** Four a second look live and cost next to nothing. */
const INTERVAL_MS = 250;
