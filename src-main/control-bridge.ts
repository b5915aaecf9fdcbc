import type { IpcMainEvent, IpcMainInvokeEvent } from 'electron';
import * as z from 'zod';
import type { BridgeEvent, BridgeMethod, Preferences, ShellError } from '../src-shared/bridge/bridge.ts';
import type { LinkMedium } from '../src-shared/bridge/link-medium.ts';
import { callTimeoutMs } from '../src-shared/bridge/call-timeout.ts';
import { controlError, type ControlError } from '../src-shared/control/error.ts';
import { daemonContract } from '../src-shared/control/contract.ts';
import { unreachableReasonSchema, type UnreachableReason } from '../src-shared/model/status.ts';
import { err, type Result } from '../src-shared/util/result.ts';
import type { AppBrowserWindow, ElectronApi } from './electron-api.ts';
import { CHANNELS, type ShellFacts, type SubscriptionNotice } from './preload/channels.ts';
import type { DaemonLink } from './status/daemon-link.ts';

/*
 * The only door between the window and the rest. Whoever sends has to be the top frame of our window, showing our
 * page; what is sent has to be in the contract. It is then forwarded as it is: nothing here knows a method by name
 * except to notice what the window wants.
 */

/** More subscriptions than any page of ours makes; a page that asks for more is broken. */
const MOST_SUBSCRIPTIONS = 32;

/** Preferences as the window may change them. */
export const preferencesChangeSchema = z
  .object({
    language: z.enum(['system', 'en', 'de']),
    startsAtLogin: z.boolean(),
  })
  .partial();
export type PreferencesChange = z.infer<typeof preferencesChangeSchema>;

/** What the bridge joins. */
export interface ControlBridgeOptions {
  readonly daemon: DaemonLink;
  /** The window that may speak; null while there is none. */
  readonly window: () => AppBrowserWindow | null;
  /** True for addresses of our page. */
  readonly isOurPage: (url: string) => boolean;
  readonly shellFacts: () => ShellFacts;
  readonly setPreferences: (change: PreferencesChange) => Result<Preferences, ShellError>;
  readonly fixService: (reason: UnreachableReason) => Promise<Result<null, ShellError>>;
  readonly readLinkMedia: () => Promise<readonly LinkMedium[]>;
  /** Told before a call is forwarded. */
  readonly onCall: (method: BridgeMethod) => void;
  /** Told when somebody sends who may not. */
  readonly onRefused: (what: string) => void;
}

interface Stoppable {
  stop(): void;
}

/** Answers the window over Electron's IPC. */
export class ControlBridge {
  readonly #options: ControlBridgeOptions;
  readonly #subscriptions = new Map<number, Stoppable>();

  constructor({ ipcMain }: Pick<ElectronApi, 'ipcMain'>, options: ControlBridgeOptions) {
    this.#options = options;
    ipcMain.handle(CHANNELS.call, async (event, method: unknown, params: unknown) =>
      this.#mayAnswer(event, CHANNELS.call) ? this.#call(method, params) : err(refusal()),
    );
    ipcMain.handle(CHANNELS.setPreferences, (event, change: unknown) => {
      const parsed = preferencesChangeSchema.safeParse(change);
      if (!this.#mayAnswer(event, CHANNELS.setPreferences) || !parsed.success) return err(shellRefusal());
      return options.setPreferences(parsed.data);
    });
    ipcMain.handle(CHANNELS.fixService, async (event, reason: unknown) => {
      const parsed = unreachableReasonSchema.safeParse(reason);
      if (!this.#mayAnswer(event, CHANNELS.fixService) || !parsed.success) return err(shellRefusal());
      return options.fixService(parsed.data);
    });
    ipcMain.handle(CHANNELS.readLinkMedia, (event) =>
      this.#mayAnswer(event, CHANNELS.readLinkMedia) ? options.readLinkMedia() : [],
    );
    ipcMain.on(CHANNELS.shellFacts, (event) => {
      // Null ends the preload script with an error; a foreign page gets no bridge at all.
      event.returnValue = this.#mayAnswer(event, CHANNELS.shellFacts) ? options.shellFacts() : null;
    });
    ipcMain.on(CHANNELS.subscribe, (event, name: unknown, id: unknown) => {
      if (this.#mayAnswer(event, CHANNELS.subscribe)) this.#subscribe(name, id);
    });
    ipcMain.on(CHANNELS.unsubscribe, (event, id: unknown) => {
      if (this.#mayAnswer(event, CHANNELS.unsubscribe)) this.#unsubscribe(id);
    });
  }

  /** Ends all subscriptions: the page that made them is gone. */
  forgetPage(): void {
    for (const subscription of this.#subscriptions.values()) subscription.stop();
    this.#subscriptions.clear();
  }

  async #call(method: unknown, params: unknown): Promise<Result<unknown, ControlError>> {
    if (!isMethod(method)) {
      return err(controlError('UNKNOWN_METHOD', `the window may not call ${String(method).slice(0, 64)}`));
    }
    if (!daemonContract.methods[method].params.safeParse(params).success) {
      return err(controlError('INVALID_PARAMS', `${method}: these are not its parameters`));
    }
    this.#options.onCall(method);
    return this.#options.daemon.client.call(method, params as never, { timeoutMs: callTimeoutMs(method) });
  }

  #subscribe(name: unknown, id: unknown): void {
    if (!isEvent(name) || typeof id !== 'number' || this.#subscriptions.has(id)) return;
    if (this.#subscriptions.size >= MOST_SUBSCRIPTIONS) return;
    const send = (notice: SubscriptionNotice): void => {
      const window = this.#options.window();
      if (window === null || window.isDestroyed() || window.webContents.isDestroyed()) return;
      window.webContents.send(CHANNELS.notice, id, notice);
    };
    const subscription = this.#options.daemon.client.subscribe(name, {
      onEvent: (payload) => send({ kind: 'event', payload }),
      onUnreachable: (error) => send({ kind: 'unreachable', error }),
    });
    this.#subscriptions.set(id, subscription);
  }

  #unsubscribe(id: unknown): void {
    if (typeof id !== 'number') return;
    this.#subscriptions.get(id)?.stop();
    this.#subscriptions.delete(id);
  }

  #mayAnswer(event: IpcMainEvent | IpcMainInvokeEvent, channel: string): boolean {
    const contents = this.#options.window()?.webContents;
    const frame = event.senderFrame;
    const isAllowed =
      contents !== undefined &&
      !contents.isDestroyed() &&
      frame !== null &&
      frame === contents.mainFrame &&
      this.#options.isOurPage(frame.url);
    if (!isAllowed) this.#options.onRefused(`${channel} from ${frame?.url ?? 'a frame that is gone'}`);
    return isAllowed;
  }
}

function isMethod(method: unknown): method is BridgeMethod {
  if (typeof method !== 'string' || !Object.hasOwn(daemonContract.methods, method)) return false;
  return !Object.values(daemonContract.events).some((event) => (event.subscribe as string) === method);
}

function isEvent(name: unknown): name is BridgeEvent {
  return typeof name === 'string' && Object.hasOwn(daemonContract.events, name);
}

function refusal(): ControlError {
  return controlError('NOT_PERMITTED', 'only the window of Bowline may call the service');
}

function shellRefusal(): ShellError {
  return { message: 'The window asked for something that it may not ask for', isCancelled: false };
}
