import type { PathModel } from '../../src-engine/path-model.ts';
import type { LinkModel } from '../../src-shared/model/link.ts';

/** Writes what the engine learned about a path as front ends show it; digits beyond what is measured are left out. */
export function linkModel(model: PathModel | null): LinkModel | null {
  if (model === null) return null;
  return {
    role: model.role,
    excludedBecause: model.excludedBecause,
    sendBitsPerSecond: model.bytesPerSecond === null ? null : Math.round(model.bytesPerSecond * 8),
    windowBytes: Math.round(model.windowBytes),
    inFlightBytes: model.inFlightBytes,
    smoothedRttMicros: Math.round(model.smoothedRttMicros),
    rttVarianceMicros: Math.round(model.rttVariationMicros),
    minRttMicros: Math.round(model.minimumRttMicros),
    lossRatio: Math.round(model.lossRatio * 1e4) / 1e4,
    datagramBytes: model.datagramBytes,
  };
}
