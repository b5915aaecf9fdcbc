import type {
  DaemonContract,
  EventName,
  EventPayload,
  MethodName,
  MethodParams,
  MethodResult,
} from '../control/contract.ts';
import type { ControlError } from '../control/error.ts';
import type { UnreachableReason } from '../model/status.ts';
import type { Result } from '../util/result.ts';
import type { Cable, CableCondition } from './home-cables.ts';
import type { LinkMedium } from './link-medium.ts';

/*
 * Everything that the window can reach of the world outside: `window.bridge`. In Electron the preload script makes
 * it; in a browser the page makes it itself over the socket of `bowline ui`. Both forward the contract and nothing else,
 * and everything that crosses is plain data, so that it can be cloned.
 */

export type BridgeMethod = MethodName<DaemonContract>;
export type BridgeParams<M extends BridgeMethod> = MethodParams<DaemonContract, M>;
export type BridgeResult<M extends BridgeMethod> = MethodResult<DaemonContract, M>;
export type BridgeEvent = EventName<DaemonContract>;
export type BridgePayload<E extends BridgeEvent> = EventPayload<DaemonContract, E>;

/** What a subscriber learns: payloads, and when there is nobody to send any. */
export interface BridgeListener<Payload> {
  /** The first call after each time the daemon was reached has the whole snapshot of that moment. */
  readonly onEvent: (payload: Payload) => void;
  /** The daemon is gone or was never there; the bridge goes on trying. */
  readonly onUnreachable: (error: ControlError) => void;
}

/** The window's only door: the daemon's contract, and the program around the window. */
export interface Bridge {
  /** Calls a method of the daemon. Never rejects; waits as long as {@link callTimeoutMs} allows. */
  call<M extends BridgeMethod>(
    method: M,
    params: BridgeParams<M>,
  ): Promise<Result<BridgeResult<M>, ControlError>>;
  /** Follows an event over any number of daemon restarts; what it hands back ends that. */
  subscribe<E extends BridgeEvent>(event: E, listener: BridgeListener<BridgePayload<E>>): () => void;
  readonly shell: Shell;
}

/** The language of the window; `system` follows the desktop. */
export type LanguageChoice = 'system' | 'en' | 'de';

/** What a user decides about the window itself; the program around it keeps it. */
export interface Preferences {
  readonly language: LanguageChoice;
  /** Null where the program cannot start itself at login, as in a browser. */
  readonly startsAtLogin: boolean | null;
}

/** Why the program around the window could not do what it was asked for: cause first, then what to do. */
export interface ShellError {
  readonly message: string;
  /** The user closed the question for the password: nothing needs to be said. */
  readonly isCancelled: boolean;
}

/** The cables of a virtual home that the window may pull. */
export interface CableControl {
  /** Follows the cables; a listener that is never called is one of a program that plays no home. */
  follow(listener: (cables: readonly Cable[]) => void): () => void;
  /** Asks for a condition; the listeners hear when it is so. */
  set(link: string, condition: CableCondition): void;
}

/** The program around the window. */
export interface Shell {
  readonly kind: 'electron' | 'browser';
  /** Version of the program, beside that of the service. */
  readonly version: string;
  /** As they are when the window opens. */
  readonly preferences: Preferences;
  /** Changes some preferences and hands back all of them. */
  setPreferences(change: Partial<Preferences>): Promise<Result<Preferences, ShellError>>;
  /**
   * Installs, starts or restarts the service, or lets this user talk to it: whatever the reason calls for. Asks for
   * an administrator's password once. Null where the program cannot do that: the window shows a command instead.
   */
  readonly fixService: ((reason: UnreachableReason) => Promise<Result<null, ShellError>>) | null;
  /** The cables of a virtual home. Null where the program cannot play one. */
  readonly cables: CableControl | null;
  /** Tells what carries each link below IP. Null where the program does not watch the machine. */
  readonly readLinkMedia: (() => Promise<readonly LinkMedium[]>) | null;
}
