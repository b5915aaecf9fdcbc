import type { Rng } from './rng.ts';

/** What one direction of a link does to datagrams. */
export interface LinkConditions {
  rateBitsPerSecond: number;
  queueBytes: number;
  delayMicros: number;
  jitterMicros: number;
  lossRatio: number;
  duplicateRatio: number;
  corruptRatio: number;
  /** Whether jitter may reorder. */
  reorders: boolean;
  /** Largest UDP payload that passes; larger ones vanish. */
  mtuBytes: number;
  isBlackHole: boolean;
}

export const GOOD_LINK: LinkConditions = {
  rateBitsPerSecond: 1e9,
  queueBytes: 1_000_000,
  delayMicros: 200,
  jitterMicros: 0,
  lossRatio: 0,
  duplicateRatio: 0,
  corruptRatio: 0,
  reorders: false,
  mtuBytes: 1_472,
  isBlackHole: false,
};

/** One direction of a simulated link: a queue with a rate, then delay, jitter and mishaps. */
export class SimDirection {
  readonly conditions: LinkConditions;
  private readonly rng: Rng;
  private freeAt = 0;
  private lastArrival = 0;

  constructor(conditions: Partial<LinkConditions>, rng: Rng) {
    this.conditions = { ...GOOD_LINK, ...conditions };
    this.rng = rng;
  }

  /** When copies of a datagram sent `now` arrive; empty if it is lost. */
  arrivals(bytes: number, now: number): number[] {
    const c = this.conditions;
    if (c.isBlackHole || bytes > c.mtuBytes) return [];
    const start = Math.max(now, this.freeAt);
    if (((start - now) * c.rateBitsPerSecond) / 8e6 > c.queueBytes) return [];
    this.freeAt = start + (bytes * 8e6) / c.rateBitsPerSecond;
    if (this.rng.chance(c.lossRatio)) return [];
    const copies = this.rng.chance(c.duplicateRatio) ? 2 : 1;
    const times: number[] = [];
    for (let i = 0; i < copies; i++) {
      let at = this.freeAt + c.delayMicros + this.rng.next() * c.jitterMicros;
      if (!c.reorders) at = Math.max(at, this.lastArrival);
      this.lastArrival = Math.max(at, this.lastArrival);
      times.push(Math.ceil(at));
    }
    return times;
  }

  get corrupts(): boolean {
    return this.rng.chance(this.conditions.corruptRatio);
  }
}
