import type { Path } from '../path/path.ts';

/**
 * Chooses the path on which the next chunk would arrive first, for `bonded` mode: earliest completion first (Lim et al.,
 * "ECF: An MPTCP Path Scheduler to Manage Heterogeneous Paths", 2017). Equal links give their sum; a slow path gets a
 * chunk only if it arrives before the faster ones would have carried all that leaves before it.
 *
 * @param isMember whether a path takes part. @param bytesAhead what leaves before and with the chunk.
 * @param batchBytes what would be sent on the path at once.
 * @returns null if no path has room, or if waiting for a faster path is better than using one that has.
 */
export function earliestPath(
  paths: readonly Path[],
  isMember: (path: Path) => boolean,
  bytesAhead: number,
  batchBytes: number,
  now: number,
): Path | null {
  let best: Path | null = null;
  let bestArrival = Infinity;
  let drained = Infinity;
  for (const path of paths) {
    if (!isMember(path)) continue;
    drained = Math.min(drained, arrivalMicros(path, bytesAhead));
    if (path.windowRoom() <= 0 || !path.mayPace(now)) continue;
    const arrival = arrivalMicros(path, Math.min(batchBytes, bytesAhead));
    if (arrival < bestArrival) {
      best = path;
      bestArrival = arrival;
    }
  }
  return bestArrival <= drained + SLACK_MICROS ? best : null;
}

/** When the last of `bytes` sent now would arrive, in microseconds from now. */
export function arrivalMicros(path: Path, bytes: number): number {
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
