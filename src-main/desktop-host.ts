import type { LinkMedium } from '../src-shared/bridge/link-medium.ts';
import type { WallClockMs } from '../src-shared/model/units.ts';
import type { ReadInterfaces } from './links/link-preview.ts';
import type { RunAsRoot } from './service/service-setup.ts';

/** Everything outside of Electron that the app depends on; tests bring their own. */
export interface DesktopHost {
  /** Command line without the program. */
  readonly argv: readonly string[];
  readonly version: string;
  readonly socketPath: string;
  /** Where the page, the preload script and the icons are. */
  readonly pageDir: string;
  readonly preloadPath: string;
  readonly assetsDir: string;
  /** What the package brings for the service. */
  readonly payloadDir: string;
  /** The user's folder for this app: its state and its log. */
  readonly userDir: string;
  /** `XDG_CONFIG_HOME`. */
  readonly configDir: string;
  readonly temporaryDir: string;
  readonly userName: string;
  /** What starts the app again; null in a checkout, which cannot be started at login. */
  readonly executable: string | null;
  /** What the desktop prefers, best first, such as `de_DE.UTF-8`. */
  readonly languages: readonly string[];
  /** `XDG_CURRENT_DESKTOP`. */
  readonly currentDesktop: string;
  readonly now: () => WallClockMs;
  readonly isServiceInstalled: () => boolean;
  readonly readInterfaces: ReadInterfaces;
  readonly readLinkMedia: () => Promise<readonly LinkMedium[]>;
  readonly runAsRoot: RunAsRoot;
  /** True if the desktop shows tray icons, null if it cannot be asked. */
  readonly hasTray: () => Promise<boolean | null>;
  /** Hands errors that nobody caught to the app. */
  readonly onUncaught: (listener: (error: unknown) => void) => void;
}
