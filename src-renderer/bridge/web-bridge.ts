import type {
  Bridge,
  BridgeEvent,
  BridgeListener,
  BridgeMethod,
  BridgeResult,
} from '../../src-shared/bridge/bridge.ts';
import type { Cable } from '../../src-shared/bridge/home-cables.ts';
import type { WebMessage } from '../../src-shared/bridge/web-messages.ts';
import type { ControlError } from '../../src-shared/control/error.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import { browserShell } from './browser-shell.ts';
import { disconnectionError, type Disconnection } from './disconnection.ts';

/** First wait after a lost connection; a program that is started again listens within about this time. */
const FIRST_RETRY_MS = 250;

/** Longest wait between tries. */
const LAST_RETRY_MS = 4_000;

/** Where the page keeps its key: for this tab alone, until it is closed. */
const SESSION_ITEM = 'bowline-session';

type Settle = (outcome: Result<unknown, ControlError>) => void;
type AnyListener = BridgeListener<unknown>;

/** What the page gets from the browser; tests hand in their own. */
export interface PageEnvironment {
  readonly socketUrl: string;
  readonly token: string | null;
  readonly session: Pick<Storage, 'getItem' | 'setItem'>;
  readonly preferences: Pick<Storage, 'getItem' | 'setItem'>;
  readonly openSocket: (url: string) => WebSocket;
}

/** The bridge of a page that `bowline ui` serves: the contract over one WebSocket that comes back by itself. */
export class WebBridge implements Bridge {
  readonly shell: Bridge['shell'];
  readonly #environment: PageEnvironment;
  readonly #calls = new Map<number, Settle>();
  readonly #listeners = new Map<string, Set<AnyListener>>();
  readonly #cableListeners = new Set<(cables: readonly Cable[]) => void>();
  readonly #queue: string[] = [];
  #token: string | null;
  #socket: WebSocket | null = null;
  #isOpen = false;
  #disconnection: Disconnection | null = null;
  #nextId = 1;
  #delayMs = FIRST_RETRY_MS;

  constructor(environment: PageEnvironment, version: string) {
    this.#environment = environment;
    this.#token = environment.token;
    this.shell = browserShell(version, environment.preferences, {
      follow: (listener) => {
        this.#cableListeners.add(listener);
        return () => this.#cableListeners.delete(listener);
      },
      set: (link, condition) => this.#send(JSON.stringify({ type: 'cable', link, condition })),
    });
    this.#connect();
  }

  readonly call: Bridge['call'] = <M extends BridgeMethod>(method: M, params: unknown) =>
    new Promise<Result<BridgeResult<M>, ControlError>>((resolve) => {
      if (this.#disconnection !== null) {
        resolve(err(disconnectionError(this.#disconnection, 'the program behind this page is gone')));
        return;
      }
      const id = this.#nextId++;
      // The server has checked the answer against the contract.
      this.#calls.set(id, resolve as Settle);
      this.#send(JSON.stringify({ type: 'request', id, method, params }));
    });

  readonly subscribe: Bridge['subscribe'] = (event: BridgeEvent, listener) => {
    const known = this.#listeners.get(event) ?? new Set<AnyListener>();
    this.#listeners.set(event, known);
    known.add(listener as AnyListener);
    if (known.size === 1) this.#send(JSON.stringify({ type: 'subscribe', event }));
    if (this.#disconnection !== null) listener.onUnreachable(this.#lost());
    return () => known.delete(listener as AnyListener);
  };

  #connect(): void {
    const { openSocket, socketUrl, session } = this.#environment;
    const socket = openSocket(socketUrl);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      const key = session.getItem(SESSION_ITEM);
      socket.send(
        JSON.stringify({
          type: 'hello',
          ...(this.#token === null ? {} : { token: this.#token }),
          ...(key === null ? {} : { session: key }),
        }),
      );
    });
    socket.addEventListener('message', ({ data }) => this.#onMessage(JSON.parse(String(data)) as WebMessage));
    socket.addEventListener('close', () => this.#onClosed());
  }

  #onMessage(message: WebMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#onWelcome(message.session);
        break;
      case 'refused':
        this.#disconnection = 'refused';
        break;
      case 'response': {
        const { id, outcome } = message;
        this.#calls.get(id)?.(outcome.ok ? ok(outcome.result) : err(outcome.error));
        this.#calls.delete(id);
        break;
      }
      case 'event':
        for (const { onEvent } of this.#listenersOf(message.event)) onEvent(message.payload);
        break;
      case 'cables':
        for (const listener of [...this.#cableListeners]) listener(message.cables);
        break;
      case 'unreachable':
        for (const { onUnreachable } of this.#listenersOf(message.event)) onUnreachable(message.error);
        break;
    }
  }

  #onWelcome(session: string): void {
    this.#environment.session.setItem(SESSION_ITEM, session);
    this.#token = null;
    this.#isOpen = true;
    this.#disconnection = null;
    this.#delayMs = FIRST_RETRY_MS;
    const events = [...this.#listeners.keys()].map((event) => JSON.stringify({ type: 'subscribe', event }));
    const waiting = this.#queue.filter((text) => !events.includes(text));
    this.#queue.length = 0;
    for (const text of [...events, ...waiting]) this.#socket?.send(text);
  }

  #onClosed(): void {
    this.#isOpen = false;
    this.#queue.length = 0;
    const isRefused = this.#disconnection === 'refused';
    if (!isRefused) this.#disconnection = 'ended';
    const error = this.#lost();
    for (const settle of [...this.#calls.values()]) settle(err(error));
    this.#calls.clear();
    for (const event of this.#listeners.keys()) {
      for (const { onUnreachable } of this.#listenersOf(event)) onUnreachable(error);
    }
    // A page that is not let in would not be let in the next time either.
    if (isRefused) return;
    setTimeout(() => this.#connect(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, LAST_RETRY_MS);
  }

  #send(text: string): void {
    if (this.#isOpen) this.#socket?.send(text);
    else this.#queue.push(text);
  }

  #lost(): ControlError {
    return disconnectionError(this.#disconnection ?? 'ended', 'the program behind this page is gone');
  }

  #listenersOf(event: string): readonly AnyListener[] {
    return [...(this.#listeners.get(event) ?? [])];
  }
}
