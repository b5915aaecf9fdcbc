import type { Path } from '../path/path.ts';
import { ALL_LANES, BONDED_LANES, COMMON_LANES } from '../send/lane-hash.ts';
import type { Outbox } from '../send/outbox.ts';
import type { BondingReason } from '../session-events.ts';
import type { Mode } from '../session-types.ts';
import type { BestPath } from './best-path.ts';
import { BondedPaths } from './bonded-paths.ts';
import { bytesToLeave, earliestPath } from './earliest-path.ts';

/** What the choice is made from. */
export interface DataPathsSession {
  readonly paths: readonly Path[];
  readonly outbox: Outbox;
  readonly scheduler: BestPath;
  readonly mode: Mode;
  noteBonding(path: Path, reason: BondingReason): void;
}

/**
 * Where new data goes: on the path that carries, unless it is spread; then on the member on which it arrives first. In mode
 * `bonded` all lanes are spread, in the other modes those of class `bonded`, while they have something to send.
 */
export class DataPaths {
  readonly bonded: BondedPaths;
  private readonly session: DataPathsSession;
  private readonly onStatusChange: () => void;
  private readonly isMember = (path: Path): boolean => this.bonded.isMember(path);
  /** The set of lanes that are spread; 0 for none. */
  private spread = 0;
  private classUntil = -Infinity;
  /** Where lanes without a class go now, and where those of class `bonded` do. */
  private commonPath: Path | null = null;
  private bondedPath: Path | null = null;
  /** The lanes from which a path gets data from further back in the queue, because it takes longer. */
  private ahead = 0;

  /** @param onStatusChange is called when the peer is to be told anew which paths to use. */
  constructor(session: DataPathsSession, onStatusChange: () => void) {
    this.session = session;
    this.onStatusChange = onStatusChange;
    this.bonded = new BondedPaths((path, reason) => {
      session.noteBonding(path, reason);
      onStatusChange();
    });
  }

  reset(): void {
    this.bonded.reset();
    this.commonPath = null;
    this.bondedPath = null;
  }

  /** Where the lanes without a class go; null for nowhere now. */
  get first(): Path | null {
    return this.commonPath;
  }

  /** Chooses anew. @returns when pacing lets the first of several paths go on, if none may send now; else Infinity. */
  choose(now: number): number {
    const { outbox, paths, scheduler } = this.session;
    const spread = this.lanesToSpread(now);
    if (spread !== this.spread) this.change(spread);
    this.ahead = 0;
    this.commonPath = scheduler.carrying;
    this.bondedPath = scheduler.carrying;
    if (spread === 0) return Infinity;
    const { bonded } = this;
    bonded.update(paths, scheduler.carrying, now);
    outbox.allowWaiting(bonded.spreadMicros * SPREAD_FACTOR, spread);
    const queuedBytes = outbox.queuedIn(spread);
    const batchBytes = Math.min(LEAST_BATCH_BYTES, queuedBytes);
    const path = earliestPath(paths, this.isMember, batchBytes, now);
    const skipBytes = path === null ? 0 : bytesToLeave(path, paths, this.isMember, batchBytes);
    if (skipBytes > 0) this.ahead = spread;
    const isOfUse = skipBytes <= 0 || outbox.aimAhead(skipBytes, spread);
    this.bondedPath = isOfUse ? path : null;
    if (spread === ALL_LANES) this.commonPath = this.bondedPath;
    return this.bondedPath === null && queuedBytes > 0 ? this.nextPaced(paths, now) : Infinity;
  }

  /** The set of lanes whose new data may go on this path now. */
  lanesOn(path: Path): number {
    return (path === this.commonPath ? COMMON_LANES : 0) | (path === this.bondedPath ? BONDED_LANES : 0);
  }

  /** Of these, those that are served in turn; the others are cut ahead. */
  inTurn(lanes: number): number {
    return lanes & ~this.ahead;
  }

  /** Whether paths are compared again soon, so that one must not get too much at once. */
  isCompared(path: Path): boolean {
    return this.spread === ALL_LANES || (this.spread === BONDED_LANES && path === this.bondedPath);
  }

  /** Bytes that wait and may go on this path some time. */
  waitingFor(path: Path): number {
    const { outbox, scheduler } = this.session;
    const isBondedOnly = this.spread === BONDED_LANES && path !== scheduler.carrying;
    return isBondedOnly ? outbox.queuedIn(BONDED_LANES) : outbox.queuedBytes;
  }

  private lanesToSpread(now: number): number {
    const { mode, outbox } = this.session;
    if (mode === 'bonded') return ALL_LANES;
    if (outbox.queuedIn(BONDED_LANES) > 0) this.classUntil = now + CLASS_PAUSE_MICROS;
    return now < this.classUntil ? BONDED_LANES : 0;
  }

  private change(spread: number): void {
    // The peer follows our members in mode `bonded` only: elsewhere its common lanes keep to the path that carries.
    if (spread === ALL_LANES || this.spread === ALL_LANES) this.onStatusChange();
    this.spread = spread;
    if (spread !== 0) return;
    this.bonded.reset();
    this.session.outbox.allowWaiting(0, ALL_LANES);
  }

  /** No path may send now: some wait for acknowledgements, of the others the first that pacing lets go wakes us. */
  private nextPaced(paths: readonly Path[], now: number): number {
    let until = Infinity;
    for (const path of paths) {
      if (this.bonded.isMember(path) && path.windowRoom() > 0 && !path.mayPace(now))
        until = Math.min(until, path.model.nextSendAt(now));
    }
    return until;
  }
}

/** Most datagrams to send on one path before paths are compared anew, of those that are compared. */
export function spreadBatch({ model }: Path, most: number): number {
  const datagrams = (model.bytesPerSecond * BATCH_MICROS) / 1e6 / 1_472;
  return Math.min(most, Math.max(LEAST_BATCH_DATAGRAMS, Math.floor(datagrams)));
}

/** A quarter millisecond of the path, so that a fast one gets the long runs that make it fast. */
const BATCH_MICROS = 250;
const LEAST_BATCH_DATAGRAMS = 16;
const LEAST_BATCH_BYTES = LEAST_BATCH_DATAGRAMS * 1_472;
/**
 * What is sent over the slowest path overtakes nothing only while the others have as much queued as they would carry
 * meanwhile. A sender that was just signalled keeps 0.7 of its window (CUBIC, RFC 9438): twice the difference of the
 * paths is still enough then.
 */
const SPREAD_FACTOR = 2;
/**
 * What was learnt of the paths is kept for so long after the last packet of class `bonded`: downloads of one program come
 * with pauses, and a new trial costs copies.
 */
const CLASS_PAUSE_MICROS = 10_000_000;
