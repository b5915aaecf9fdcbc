import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DesktopHost } from '../../src-main/desktop-host.ts';
import { Desktop } from '../../src-main/desktop.ts';
import type { ElectronApi } from '../../src-main/electron-api.ts';
import type { RootOutcome } from '../../src-main/service/service-setup.ts';
import { FakeDaemon } from '../support/fake-daemon.ts';
import { observeElectron, type Shown, type ShownRow } from './observed-electron.ts';

/** What a scenario needs done around the app, by the double's means or by Electron's. */
export interface StageTools {
  /** Plays the laptop's waking up. */
  readonly wake: () => void;
  /** Has the page try what it may not do, and says what of it was refused. */
  readonly tryForbidden: (stage: Stage) => Promise<Readonly<Record<ForbiddenThing, boolean>>>;
}
export type ForbiddenThing = 'navigation' | 'new window' | 'permission';

/** How long a scenario waits for something that takes milliseconds. */
const PATIENCE_MS = 5_000;

/** A desktop session with the app in it: a daemon that only pretends, folders of its own, and what can be seen. */
export class Stage {
  readonly daemon = new FakeDaemon();
  readonly shown: Shown;
  readonly dir = mkdtempSync(join(tmpdir(), 'bowline-desktop-'));
  readonly socketPath = join(this.dir, 'daemon.sock');
  /** Commands that were to run as root. */
  readonly rootCommands: string[] = [];
  rootOutcome: RootOutcome = { kind: 'done' };
  isServiceInstalled = true;
  /** Added to the clock of the app. */
  clockOffsetMs = 0;
  throwUncaught: (error: unknown) => void = () => undefined;
  desktop: Desktop | null = null;
  readonly #api: ElectronApi;

  readonly tools: StageTools;

  constructor(electron: ElectronApi, tools: StageTools) {
    this.tools = tools;
    const { api, shown } = observeElectron(electron);
    this.#api = api;
    this.shown = shown;
    mkdirSync(join(this.dir, 'page'));
    writeFileSync(join(this.dir, 'page/index.html'), '<!doctype html><title>Bowline</title>');
    mkdirSync(join(this.dir, 'service'));
    writeFileSync(join(this.dir, 'service/SHA256SUMS'), '');
  }

  /** Starts the app; the daemon first, unless it is to be missing. */
  async open(
    options: { readonly withDaemon?: boolean; readonly host?: Partial<DesktopHost> } = {},
  ): Promise<void> {
    if (options.withDaemon !== false) await this.daemon.start(this.socketPath);
    this.desktop = Desktop.start(this.#api, { ...this.#host(), ...options.host });
    if (this.desktop === null) return;
    await this.until('the tray', () => this.shown.tray !== null);
    if (options.withDaemon !== false) await this.until('a status', () => this.rows()[0] !== 'Bowline');
  }

  /** Ends the daemon and removes the folders; the app has to be ended by its scenario or its process. */
  async close(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Labels of the tray's menu. */
  rows(): readonly string[] {
    return (this.shown.tray?.rows ?? []).filter((row) => row.type !== 'separator').map((row) => row.label);
  }

  /** The row with a label. @throws Error if there is none */
  row(label: string): ShownRow {
    const row = this.shown.tray?.rows.find((candidate) => candidate.label === label);
    if (row === undefined) throw new Error(`no row ${label} among ${JSON.stringify(this.rows())}`);
    return row;
  }

  /** Runs a script in the window's page. */
  async inPage(code: string): Promise<unknown> {
    await this.until('the window', () => this.shown.windows.length > 0);
    const window = this.shown.windows.at(-1)!;
    const isLoaded = async (): Promise<boolean> => {
      try {
        return (await window.webContents.executeJavaScript('typeof window.bridge')) === 'object';
      } catch {
        // The page is about to be another one.
        return false;
      }
    };
    await this.until('the page', isLoaded);
    return window.webContents.executeJavaScript(code);
  }

  /** Waits until something is so. @throws Error with what was waited for */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await isSo())) {
      if (Date.now() > deadline)
        throw new Error(`waited in vain for ${what}; rows ${JSON.stringify(this.rows())}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #host(): DesktopHost {
    const projectDir = resolve(import.meta.dirname, '../..');
    return {
      argv: [],
      version: '0.1.0',
      socketPath: this.socketPath,
      pageDir: join(this.dir, 'page'),
      preloadPath: join(projectDir, 'dist/app/preload.cjs'),
      assetsDir: join(projectDir, 'assets'),
      payloadDir: join(this.dir, 'service'),
      userDir: join(this.dir, 'user'),
      configDir: join(this.dir, 'config'),
      temporaryDir: this.dir,
      userName: 'ada',
      executable: '/opt/Bowline/bowline-app',
      languages: ['en_GB.UTF-8'],
      currentDesktop: 'KDE',
      now: () => Date.now() + this.clockOffsetMs,
      isServiceInstalled: () => this.isServiceInstalled,
      readInterfaces: async () => [
        {
          iface: 'eth0',
          type: 'wired',
          operstate: 'up',
          virtual: false,
          internal: false,
          ip4: '192.0.2.1',
          ip6: '',
        },
        {
          iface: 'wlan0',
          type: 'wireless',
          operstate: 'down',
          virtual: false,
          internal: false,
          ip4: '',
          ip6: '',
        },
      ],
      readLinkMedia: async () => [
        {
          name: 'wlan0',
          addresses: ['192.168.1.21'],
          speedBitsPerSecond: 866e6,
          network: 'attic',
          signalDbm: -52,
        },
      ],
      runAsRoot: async (command) => {
        this.rootCommands.push(command);
        return this.rootOutcome;
      },
      hasTray: async () => true,
      onUncaught: (listener) => (this.throwUncaught = listener),
    };
  }
}
