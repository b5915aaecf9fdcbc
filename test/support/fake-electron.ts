import { createBridge } from '../../src-main/preload/bridge.ts';
import type { ElectronApi } from '../../src-main/electron-api.ts';

/*
 * A double of the part of Electron that the app uses. Its classes are held to Electron's published types by the
 * compiler: `api` below is assigned without a cast. What crosses IPC is cloned, as Electron does.
 */

type Listener = (...args: never[]) => unknown;

/** Keeps listeners by event, as Electron's emitters do. */
class Emitter {
  readonly #listeners = new Map<string, Listener[]>();

  /** `never` because each class of Electron returns itself, and nobody here chains calls. */
  on(event: string, listener: Listener): never {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this as never;
  }

  emit(event: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...(args as never[]));
  }
}

interface FakeMenuItem {
  readonly label: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly checked: boolean;
  readonly submenu?: FakeMenu;
  click(): void;
}

interface FakeMenu {
  readonly items: readonly FakeMenuItem[];
}

interface PreventableEvent {
  defaultPrevented: boolean;
  preventDefault(): void;
}

/** An event that a listener may prevent, with whatever fields it has. */
export function preventable<T extends object>(fields: T): T & PreventableEvent {
  const event = {
    ...fields,
    defaultPrevented: false,
    preventDefault: () => void (event.defaultPrevented = true),
  };
  return event;
}

/** One instance is one Electron process. */
export class FakeElectron {
  readonly app = Object.assign(new Emitter(), {
    isFirstInstance: true,
    exitCode: null as number | null,
    isSandboxEnabled: false,
    enableSandbox: () => void (this.app.isSandboxEnabled = true),
    exit: (code?: number) => void (this.app.exitCode ??= code ?? 0),
    quit: () => void (this.app.exitCode ??= 0),
    requestSingleInstanceLock: () => this.app.isFirstInstance,
    isReadyYet: false,
    isReady: () => this.app.isReadyYet,
    whenReady: () => Promise.resolve().then(() => void (this.app.isReadyYet = true)),
  });

  readonly nativeTheme = Object.assign(new Emitter(), { shouldUseDarkColors: false });
  readonly powerMonitor = new Emitter();
  readonly errorBoxes: { readonly title: string; readonly content: string }[] = [];
  readonly ipc = new FakeIpc();
  readonly session = new FakeSession();
  readonly #schemes = new Map<string, (request: Request) => Response | Promise<Response>>();
  nextId = 1;

  /** The double as the app sees it. */
  readonly api: ElectronApi;

  constructor() {
    // The classes below need the process that they belong to.
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const electron = this;

    class FakeWindow extends Emitter {
      readonly id = electron.nextId++;
      readonly webContents: FakeContents;
      #isVisible = false;
      #isMinimized = false;
      #isDestroyed = false;

      readonly options: Electron.BrowserWindowConstructorOptions;

      constructor(options: Electron.BrowserWindowConstructorOptions) {
        super();
        this.options = options;
        this.webContents = new FakeContents(electron, this.id);
        this.#isVisible = options.show !== false;
      }

      close(): void {
        const event = preventable({});
        this.emit('close', event);
        if (!event.defaultPrevented) this.destroy();
      }

      destroy(): void {
        if (this.#isDestroyed) return;
        this.#isDestroyed = true;
        this.emit('closed');
        electron.app.emit('window-all-closed');
      }

      focus(): void {}

      hide(): void {
        this.#isVisible = false;
        this.emit('hide');
      }

      isDestroyed(): boolean {
        return this.#isDestroyed;
      }

      isMinimized(): boolean {
        return this.#isMinimized;
      }

      isVisible(): boolean {
        return this.#isVisible;
      }

      async loadURL(url: string): Promise<void> {
        await this.webContents.load(url);
      }

      minimize(): void {
        this.#isMinimized = true;
        this.emit('minimize');
      }

      restore(): void {
        this.#isMinimized = false;
        this.emit('restore');
      }

      show(): void {
        this.#isVisible = true;
        this.emit('show');
      }
    }

    class FakeNotification extends Emitter {
      readonly title: string;
      readonly body: string;

      static isSupported(): boolean {
        return true;
      }

      constructor({ title, body }: Electron.NotificationConstructorOptions) {
        super();
        if (!electron.app.isReadyYet) throw new Error('Cannot create Notification before app is ready');
        this.title = title ?? '';
        this.body = body ?? '';
      }

      show(): void {}

      close(): void {}
    }

    class FakeTray extends Emitter {
      destroy(): void {}

      setContextMenu(_menu: Electron.Menu | null): void {}

      setImage(_image: Electron.NativeImage | string): void {}

      setToolTip(_toolTip: string): void {}
    }

    this.api = {
      app: this.app,
      BrowserWindow: FakeWindow,
      Menu: {
        buildFromTemplate: (template) => fakeMenu(template) as never,
        setApplicationMenu: () => undefined,
      },
      Notification: FakeNotification,
      Tray: FakeTray,
      dialog: { showErrorBox: (title, content) => void this.errorBoxes.push({ title, content }) },
      ipcMain: this.ipc,
      nativeImage: { createEmpty: () => new FakeImage() as never },
      nativeTheme: this.nativeTheme,
      powerMonitor: this.powerMonitor,
      protocol: {
        handle: (scheme, handler) => void this.#schemes.set(scheme, handler),
        registerSchemesAsPrivileged: () => undefined,
      },
    };
  }

  /** Loads an address by the protocols that the app registered. */
  async fetch(url: string): Promise<Response> {
    const handler = this.#schemes.get(new URL(url).protocol.slice(0, -1));
    if (handler === undefined) throw new Error(`ERR_UNKNOWN_URL_SCHEME ${url}`);
    return handler({ url, method: 'GET' } as Request);
  }
}

/** The page of a window: it loads by the app's protocol and runs the preload script's bridge. */
export class FakeContents extends Emitter {
  readonly session: FakeSession;
  mainFrame = { url: '' } as Electron.WebFrameMain;
  openHandler: ((details: { url: string }) => { action: 'allow' | 'deny' }) | null = null;
  readonly #electron: FakeElectron;
  readonly id: number;
  #zoomLevel = 0;
  #page: { bridge?: unknown; results: Record<string, unknown> } = { results: {} };
  #deliver: ((channel: string, args: unknown[]) => void) | null = null;

