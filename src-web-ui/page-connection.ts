import type { RawData, WebSocket } from 'ws';
import { pageHelloSchema, pageRequestSchema, type WebMessage } from '../src-shared/bridge/web-messages.ts';
import type { ResponseOutcome } from '../src-shared/control/envelope.ts';
import { controlError } from '../src-shared/control/error.ts';
import type { HomeCables } from './home-cables.ts';

/** The page says hello as soon as it is connected; a connection that does not is no page of ours. */
const HELLO_TIMEOUT_MS = 5_000;

/** As many as a person can cause by clicking; beyond that something loops. */
const MAX_REQUESTS_IN_FLIGHT = 16;

/** What one page's connection needs of the server. */
export interface PageHost {
  /** Checks the greeting; hands back the session's key, or null to refuse. */
  readonly admit: (hello: { readonly token?: string; readonly session?: string }) => string | null;
  readonly version: string;
  readonly call: (method: string, params: unknown) => Promise<ResponseOutcome>;
  /** The cables of the virtual home that is played; null where none is. */
  readonly cables: HomeCables | null;
  /** The last word about an event, for a page that asks for it later than others; null if there is none yet. */
  readonly latest: (event: string) => WebMessage | null;
}

/** One page's WebSocket, from the greeting to the end. */
export class PageConnection {
  readonly #socket: WebSocket;
  readonly #host: PageHost;
  readonly #events = new Set<string>();
  /** The newest message of each event that a slow page has not been sent yet. */
  readonly #waiting = new Map<string, WebMessage>();
  readonly #helloDeadline: NodeJS.Timeout;
  #isAdmitted = false;
  #isSending = false;
  #requestsInFlight = 0;

  constructor(socket: WebSocket, host: PageHost) {
    this.#socket = socket;
    this.#host = host;
    this.#helloDeadline = setTimeout(() => socket.terminate(), HELLO_TIMEOUT_MS).unref();
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('close', () => clearTimeout(this.#helloDeadline));
    // A page that vanishes is ordinary; what follows is `close`.
    socket.on('error', () => undefined);
  }

  /** Tells the page about an event that it follows; a page that reads slowly gets the newest only. */
  publish(event: string, message: WebMessage): void {
    if (!this.#events.has(event)) return;
    if (this.#isSending) {
      this.#waiting.set(event, message);
      return;
    }
    this.#isSending = true;
    this.#socket.send(JSON.stringify(message), () => {
      this.#isSending = false;
      for (const [name, next] of [...this.#waiting]) {
        this.#waiting.delete(name);
        this.publish(name, next);
      }
    });
  }

  /** Tells the page how the cables are, if there are any. */
  tellCables(): void {
    const { cables } = this.#host;
    if (cables !== null && this.#isAdmitted) this.#send({ type: 'cables', cables: cables.all });
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const message = isBinary ? null : parseJson((data as Buffer).toString('utf8'));
    if (!this.#isAdmitted) {
      this.#onHello(message);
      return;
    }
    const request = pageRequestSchema.safeParse(message);
    if (!request.success) {
      this.#socket.close(BAD_MESSAGE, 'not a message of the window');
      return;
    }
    if (request.data.type === 'subscribe') {
      this.#events.add(request.data.event);
      const latest = this.#host.latest(request.data.event);
      if (latest !== null) this.publish(request.data.event, latest);
      return;
    }
    if (request.data.type === 'cable') {
      // Only a demo has cables; a page that asks elsewhere is not this version's.
      if (this.#host.cables === null) this.#socket.close(BAD_MESSAGE, 'there are no cables here');
      else this.#host.cables.set(request.data.link, request.data.condition);
      return;
    }
    void this.#answer(request.data.id, request.data.method, request.data.params);
  }

  #onHello(message: unknown): void {
    const hello = pageHelloSchema.safeParse(message);
    const { token, session } = hello.success ? hello.data : {};
    const key = this.#host.admit({
      ...(token === undefined ? {} : { token }),
      ...(session === undefined ? {} : { session }),
    });
    if (key === null) {
      const error = controlError(
        'NOT_PERMITTED',
        'this address has been used already, or belongs to an earlier run; open the address that bowline ui printed last',
      );
      this.#send({ type: 'refused', error });
      this.#socket.close(NOT_PERMITTED, 'not permitted');
      return;
    }
    clearTimeout(this.#helloDeadline);
    this.#isAdmitted = true;
    this.#send({ type: 'welcome', session: key, version: this.#host.version });
    this.tellCables();
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    if (this.#requestsInFlight >= MAX_REQUESTS_IN_FLIGHT) {
      const error = controlError(
        'BUSY',
        `more than ${MAX_REQUESTS_IN_FLIGHT} requests at once; wait for answers`,
      );
      this.#send({ type: 'response', id, outcome: { ok: false, error } });
      return;
    }
    this.#requestsInFlight += 1;
    const outcome = await this.#host.call(method, params);
    this.#requestsInFlight -= 1;
    this.#send({ type: 'response', id, outcome });
  }

  #send(message: WebMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** Close codes of our own begin at 4000. */
const BAD_MESSAGE = 4000;
const NOT_PERMITTED = 4001;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Judged like any other message that is none.
    return null;
  }
}
