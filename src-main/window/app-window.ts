import { desktopEn } from '../../src-shared/i18n/desktop-en.ts';
import type { AppBrowserWindow, ElectronApi } from '../electron-api.ts';
import { PAGE_URL } from './app-protocol.ts';
import { hardenContents } from './hardening.ts';
import { zoomByKeys } from './zoom.ts';

/** How soon a page that ended may end again before nobody opens it a third time. */
const CRASH_PAUSE_MS = 60_000;

/** The page's own background, by theme: what is there before the page must not flash. */
export const BACKGROUND = { light: '#f3f5f6', dark: '#0f1519' } as const;

/** What the window needs from around it. */
export interface AppWindowOptions {
  readonly preloadPath: string;
  readonly iconPath: string;
  readonly now: () => number;
  readonly onVisibility: () => void;
  /** The page is loaded anew or gone: what it subscribed to has no reader. */
  readonly onPageGone: () => void;
  readonly onRefused: (what: string) => void;
  /** The page has complained, as pages do in a console that nobody sees. */
  readonly onPageError: (message: string) => void;
  /** The page ended by itself; `isReopened` is false the second time within a minute. */
  readonly onCrash: (reason: string, isReopened: boolean) => void;
  /** False where closing the window has to end the app, since nothing else could open it again. */
  readonly staysWhenClosed: () => boolean;
}

/** The one window: made when it is first wanted, hidden rather than closed. */
export class AppWindow {
  readonly #electron: ElectronApi;
  readonly #options: AppWindowOptions;
  #window: AppBrowserWindow | null = null;
  #mayClose = false;
  #crashedAt: number | null = null;

  constructor(electron: ElectronApi, options: AppWindowOptions) {
    this.#electron = electron;
    this.#options = options;
  }

  /** The window; null until it was first shown. */
  get browserWindow(): AppBrowserWindow | null {
    return this.#window?.isDestroyed() === false ? this.#window : null;
  }

  /** True if a person can see it. */
  get isVisible(): boolean {
    const window = this.browserWindow;
    return window !== null && window.isVisible() && !window.isMinimized();
  }

  /** True if it was opened and then closed by a person, so that it is hidden. */
  get isClosedAway(): boolean {
    const window = this.browserWindow;
    return window !== null && !window.isVisible() && !window.isMinimized();
  }

  /** Brings the window to the front. */
  show(): void {
    const window = this.browserWindow ?? this.#open();
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  /** Closes the window for good. */
  close(): void {
    this.#mayClose = true;
    this.browserWindow?.destroy();
    this.#window = null;
  }

  #open(): AppBrowserWindow {
    const { preloadPath, iconPath, onVisibility, onPageGone, onPageError, onRefused } = this.#options;
    const { shouldUseDarkColors } = this.#electron.nativeTheme;
    const window = new this.#electron.BrowserWindow({
      title: desktopEn.appName,
      icon: iconPath,
      width: 880,
      height: 640,
      minWidth: 380,
      minHeight: 560,
      show: false,
      autoHideMenuBar: true,
      backgroundColor: BACKGROUND[shouldUseDarkColors ? 'dark' : 'light'],
      webPreferences: {
        preload: preloadPath,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
        // The words of the window are in its own languages; nothing is sent to a dictionary.
        spellcheck: false,
        // Hidden graphs need no frames; the tray and notifications live in the main process.
        backgroundThrottling: true,
      },
    });
    this.#window = window;
    hardenContents(window.webContents, onRefused);
    zoomByKeys(window.webContents);
    window.webContents.on('console-message', ({ level, message }) => {
      if (level === 'error') onPageError(message);
    });
    window.on('close', (event) => {
      if (this.#mayClose || !this.#options.staysWhenClosed()) return;
      event.preventDefault();
      window.hide();
    });
    window.on('show', onVisibility);
    window.on('hide', onVisibility);
    window.on('minimize', onVisibility);
    window.on('restore', onVisibility);
    window.on('closed', () => {
      onPageGone();
      onVisibility();
    });
    window.webContents.on('did-start-navigation', (details) => {
      if (details.isMainFrame && !details.isSameDocument) onPageGone();
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => this.#onCrash(window, reason));
    void this.#load(window);
    return window;
  }

  #onCrash(window: AppBrowserWindow, reason: string): void {
    this.#options.onPageGone();
    if (reason === 'clean-exit') return;
    const now = this.#options.now();
    const isReopened = this.#crashedAt === null || now - this.#crashedAt >= CRASH_PAUSE_MS;
    this.#crashedAt = now;
    this.#options.onCrash(reason, isReopened);
    if (isReopened && !window.isDestroyed()) void this.#load(window);
  }

  async #load(window: AppBrowserWindow): Promise<void> {
    try {
      await window.loadURL(PAGE_URL);
    } catch (error) {
      // Closing the window while it loads ends here as well.
      if (!window.isDestroyed()) this.#options.onCrash((error as Error).message, false);
    }
  }
}
