import type { SessionEvent } from '../../src-engine/session-events.ts';
import type { LinkSnapshot, Sysctls } from '../../src-platform/index.ts';
import type { Settings } from '../../src-shared/model/settings.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { Pairings } from '../pairing/pairings.ts';
import type { SettingsChange } from '../settings/settings-keeper.ts';
import type { AppRules } from '../apps/app-rules.ts';
import type { TimelineKeeper } from '../timeline/keeper.ts';
import type { Desktop } from '../desktop/desktop.ts';
import type { BoxFinder } from '../discovery/box-finder.ts';
import type { Tunnel } from '../tunnel.ts';

/** The daemon as its control methods see it. */
export interface HandledDaemon {
  readonly settings: Settings;
  readonly links: readonly LinkSnapshot[];
  /** Null while no box is known. */
  readonly tunnel: Tunnel | null;
  readonly sysctls: Sysctls;
  readonly timeline: TimelineKeeper;
  readonly finder: BoxFinder;
  /** Links that the unplug test takes away. */
  readonly unplugged: Set<string>;
  /** Called for each event of the session, after the daemon has looked at it. */
  readonly eventListeners: Set<(event: SessionEvent) => void>;
  readonly pairings: Pairings;
  readonly desktop: Desktop;
  readonly apps: AppRules;
  status(): DaemonStatus;
  /** @throws StorageError; then nothing has changed. */
  changeSettings(change: SettingsChange): Promise<void>;
  setWanted(wanted: boolean, isNow: boolean): Promise<void>;
  applyWanted(): Promise<void>;
  onLinks(): Promise<void>;
}
