import type {
  Contract,
  EventName,
  EventPayload,
  MethodName,
  MethodParams,
  MethodResult,
} from '../src-shared/control/contract.ts';
import { controlError, type ControlError } from '../src-shared/control/error.ts';
import { err, type Result } from '../src-shared/util/result.ts';
import { ControlConnection, type ConnectOptions } from './connection.ts';

/** First wait after a lost connection: a restarted daemon listens again within about this time. */
const FIRST_RETRY_MS = 250;

/** Longest wait: a window that shows "not running" should notice the start of the daemon within seconds. */
const LAST_RETRY_MS = 4_000;

/** What a subscriber learns: payloads, and when there is nobody to send any. */
export interface SubscriptionListener<Payload> {
  readonly onEvent: (payload: Payload) => void;
  /** The connection is gone or was never there; the client goes on trying. */
  readonly onUnreachable: (error: ControlError) => void;
}

/** Stops a subscription. */
export interface Subscription {
  stop(): void;
}

/**
 * Talks to a control server and comes back by itself. Calls use one shared connection and fail at once while there
 * is none; subscriptions reconnect with a growing pause and begin each time with a snapshot.
 */
export class ControlClient<C extends Contract> {
  readonly #options: ConnectOptions<C>;
  readonly #subscriptions = new Set<{ stop(): void }>();
  #shared: Promise<Result<ControlConnection<C>, ControlError>> | null = null;
  #isClosed = false;

  constructor(options: ConnectOptions<C>) {
    this.#options = options;
  }

  /** Calls a method, connecting first where needed. Never rejects. */
  async call<M extends MethodName<C>>(
    method: M,
    params: MethodParams<C, M>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Result<MethodResult<C, M>, ControlError>> {
    const connection = await this.#connection();
    return connection.ok ? connection.value.call(method, params, options) : connection;
  }

  /** Follows an event until stopped, over any number of connections. */
  subscribe<E extends EventName<C>>(
    event: E,
    listener: SubscriptionListener<EventPayload<C, E>>,
  ): Subscription {
    let isStopped = false;
    let retry: NodeJS.Timeout | null = null;
    let connection: ControlConnection<C> | null = null;
    let delayMs = FIRST_RETRY_MS;

    const onLost = (error: ControlError): void => {
      if (isStopped) return;
      connection = null;
      listener.onUnreachable(error);
      retry = setTimeout(connect, delayMs);
      delayMs = Math.min(delayMs * 2, LAST_RETRY_MS);
    };
    const connect = (): void => {
      void ControlConnection.open(this.#options).then((opened) => {
        if (!opened.ok) {
          onLost(opened.error);
          return;
        }
        if (isStopped) {
          opened.value.close();
          return;
        }
        connection = opened.value;
        opened.value.onClosed(onLost);
        void opened.value
          .subscribe(event, (payload) => {
            delayMs = FIRST_RETRY_MS;
            if (!isStopped) listener.onEvent(payload);
          })
          .then((answer) => {
            if (!answer.ok) opened.value.close();
          });
      });
    };
    const subscription: Subscription = {
      stop: () => {
        isStopped = true;
        if (retry !== null) clearTimeout(retry);
        connection?.close();
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    connect();
    return subscription;
  }

  /** Ends all connections and subscriptions; later calls fail. May be called twice. */
  close(): void {
    this.#isClosed = true;
    for (const subscription of [...this.#subscriptions]) subscription.stop();
    void this.#shared?.then((connection) => {
      if (connection.ok) connection.value.close();
    });
    this.#shared = null;
  }

  #connection(): Promise<Result<ControlConnection<C>, ControlError>> {
    if (this.#isClosed) return Promise.resolve(err(controlError('CONNECTION_LOST', 'the client was closed')));
    if (this.#shared !== null) return this.#shared;
    const attempt = ControlConnection.open(this.#options).then((opened) => {
      const forget = (): void => {
        if (this.#shared === attempt) this.#shared = null;
      };
      if (opened.ok) opened.value.onClosed(forget);
      else forget();
      return opened;
    });
    this.#shared = attempt;
    return attempt;
  }
}
