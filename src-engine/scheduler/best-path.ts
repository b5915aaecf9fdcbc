import type { Path } from '../path/path.ts';
import { STATUS_AVAILABLE } from '../wire/frames.ts';

/**
 * Chooses the path that carries: the cheapest usable one, held on to until another is clearly cheaper. Pure but for
 * the memory of its last choice.
 *
 * The side that owns the links (the initiator) ranks them and puts a returning path on probation; the other side
 * follows its wishes (`STATUS_AVAILABLE`) at once, unless it finds the path failing itself.
 */
export class BestPath {
  private readonly ownsLinks: boolean;
  private chosen: Path | null = null;

  constructor(ownsLinks: boolean) {
    this.ownsLinks = ownsLinks;
  }

  get carrying(): Path | null {
    return this.chosen;
  }

  /** Chooses again. @returns whether the choice changed. */
  update(paths: readonly Path[], now: number): boolean {
    const before = this.chosen;
    const held = before !== null && before.isUsable ? before : null;
    let best: Path | null = null;
    let bestCost = Infinity;
    for (const path of paths) {
      if (!path.isUsable) continue;
      if (held !== null && path !== held && this.isOnProbation(path, now)) continue;
      const cost = this.costMicros(path) + (held === null || path === held ? 0 : HOLD_MICROS);
      if (cost < bestCost) {
        best = path;
        bestCost = cost;
      }
    }
    this.chosen = best ?? null;
    return this.chosen !== before;
  }

  /** The cheapest usable path with room for a datagram, for what is sent again; null if none. */
  replayPath(paths: readonly Path[]): Path | null {
    let best: Path | null = null;
    let bestCost = Infinity;
    for (const path of paths) {
      if (!path.isUsable || path.windowRoom() <= 0) continue;
      const cost = this.costMicros(path);
      if (cost < bestCost) {
        best = path;
        bestCost = cost;
      }
    }
    return best;
  }

  /** When a path on probation may be chosen, or Infinity. */
  nextDeadline(paths: readonly Path[], now: number): number {
    let deadline = Infinity;
    if (!this.ownsLinks || this.chosen === null) return deadline;
    for (const path of paths) {
      if (path !== this.chosen && path.isUsable && this.isOnProbation(path, now)) {
        deadline = Math.min(deadline, path.validatedAt + PROBATION_MICROS);
      }
    }
    return deadline;
  }

  private isOnProbation(path: Path, now: number): boolean {
    return this.ownsLinks && now - path.validatedAt < PROBATION_MICROS;
  }

  private costMicros(path: Path): number {
    const wish = this.ownsLinks ? path.rank : path.peerStatus === STATUS_AVAILABLE ? 0 : UNWISHED_MICROS;
    return wish + path.rtt.smoothedMicros + path.lossRatio * LOSS_PENALTY_MICROS;
  }
}

/**
 * A challenger must be this much better (iroh uses 5 ms): more than the jitter of a healthy LAN's smoothed round trip,
 * less than what a person feels.
 */
const HOLD_MICROS = 5_000;
/** A link that has just come up often goes down again (a plug being pushed in bounces for some 100 ms). */
const PROBATION_MICROS = 300_000;
/** One per cent of loss costs as much as 2 ms: each loss is repaired one round trip and some reordering wait later. */
const LOSS_PENALTY_MICROS = 200_000;
/** More than any round trip: a path the peer does not wish for carries only when no wished one works. */
const UNWISHED_MICROS = 1e9;
