import type { Preferences } from '../../src-shared/bridge/bridge.ts';
import type { ControlError } from '../../src-shared/control/error.ts';

/** Names of the IPC channels between window and main process. */
export const CHANNELS = {
  /** Invoked with method and parameters; answers with a result. */
  call: 'bowline:call',
  /** Sent with event and subscription number. */
  subscribe: 'bowline:subscribe',
  /** Sent with a subscription number. */
  unsubscribe: 'bowline:unsubscribe',
  /** Sent to the window: a subscription number and a {@link SubscriptionNotice}. */
  notice: 'bowline:notice',
  /** Asked synchronously, once, while the page loads. */
  shellFacts: 'bowline:shell-facts',
  setPreferences: 'bowline:set-preferences',
  fixService: 'bowline:fix-service',
  readLinkMedia: 'bowline:read-link-media',
} as const;

/** What a subscription of the window is told. */
export type SubscriptionNotice =
  | { readonly kind: 'event'; readonly payload: unknown }
  | { readonly kind: 'unreachable'; readonly error: ControlError };

/** What the page has to know before its first line runs. */
export interface ShellFacts {
  readonly version: string;
  readonly preferences: Preferences;
  readonly canFixService: boolean;
}
