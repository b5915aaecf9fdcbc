import type {
  App,
  BrowserWindow,
  BrowserWindowConstructorOptions,
  Dialog,
  IpcMain,
  Menu,
  MenuItemConstructorOptions,
  NativeImage,
  NativeTheme,
  Notification,
  NotificationConstructorOptions,
  PowerMonitor,
  Protocol,
  Session,
  Tray,
  WebContents,
} from 'electron';

/*
 * The part of Electron that the app uses, in Electron's own types. Everything in this folder but main.ts takes it as an
 * argument: the same code runs against Electron and against the tests' double of it, and the compiler holds both to
 * the types that Electron publishes.
 */

/** A window, as far as the app uses one. */
export type AppBrowserWindow = Pick<
  BrowserWindow,
  | 'close'
  | 'destroy'
  | 'focus'
  | 'hide'
  | 'id'
  | 'isDestroyed'
  | 'isMinimized'
  | 'isVisible'
  | 'loadURL'
  | 'on'
  | 'restore'
  | 'show'
> & {
  readonly webContents: AppWebContents;
};

/** The page of a window, as far as the app uses one. */
export type AppWebContents = Pick<
  WebContents,
  | 'executeJavaScript'
  | 'getZoomLevel'
  | 'id'
  | 'isDestroyed'
  | 'mainFrame'
  | 'on'
  | 'send'
  | 'setWindowOpenHandler'
  | 'setZoomLevel'
> & { readonly session: AppSession };

/** The session of the window. */
export type AppSession = Pick<
  Session,
  'setDevicePermissionHandler' | 'setPermissionCheckHandler' | 'setPermissionRequestHandler'
>;

/** The tray icon. */
export type AppTray = Pick<Tray, 'destroy' | 'on' | 'setContextMenu' | 'setImage' | 'setToolTip'>;

/** A notification. */
export type AppNotification = Pick<Notification, 'body' | 'close' | 'on' | 'show' | 'title'>;

/** Everything of Electron that the app uses. */
export interface ElectronApi {
  readonly app: Pick<
    App,
    'enableSandbox' | 'exit' | 'isReady' | 'on' | 'quit' | 'requestSingleInstanceLock' | 'whenReady'
  >;
  readonly BrowserWindow: new (options: BrowserWindowConstructorOptions) => AppBrowserWindow;
  readonly Menu: {
    buildFromTemplate(template: MenuItemConstructorOptions[]): Menu;
    setApplicationMenu(menu: Menu | null): void;
  };
  readonly Notification: {
    new (options: NotificationConstructorOptions): AppNotification;
    isSupported(): boolean;
  };
  readonly Tray: new (image: NativeImage) => AppTray;
  readonly dialog: Pick<Dialog, 'showErrorBox'>;
  readonly ipcMain: Pick<IpcMain, 'handle' | 'on'>;
  readonly nativeImage: {
    createEmpty(): NativeImage;
  };
  readonly nativeTheme: Pick<NativeTheme, 'on' | 'shouldUseDarkColors'>;
  readonly powerMonitor: Pick<PowerMonitor, 'on'>;
  readonly protocol: Pick<Protocol, 'handle' | 'registerSchemesAsPrivileged'>;
}
