import type { PathState } from './path/path.ts';

/** Why traffic left a path. */
export type SwitchReason =
  'carrier-lost' | 'silent' | 'address-gone' | 'device-gone' | 'better-link' | 'user';

/**
 * Why a path does or does not take part in `bonded` mode: it `helps`; nothing is known of its rate yet; its rate is too
 * small to be worth its delay; it loses too much; its data would come so late that the receiver cannot hold the rest; it
 * is kept for when no other link works.
 */
export type BondingReason = 'helps' | 'unmeasured' | 'too-slow' | 'too-lossy' | 'too-late' | 'reserve';

/** What a session tells its driver; plain data, at low rate. */
export type SessionEvent =
  | { readonly kind: 'established'; readonly isResumed: boolean }
  | { readonly kind: 'path'; readonly pathId: number; readonly state: PathState }
  | {
      readonly kind: 'switch';
      readonly from: number;
      readonly to: number;
      readonly reason: SwitchReason;
      /** Longest silence that data met, microseconds. */
      readonly gapMicros: number;
      readonly replayedChunks: number;
    }
  | {
      readonly kind: 'bonding';
      readonly pathId: number;
      readonly reason: BondingReason;
      /** What was measured of the path so far. */
      readonly bytesPerSecond: number;
      readonly lossRatio: number;
    }
  | { readonly kind: 'control'; readonly bytes: Uint8Array }
  | { readonly kind: 'version-mismatch'; readonly peerVersion: number }
  | { readonly kind: 'closed'; readonly reason: number };
