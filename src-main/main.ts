import { existsSync, readFileSync } from 'node:fs';
import { homedir, networkInterfaces as readAddresses, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import * as electron from 'electron';
import { networkInterfaces, wifiConnections, type Systeminformation } from 'systeminformation';
import { DEFAULT_DAEMON_SOCKET } from '../src-shared/model/defaults.ts';
import { VERSION } from '../src-shared/version.ts';
import { Desktop } from './desktop.ts';
import { LinkMedia } from './links/link-media.ts';
import { runAsRoot } from './service/run-as-root.ts';
import { preferredLanguages } from './preferences/preferred-languages.ts';
import { UNIT_PATHS } from './service/service-setup.ts';
import { hasNameOwner } from './tray/session-bus.ts';

/** The name that a desktop's tray owns on the session bus. */
const TRAY_BUS_NAME = 'org.kde.StatusNotifierWatcher';

/** Where the kernel tells the strength of every radio's signal. */
const SIGNALS_PATH = '/proc/net/wireless';

const { app } = electron;
const { env } = process;
const appDir = app.getAppPath();
const { uid, username } = userInfo();

const media = new LinkMedia({
  now: () => Date.now(),
  readAddresses: () =>
    new Map(
      Object.entries(readAddresses()).map(([name, facts = []]) => [
        name,
        facts.map(({ address }) => address),
      ]),
    ),
  readSpeeds: readInterfaces,
  readNetworks: wifiConnections,
  // The file is missing where no radio was ever seen.
  readSignals: () => (existsSync(SIGNALS_PATH) ? readFileSync(SIGNALS_PATH, 'utf8') : ''),
});

Desktop.start(electron, {
  argv: process.argv.slice(1),
  version: VERSION,
  socketPath: env['BOWLINE_SOCKET'] ?? DEFAULT_DAEMON_SOCKET,
  pageDir: join(appDir, 'dist/window'),
  preloadPath: join(appDir, 'dist/app/preload.cjs'),
  assetsDir: join(appDir, 'assets'),
  payloadDir: app.isPackaged
    ? join(process.resourcesPath, 'service')
    : join(appDir, 'dist/service', process.arch),
  userDir: app.getPath('userData'),
  configDir: env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'),
  temporaryDir: tmpdir(),
  userName: username,
  // An AppImage runs from a folder that is gone after its end; the variable names the file itself.
  executable: app.isPackaged ? (env['APPIMAGE'] ?? process.execPath) : null,
  languages: preferredLanguages(env),
  currentDesktop: env['XDG_CURRENT_DESKTOP'] ?? '',
  now: () => Date.now(),
  isServiceInstalled: () => UNIT_PATHS.some((path) => existsSync(path)),
  readInterfaces,
  readLinkMedia: () => media.read(),
  runAsRoot,
  hasTray: () => hasNameOwner(env['DBUS_SESSION_BUS_ADDRESS'] ?? '', TRAY_BUS_NAME, uid),
  onUncaught: (listener) => {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  },
});

async function readInterfaces(): Promise<readonly Systeminformation.NetworkInterfacesData[]> {
  const interfaces = await networkInterfaces();
  return Array.isArray(interfaces) ? interfaces : [interfaces];
}
