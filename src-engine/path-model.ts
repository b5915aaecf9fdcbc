import type { Path } from './path/path.ts';
import type { BondingReason } from './session-events.ts';
import type { Session } from './session.ts';

/** What a path does: carries data, is kept warm, carries copies to be measured, or is kept out because it would harm. */
export type PathRole = 'member' | 'standby' | 'trial' | 'excluded';

/** What the engine has learned about a path; times in microseconds. */
export interface PathModel {
  readonly role: PathRole;
  /** Null unless the role is `excluded`. */
  readonly excludedBecause: Exclude<BondingReason, 'helps' | 'unmeasured' | 'reserve'> | null;
  /** Highest delivery rate of late; null until the path was given enough to carry. */
  readonly bytesPerSecond: number | null;
  readonly windowBytes: number;
  readonly inFlightBytes: number;
  readonly smoothedRttMicros: number;
  readonly rttVariationMicros: number;
  readonly minimumRttMicros: number;
  /** 0 to 1. */
  readonly lossRatio: number;
  readonly datagramBytes: number;
}

/**
 * Reads the model of a path: for people, a few times a second. Nothing is kept for it, so packets cost what they did.
 * @returns null while the path does not work or was not measured.
 */
export function readPathModel(session: Session, path: Path): PathModel | null {
  const { model, rtt } = path;
  if (!path.isUsable || !rtt.hasSample) return null;
  return {
    ...roleOf(session, path),
    bytesPerSecond: model.isRateKnown ? model.bytesPerSecond : null,
    windowBytes: model.windowBytes(rtt.minimumMicros),
    inFlightBytes: path.bytesInFlight,
    smoothedRttMicros: rtt.smoothedMicros,
    rttVariationMicros: rtt.variationMicros,
    minimumRttMicros: rtt.minimumMicros,
    lossRatio: path.lossRatio,
    datagramBytes: path.mtu.datagramBytes,
  };
}

function roleOf(session: Session, path: Path): Pick<PathModel, 'role' | 'excludedBecause'> {
  const { bonded } = session.transmitter.dataPaths;
  const reason = bonded.reasonOf(path);
  switch (reason) {
    case 'too-slow':
    case 'too-lossy':
    case 'too-late':
      // Left out of what single flows add up, the path still stands by for the others.
      return session.mode === 'bonded'
        ? { role: 'excluded', excludedBecause: reason }
        : { role: 'standby', excludedBecause: null };
    case 'unmeasured':
      return { role: bonded.isTried(path) ? 'trial' : 'standby', excludedBecause: null };
    case 'reserve':
      return { role: 'standby', excludedBecause: null };
    case 'helps':
      return { role: 'member', excludedBecause: null };
    case null: {
      const isCopied = session.mode === 'redundant' && !path.isReserve;
      const isMember = isCopied || session.scheduler.carrying === path;
      return { role: isMember ? 'member' : 'standby', excludedBecause: null };
    }
  }
}
