import type { AppBrowserWindow, AppNotification, ElectronApi } from '../../src-main/electron-api.ts';

/** One row of the menu that the tray shows. */
export interface ShownRow {
  readonly label: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly checked: boolean;
  readonly click: () => void;
}

/** What the app has shown; Electron itself cannot be asked for most of it. */
export interface Shown {
  tray: { tooltip: string; rows: readonly ShownRow[]; menusSet: number; imagesSet: number } | null;
  /** Notifications that are on the screen. */
  notifications: { readonly title: string; readonly body: string; readonly click: () => void }[];
  windows: AppBrowserWindow[];
  windowOptions: Electron.BrowserWindowConstructorOptions[];
}

/** Electron, or its double, with everything that it is told to show written down. It works as before otherwise. */
export function observeElectron(electron: ElectronApi): { api: ElectronApi; shown: Shown } {
  const shown: Shown = { tray: null, notifications: [], windows: [], windowOptions: [] };
  const api: ElectronApi = {
    ...pick(electron),
    BrowserWindow: new Proxy(electron.BrowserWindow, {
      construct: (target, args: [Electron.BrowserWindowConstructorOptions]) => {
        const window = new target(...args);
        shown.windows.push(window);
        shown.windowOptions.push(...args);
        return window;
      },
    }),
    Notification: new Proxy(electron.Notification, {
      construct: (target, args: [Electron.NotificationConstructorOptions]) =>
        observeNotification(new target(...args), shown),
    }),
    Tray: new Proxy(electron.Tray, {
      construct: (target, args: [Electron.NativeImage]) => {
        const tray = new target(...args);
        const seen = { tooltip: '', rows: [] as ShownRow[], menusSet: 0, imagesSet: 0 };
        shown.tray = seen;
        intercept(tray, 'setToolTip', (text) => void (seen.tooltip = text));
        intercept(tray, 'setImage', () => void (seen.imagesSet += 1));
        intercept(tray, 'setContextMenu', (menu) => {
          seen.rows = (menu?.items ?? []).map(rowOf);
          seen.menusSet += 1;
        });
        intercept(tray, 'destroy', () => void (shown.tray = null));
        return tray;
      },
    }),
  };
  return { api, shown };
}

function observeNotification(notification: AppNotification, shown: Shown): AppNotification {
  const clicks: (() => void)[] = [];
  const { title, body } = notification;
  const entry = { title, body, click: () => clicks.forEach((click) => click()) };
  intercept(notification, 'on', (event: string, listener: unknown) => {
    if (event === 'click') clicks.push(listener as () => void);
  });
  intercept(notification, 'show', () => void shown.notifications.push(entry));
  intercept(notification, 'close', () => {
    shown.notifications = shown.notifications.filter((other) => other !== entry);
  });
  return notification;
}

function rowOf(item: Electron.MenuItem): ShownRow {
  const { label, type, enabled, checked } = item;
  return { label, type, enabled, checked, click: item.click as () => void };
}

/** Lets a method tell first what it was called with. */
function intercept<T extends object, K extends keyof T>(
  object: T,
  name: K,
  tell: T[K] extends (...args: infer A) => unknown ? (...args: A) => void : never,
): void {
  const method = object[name] as (...args: unknown[]) => unknown;
  Object.defineProperty(object, name, {
    value: (...args: unknown[]) => {
      (tell as (...args: unknown[]) => void)(...args);
      return method.apply(object, args);
    },
  });
}

/** The members that the app uses: Electron's own module object cannot be spread, its members are getters. */
function pick(electron: ElectronApi): ElectronApi {
  const { app, BrowserWindow, Menu, Notification, Tray, dialog, ipcMain } = electron;
  const { nativeImage, nativeTheme, powerMonitor, protocol } = electron;
  return {
    ...{ app, BrowserWindow, Menu, Notification, Tray, dialog, ipcMain },
    ...{ nativeImage, nativeTheme, powerMonitor, protocol },
  };
}
