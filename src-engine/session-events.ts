import type { PathState } from './path/path.ts';

/** Why traffic left a path. */
export type SwitchReason =
  'carrier-lost' | 'silent' | 'address-gone' | 'device-gone' | 'better-link' | 'user';

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
  | { readonly kind: 'control'; readonly bytes: Uint8Array }
  | { readonly kind: 'version-mismatch'; readonly peerVersion: number }
  | { readonly kind: 'closed'; readonly reason: number };