  constructor(electron: FakeElectron, id: number) {
    super();
    this.#electron = electron;
    this.id = id;
    this.session = electron.session;
  }

  isDestroyed(): boolean {
    return false;
  }

  getZoomLevel(): number {
    return this.#zoomLevel;
  }

  setZoomLevel(level: number): void {
    this.#zoomLevel = level;
  }

  setWindowOpenHandler(handler: (details: never) => { action: 'allow' | 'deny' }): void {
    this.openHandler = handler as never;
  }

  send(channel: string, ...args: unknown[]): void {
    this.#deliver?.(channel, structuredClone(args));
  }

  async load(url: string): Promise<void> {
    this.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false, url });
    const response = await this.#electron.fetch(url);
    if (response.status !== 200) throw new Error(`ERR_FAILED (${response.status}) ${url}`);
    this.mainFrame = { url } as Electron.WebFrameMain;
    this.#page = { results: {} };
    const listeners = new Emitter();
    this.#deliver = (channel, args) => listeners.emit(channel, {}, ...args);
    this.#page.bridge = createBridge({
      invoke: (channel, ...args) => this.#electron.ipc.invoke(this.mainFrame, channel, args),
      on: (channel, listener) => listeners.on(channel, listener),
      send: (channel, ...args) => void this.#electron.ipc.send(this.mainFrame, channel, args),
      sendSync: (channel, ...args) => this.#electron.ipc.send(this.mainFrame, channel, args),
    });
  }

  /** Runs a script as the page would: it sees `window` with the bridge, and what it hands back is cloned. */
  async executeJavaScript(code: string): Promise<unknown> {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const run = new Function('window', `return (${code});`) as (page: unknown) => unknown;
    return structuredClone(await run(this.#page));
  }
}

/** What a page's IPC meets in the main process. */
export class FakeIpc {
  readonly #handlers = new Map<string, (event: never, ...args: unknown[]) => unknown>();
  readonly #events = new Emitter();

  handle(channel: string, handler: (event: never, ...args: never[]) => unknown): void {
    if (this.#handlers.has(channel)) throw new Error(`a second handler for ${channel}`);
    this.#handlers.set(channel, handler as never);
  }

  on(channel: string, listener: Listener): never {
    return this.#events.on(channel, listener);
  }

  /** Plays `ipcRenderer.invoke` of a frame. */
  async invoke(senderFrame: object | null, channel: string, args: unknown[]): Promise<unknown> {
    const handler = this.#handlers.get(channel);
    if (handler === undefined) throw new Error(`no handler for ${channel}`);
    return structuredClone(await handler({ senderFrame } as never, ...(structuredClone(args) as [])));
  }

  /** Plays `ipcRenderer.send` and `sendSync` of a frame. */
  send(senderFrame: object | null, channel: string, args: unknown[]): unknown {
    const event = { senderFrame, returnValue: undefined };
    this.#events.emit(channel, event, ...(structuredClone(args) as []));
    return structuredClone(event.returnValue);
  }
}

class FakeSession {
  onPermission: ((contents: null, permission: string, answer: (isGranted: boolean) => void) => void) | null =
    null;
  check: ((contents: null, permission: string) => boolean) | null = null;
  onDevice: (() => boolean) | null = null;

  setPermissionRequestHandler(handler: unknown): void {
    this.onPermission = handler as never;
  }

  setPermissionCheckHandler(handler: unknown): void {
    this.check = handler as never;
  }

  setDevicePermissionHandler(handler: unknown): void {
    this.onDevice = handler as never;
  }
}

class FakeImage {
  readonly representations: { readonly width?: number; readonly scaleFactor?: number }[] = [];

  addRepresentation(options: { width?: number; scaleFactor?: number; buffer?: Buffer }): void {
    this.representations.push(options);
  }
}

function fakeMenu(template: readonly Electron.MenuItemConstructorOptions[]): FakeMenu {
  return {
    items: template.map((options) => ({
      label: options.label ?? '',
      type: options.type ?? (options.submenu === undefined ? 'normal' : 'submenu'),
      enabled: options.enabled ?? true,
      checked: options.checked ?? false,
      ...(Array.isArray(options.submenu) && { submenu: fakeMenu(options.submenu) }),
      click: () => (options.click as unknown as () => void)?.(),
    })),
  };
}
