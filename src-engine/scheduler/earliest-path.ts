import type { Path } from '../path/path.ts';

/**
 * Chooses the path on which the next data would arrive first, for `bonded` mode: earliest completion first (Lim et al.,
 * "ECF: An MPTCP Path Scheduler to Manage Heterogeneous Paths", 2017).
 *
 * @param isMember whether a path takes part. @param batchBytes what would be sent on the path at once.
 * @returns null if no path has room.
 */
export function earliestPath(
  paths: readonly Path[],
  isMember: (path: Path) => boolean,
  batchBytes: number,
  now: number,
): Path | null {
  let best: Path | null = null;
  let bestArrival = Infinity;
  for (const path of paths) {
    if (!isMember(path) || path.windowRoom() <= 0 || !path.mayPace(now)) continue;
    const arrival = arrivalMicros(path, batchBytes);
    if (arrival < bestArrival) {
      best = path;
      bestArrival = arrival;
    }
  }
  return best;
}

/**
 * How much the other members deliver before what leaves on `path` now would arrive. That much of the queue is left to
 * them, so that what takes the longer way arrives when its turn has come, neither late nor early ("out-of-order
 * transmission for in-order arrival" of Yang et al., 2014). Equal paths leave each other nothing.
 */
export function bytesToLeave(
  path: Path,
  paths: readonly Path[],
  isMember: (path: Path) => boolean,
  batchBytes: number,
): number {
  const arrival = arrivalMicros(path, batchBytes);
  let bytes = 0;
  for (const other of paths) {
    if (other === path || !isMember(other)) continue;
    const lead = arrival - arrivalMicros(other, batchBytes);
    if (lead > SLACK_MICROS) bytes += lead * bytesPerMicro(other);
  }
  return bytes;
}

/** When the last of `bytes` sent now would arrive, in microseconds from now. */
function arrivalMicros(path: Path, bytes: number): number {
  const propagation = path.rtt.minimumMicros / 2;
  if (!path.rtt.hasSample) return propagation;
  const underWay = (path.bytesInFlight + bytes) / bytesPerMicro(path);
  // Half of what a round trip holds is on its way back as acknowledgements, not before us.
  return Math.max(propagation, underWay - propagation);
}

/**
 * Bytes per microsecond. A rate that was only measured on small traffic says little; what the window allows per round
 * trip says the rest.
 */
function bytesPerMicro({ model, rtt }: Path): number {
  return Math.max(model.bytesPerSecond / 1e6, model.windowBytes(rtt.minimumMicros) / rtt.smoothedMicros);
}

/** Estimates are no finer than this; without it, equal paths would wait for each other. */
const SLACK_MICROS = 1_000;
