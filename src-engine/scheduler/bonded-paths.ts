import type { Path } from '../path/path.ts';
import type { BondingReason } from '../session-events.ts';

/** Takes note of a path that joins or leaves. */
export type OnBondingChange = (path: Path, reason: BondingReason) => void;

/**
 * Which paths carry together in `bonded` mode. A path first proves what it can carry with copies of what others carry,
 * which delays nobody; it joins if it helps, and leaves when it would harm: because it is too slow to be worth its
 * delay, loses too much, or would make the receiver hold more than it can. It gets another chance after a while.
 */
export class BondedPaths {
  private readonly onChange: OnBondingChange;
  private readonly reasons = new Map<Path, BondingReason>();
  private readonly triedAt = new Map<Path, number>();
  private isBusy = false;
  private watchStart = 0;
  private watchBytes = 0;
  /** How much later data arrives over the slowest member than over the quickest, microseconds. */
  spreadMicros = 0;

  constructor(onChange: OnBondingChange) {
    this.onChange = onChange;
  }

  reset(): void {
    this.reasons.clear();
    this.triedAt.clear();
    this.spreadMicros = 0;
  }

  /** How the path was judged; null if it was not. */
  reasonOf(path: Path): BondingReason | null {
    return path.isUsable ? (this.reasons.get(path) ?? null) : null;
  }

  isMember(path: Path): boolean {
    return path.isUsable && this.reasons.get(path) === 'helps';
  }

  /** Whether copies are to show what the path can carry; only while there is much to copy. */
  isTried(path: Path): boolean {
    return this.isBusy && path.isUsable && this.reasons.get(path) === 'unmeasured';
  }

  /** Judges all paths anew. @param carrying always is a member: somebody has to be. */
  update(paths: readonly Path[], carrying: Path | null, now: number): void {
    if (carrying !== null) this.watch(carrying.bytesSent, now);
    let fastest = 0;
    let quickest = Infinity;
    let sum = 0;
    for (const path of paths) {
      if (!path.isUsable) {
        this.reasons.delete(path);
        continue;
      }
      if (path !== carrying && this.reasons.get(path) !== 'helps') continue;
      fastest = Math.max(fastest, path.model.bytesPerSecond);
      quickest = Math.min(quickest, path.rtt.minimumMicros / 2);
      sum += path.model.bytesPerSecond;
    }
    this.spreadMicros = 0;
    for (const path of paths) {
      if (!path.isUsable) continue;
      const reason = path === carrying ? 'helps' : this.judge(path, fastest, quickest, sum, now);
      this.note(path, reason);
      if (reason === 'helps') {
        this.spreadMicros = Math.max(this.spreadMicros, path.rtt.minimumMicros / 2 - quickest);
      }
    }
  }

  private watch(bytesSent: number, now: number): void {
    if (now - this.watchStart < BUSY_WATCH_MICROS) return;
    this.isBusy = bytesSent - this.watchBytes >= BUSY_BYTES;
    this.watchStart = now;
    this.watchBytes = bytesSent;
  }

  private judge(path: Path, fastest: number, quickest: number, sum: number, now: number): BondingReason {
    if (path.isReserve) return 'reserve';
    const before = this.reasons.get(path) ?? null;
    const triedAt = this.triedAt.get(path);
    const isRested = triedAt === undefined || now - triedAt > RETRY_MICROS;
    if (
      before === null ||
      before === 'reserve' ||
      (before !== 'helps' && before !== 'unmeasured' && isRested)
    ) {
      this.triedAt.set(path, now);
      path.model.startTrial();
      return 'unmeasured';
    }
    if (before !== 'unmeasured' && before !== 'helps') return before;
    const { model } = path;
    const rate = model.bytesPerSecond;
    if (
      before === 'unmeasured' &&
      model.trialBytes < LEAST_TRIAL_BYTES &&
      model.deliveredInTrial < TRIAL_BYTES
    ) {
      return before;
    }
    // What has been measured so far is a lower bound: enough is enough at once, too little takes a whole trial.
    if (rate * MOST_RATIO < fastest) return model.isRateKnown ? 'too-slow' : before;
    if (path.lossRatio > MOST_LOSS_RATIO) return 'too-lossy';
    const lateMicros = path.rtt.minimumMicros / 2 - quickest;
    const held = (Math.max(0, lateMicros) / 1e6) * (before === 'helps' ? sum : sum + rate);
    return held > MOST_HELD_BYTES ? 'too-late' : 'helps';
  }

  private note(path: Path, reason: BondingReason): void {
    const before = this.reasons.get(path);
    if (before === reason) return;
    this.reasons.set(path, reason);
    this.onChange(path, reason);
  }
}

/** A link with a sixteenth of the best one's rate adds 6 % at most, less than its delays take away. */
const MOST_RATIO = 16;
/** With a loss of one in four each message of 20 datagrams waits for a replay. */
const MOST_LOSS_RATIO = 0.25;
/** Half of the large slots, which hold what is early; the other half bridges a replay. */
const MOST_HELD_BYTES = 3.25 * 1024 * 1024;
/** Links do not change often, and a trial on a busy link is not free. */
const RETRY_MICROS = 10_000_000;
/** Delivered while more waited, this much tells a link that is worth it. */
const LEAST_TRIAL_BYTES = 16 * 1024;
/** A link that has kept up with the others for so long carries what they do, though it may never have been full. */
const TRIAL_BYTES = 256 * 1024;
/** 5 Mbit/s: less gains nothing by a second link. */
const BUSY_BYTES = 64 * 1024;
const BUSY_WATCH_MICROS = 100_000;
