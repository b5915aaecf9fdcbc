import { join } from 'node:path';
import type { BridgeMethod, Preferences, ShellError } from '../src-shared/bridge/bridge.ts';
import {
  desktopWordingOf,
  type DesktopTexts,
  type DesktopWording,
} from '../src-shared/i18n/desktop-texts.ts';
import { chooseLanguage } from '../src-shared/i18n/wording.ts';
import type { Status, UnreachableReason } from '../src-shared/model/status.ts';
import { err, ok, type Result } from '../src-shared/util/result.ts';
import { Autostart, HIDDEN_ARGUMENT } from './autostart/autostart.ts';
import { ControlBridge, type PreferencesChange } from './control-bridge.ts';
import type { DesktopHost } from './desktop-host.ts';
import type { ElectronApi } from './electron-api.ts';
import { FaultReporter } from './faults/fault-reporter.ts';
import { LogFile } from './faults/log-file.ts';
import { LinkPreview } from './links/link-preview.ts';
import { Notifier } from './notifications/notifier.ts';
import { Pause } from './pause/pause.ts';
import { DesktopStateFile } from './preferences/desktop-state.ts';
import { ServiceSetup } from './service/service-setup.ts';
import { DaemonLink } from './status/daemon-link.ts';
import { TrayIcons } from './tray/tray-icon.ts';
import { isWanted, type TrayIntent } from './tray/tray-menu.ts';
import { StatusTray } from './tray/tray.ts';
import { isPageUrl, registerPageScheme, servePage } from './window/app-protocol.ts';
import { AppWindow } from './window/app-window.ts';

/** Takes the service off this machine and ends, without a window: the undo of the set-up. */
export const REMOVE_SERVICE_ARGUMENT = '--remove-service';

/** After a login, panels take this long to come up; a tray that is not there by then will not come. */
const TRAY_CHECK_MS = 15_000;

/** Switching off before quitting must not keep the app alive; the daemon answers within tens of milliseconds. */
const LAST_CALL_MS = 2_000;

/** Sentences such as "retrying in 20 s" and "switched" grow old by themselves. */
const RENDER_EVERY_MS = 5_000;

/**
 * The whole app but Electron's start: tray, window, notifications, and the wires between them. It holds no state of
 * protection but the last snapshot.
 */
export class Desktop {
  readonly #electron: ElectronApi;
  readonly #host: DesktopHost;
  readonly #log: LogFile;
  readonly #faults: FaultReporter;
  readonly #state: DesktopStateFile;
  readonly #daemon: DaemonLink;
  readonly #window: AppWindow;
  readonly #bridge: ControlBridge;
  readonly #notifier: Notifier;
  readonly #pause: Pause;
  readonly #preview: LinkPreview;
  readonly #setup: ServiceSetup;
  readonly #autostart: Autostart | null;
  readonly #timers = new Set<NodeJS.Timeout>();
  #tray: StatusTray | null = null;
  #hasTray: boolean | null = null;
  #isClosed = false;

  /**
   * Starts the app. To be called before Electron is ready.
   *
   * @returns null if another one runs for this user; that one shows its window instead
   */
  static start(electron: ElectronApi, host: DesktopHost): Desktop | null {
    if (!electron.app.requestSingleInstanceLock()) {
      electron.app.quit();
      return null;
    }
    electron.app.enableSandbox();
    registerPageScheme(electron);
    return new Desktop(electron, host);
  }

