import type { Session } from '../../src-engine/session.ts';
import type { LinkPaths } from '../../src-driver/link-paths.ts';

/** Bits per second of each link, smoothed over about a second, from the counters of its paths. */
export class RateMeter {
  private readonly rates = new Map<string, { tx: number; rx: number }>();
  private readonly before = new Map<number, { sent: number; received: number }>();
  private measuredAt = 0;

  of(linkName: string): { tx: number; rx: number } {
    return this.rates.get(linkName) ?? { tx: 0, rx: 0 };
  }

  /** Takes a reading; called at any interval. @param now monotonic microseconds. */
  measure(session: Session, linkPaths: LinkPaths, now: number): void {
    const seconds = (now - this.measuredAt) / 1e6;
    if (seconds < SHORTEST_SECONDS) return;
    this.measuredAt = now;
    const sums = new Map<string, { tx: number; rx: number }>();
    for (const { pathId, linkName } of linkPaths.paths) {
      const path = session.path(pathId);
      const before = this.before.get(pathId) ?? { sent: path.bytesSent, received: path.bytesReceived };
      const sum = sums.get(linkName) ?? { tx: 0, rx: 0 };
      sum.tx += Math.max(0, path.bytesSent - before.sent) * (8 / seconds);
      sum.rx += Math.max(0, path.bytesReceived - before.received) * (8 / seconds);
      sums.set(linkName, sum);
      this.before.set(pathId, { sent: path.bytesSent, received: path.bytesReceived });
    }
    this.rates.clear();
    for (const [name, { tx, rx }] of sums) this.rates.set(name, { tx: Math.round(tx), rx: Math.round(rx) });
  }
}

/** Over less than this, one super-packet looks like a gigabit. */
const SHORTEST_SECONDS = 0.2;