  private constructor(electron: ElectronApi, host: DesktopHost) {
    this.#electron = electron;
    this.#host = host;
    const { now } = host;
    this.#log = new LogFile(join(host.userDir, 'bowline-app.log'), now);
    this.#faults = new FaultReporter({
      log: this.#log,
      now,
      texts: () => this.#texts,
      tell: (...text) => this.#notifier.tell(...text),
    });
    host.onUncaught((error) => this.#faults.report('main', error));
    this.#state = new DesktopStateFile(join(host.userDir, 'desktop.json'), (error) =>
      this.#note('state', error),
    );
    const { state } = this.#state;
    this.#notifier = new Notifier(electron, {
      now,
      wording: () => this.#wording,
      isWindowVisible: () => this.#window.isVisible,
      onClick: () => this.#window.show(),
      wasProtectionTold: state.wasProtectionTold,
      onProtectionTold: () => this.#state.change({ wasProtectionTold: true }),
    });
    this.#daemon = new DaemonLink({
      socketPath: host.socketPath,
      programVersion: host.version,
      isServiceInstalled: host.isServiceInstalled,
    });
    this.#pause = new Pause({
      now,
      pausedUntil: state.pausedUntil,
      onChanged: (pausedUntil) => this.#state.change({ pausedUntil }),
      onResume: () => void this.#setWanted(true),
    });
    this.#preview = new LinkPreview(
      host.readInterfaces,
      () => this.#render(),
      (error) => this.#note('interfaces', error),
    );
    this.#setup = new ServiceSetup({
      ...host,
      texts: () => this.#texts,
      onFault: (error) => this.#note('setup', error),
    });
    this.#autostart = host.executable === null ? null : new Autostart(host.configDir, host.executable);
    this.#window = new AppWindow(electron, {
      preloadPath: host.preloadPath,
      iconPath: join(host.assetsDir, 'icons', '128x128.png'),
      now,
      onVisibility: () => this.#notifier.reconsider(),
      onPageGone: () => this.#bridge.forgetPage(),
      onRefused: (what) => this.#log.write('warn', 'page-refused', { what: what.slice(0, 200) }),
      onPageError: (message) => this.#log.write('warn', 'page-error', { message: message.slice(0, 500) }),
      onCrash: (reason, isReopened) => this.#onWindowCrash(reason, isReopened),
      staysWhenClosed: () => !this.#isClosed && this.#hasTray !== false,
    });
    this.#bridge = new ControlBridge(electron, {
      daemon: this.#daemon,
      window: () => this.#window.browserWindow,
      isOurPage: isPageUrl,
      shellFacts: () => ({
        version: host.version,
        preferences: this.#preferences(),
        canFixService: this.#setup.isPossible,
      }),
      setPreferences: (change) => this.#setPreferences(change),
      fixService: (reason) => this.#fixService(reason),
      readLinkMedia: host.readLinkMedia,
      onCall: (method) => this.#onCall(method),
      onRefused: (what) => this.#log.write('warn', 'ipc-refused', { what: what.slice(0, 200) }),
    });
    void electron.app
      .whenReady()
      .then(() => this.#begin())
      .catch((error: unknown) => this.#failToStart(error));
  }

  async #begin(): Promise<void> {
    const { app, nativeTheme, powerMonitor, Menu } = this.#electron;
    const host = this.#host;
    if (host.argv.includes(REMOVE_SERVICE_ARGUMENT)) {
      this.#end((await this.#removeService()) ? 0 : 1);
      return;
    }
    Menu.setApplicationMenu(null);
    servePage(this.#electron, host.pageDir);
    this.#tray = new StatusTray(this.#electron, {
      icons: new TrayIcons(this.#electron, join(host.assetsDir, 'tray')),
      currentDesktop: host.currentDesktop,
      onIntent: (intent) => this.#onIntent(intent),
    });
    // Without a listener Electron quits with the last window; the app lives in the tray.
    app.on('window-all-closed', () => {
      if (this.#hasTray === false) this.#end(0);
    });
    app.on('second-instance', (_event, commandLine) => {
      if (commandLine.includes(REMOVE_SERVICE_ARGUMENT)) void this.#removeService();
      // A desktop that restores its session and starts the app as well did not ask for a window.
      else if (!commandLine.includes(HIDDEN_ARGUMENT)) this.#window.show();
    });
    app.on('activate', () => this.#window.show());
    app.on('before-quit', () => this.#close());
    nativeTheme.on('updated', () => this.#render());
    powerMonitor.on('resume', () => {
      this.#pause.check();
      this.#render();
    });
    this.#daemon.onStatus((status) => this.#onStatus(status));
    this.#daemon.start();
    this.#followExecutable();
    this.#pause.check();
    this.#render();
    const renderTimer = setInterval(() => this.#render(), RENDER_EVERY_MS);
    this.#timers.add(renderTimer);
    this.#timers.add(setTimeout(() => void this.#checkTray(), TRAY_CHECK_MS));
    if (!host.argv.includes(HIDDEN_ARGUMENT)) this.#window.show();
    this.#log.write('info', 'started', { version: host.version });
  }

  #onStatus(status: Status): void {
    this.#preview.set(status.state === 'unreachable');
    if (status.state !== 'unreachable') this.#pause.observe(isWanted(status));
    this.#notifier.update(status);
    this.#render();
  }

  #onIntent(intent: TrayIntent): void {
    switch (intent.kind) {
      case 'set-wanted':
        void this.#setWanted(intent.wanted);
        break;
      case 'leave':
        void this.#leave();
        break;
      case 'pause':
        void this.#beginPause();
        break;
      case 'open':
        this.#window.show();
        break;
      case 'fix':
        // The window explains what is missing and has the button.
        this.#window.show();
        break;
      case 'quit':
        void this.#quit();
        break;
    }
  }

  async #leave(): Promise<void> {
    const answer = await this.#daemon.client.call('connection.leave', {});
    if (!answer.ok) this.#notifier.tell(this.#texts.appName, answer.error.message);
  }

  async #beginPause(): Promise<void> {
    const answer = await this.#daemon.client.call('connection.setWanted', { wanted: false });
    if (answer.ok) this.#pause.begin();
    else this.#notifier.tell(this.#texts.appName, answer.error.message);
    this.#render();
  }

  async #quit(): Promise<void> {
    if (isWanted(this.#daemon.status)) {
      this.#pause.cancel();
      const params = { wanted: false };
      const answer = await this.#daemon.client.call('connection.setWanted', params, {
        timeoutMs: LAST_CALL_MS,
      });
      // The app ends as asked; that protection goes on without it is said, not hidden.
      if (!answer.ok) this.#electron.dialog.showErrorBox(this.#texts.stillOn, answer.error.message);
    }
    this.#end(0);
  }

  async #setWanted(wanted: boolean): Promise<void> {
    this.#onCall('connection.setWanted');
    const answer = await this.#daemon.client.call('connection.setWanted', { wanted });
    if (!answer.ok) this.#notifier.tell(this.#texts.appName, answer.error.message);
    // The desktop has flipped the tray's mark; this shows what is.
    this.#render();
  }

  #onCall(method: BridgeMethod): void {
    // Whoever uses the switch decides anew; a pause is no longer what they want.
    if (method === 'connection.setWanted') this.#pause.cancel();
  }

  #render(): void {
    if (this.#isClosed) return;
    this.#tray?.render({
      status: this.#daemon.status,
      pausedUntil: this.#pause.until,
      preview: this.#preview.links,
      now: this.#host.now(),
      wording: this.#wording,
    });
  }

  get #wording(): DesktopWording {
    return desktopWordingOf(chooseLanguage(this.#state.state.language, this.#host.languages));
  }

  get #texts(): DesktopTexts {
    return this.#wording.desktop;
  }

  #preferences(): Preferences {
    return {
      language: this.#state.state.language,
      startsAtLogin: this.#autostart === null ? null : this.#autostart.isEnabled,
    };
  }

  #setPreferences({ language, startsAtLogin }: PreferencesChange): Result<Preferences, ShellError> {
    if (language !== undefined) this.#state.change({ language });
    this.#render();
    try {
      if (startsAtLogin !== undefined) this.#autostart?.set(startsAtLogin);
    } catch (error) {
      this.#note('autostart', error);
      return err({ message: this.#texts.autostartRefused(this.#host.configDir), isCancelled: false });
    }
    return ok(this.#preferences());
  }

  /** The next version of an AppImage is another file, and the last one may be gone. */
  #followExecutable(): void {
    try {
      this.#autostart?.follow();
    } catch (error) {
      this.#note('autostart', error);
    }
  }

  async #fixService(reason: UnreachableReason): Promise<Result<null, ShellError>> {
    this.#log.write('info', 'fix-service', { reason });
    return this.#setup.install();
  }

  async #removeService(): Promise<boolean> {
    const outcome = await this.#setup.remove();
    if (!outcome.ok) this.#electron.dialog.showErrorBox(this.#texts.appName, outcome.error.message);
    return outcome.ok;
  }

  async #checkTray(): Promise<void> {
    this.#hasTray = await this.#host.hasTray();
    if (this.#hasTray !== false) return;
    // Closed before it was known that nothing could open it again.
    if (this.#window.isClosedAway) {
      this.#end(0);
      return;
    }
    if (this.#state.state.wasMissingTrayTold) return;
    this.#state.change({ wasMissingTrayTold: true });
    this.#notifier.tell(this.#texts.noTray, this.#texts.noTrayDetail);
  }

  #onWindowCrash(reason: string, isReopened: boolean): void {
    if (!isReopened) {
      this.#faults.report('window', new Error(reason));
      return;
    }
    this.#log.write('error', 'window-gone', { reason });
    this.#notifier.tell(this.#texts.appName, this.#texts.windowGone);
  }

  #note(where: string, error: unknown): void {
    this.#log.write('warn', where, { message: error instanceof Error ? error.message : String(error) });
  }

  #failToStart(error: unknown): void {
    this.#log.write('error', 'start-failed', { message: String(error) });
    this.#electron.dialog.showErrorBox(this.#texts.unexpected, this.#texts.cannotStart(this.#log.path));
    this.#end(1);
  }

  #end(exitCode: number): void {
    this.#close();
    this.#electron.app.exit(exitCode);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#preview.set(false);
    this.#pause.close();
    this.#notifier.close();
    this.#bridge.forgetPage();
    this.#window.close();
    this.#tray?.close();
    this.#daemon.close();
  }
}
