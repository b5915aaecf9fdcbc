import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ControlClient, type Subscription } from '../src-control/index.ts';
import type { BridgeMethod } from '../src-shared/bridge/bridge.ts';
import { callTimeoutMs } from '../src-shared/bridge/call-timeout.ts';
import type { WebMessage } from '../src-shared/bridge/web-messages.ts';
import type { ResponseOutcome } from '../src-shared/control/envelope.ts';
import { controlError } from '../src-shared/control/error.ts';
import { daemonContract, type DaemonContract } from '../src-shared/control/contract.ts';
import type { HomeCables } from './home-cables.ts';
import { PageConnection } from './page-connection.ts';
import { Sessions } from './sessions.ts';
import { readWindowFiles, type WindowFile } from './window-files.ts';

/** Only this machine reaches it. */
const HOST = '127.0.0.1';

/** Where the page opens its WebSocket. */
const SOCKET_PATH = '/bridge';

/** More than a person's windows; beyond that something loops. */
const MAX_PAGES = 32;

/** The longest message of a page is a few hundred bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** What the window's server needs. */
export interface WindowServerOptions {
  /** The built window. */
  readonly windowDir: string;
  /** The daemon's control socket. */
  readonly socketPath: string;
  readonly version: string;
  /** 0 for any free port. */
  readonly port: number;
  /** The cables of a virtual home, for its demo alone; without them pages cannot pull any. */
  readonly cables?: HomeCables;
  /** Called when an address was used up, with the one that opens the next window. */
  readonly onAddressUsed: (nextAddress: string) => void;
}

/**
 * Serves the window to browsers on this machine and forwards the contract between each page and the daemon.
 *
 * A page gets in by a token that is used up at once. Requests under another name than ours (DNS rebinding) and
 * connections from pages of other origins are refused; nothing may be cached, framed or sent elsewhere.
 */
export class WindowServer {
  readonly #options: WindowServerOptions;
  readonly #files: ReadonlyMap<string, WindowFile>;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Sessions();
  readonly #client: ControlClient<DaemonContract>;
  readonly #pages = new Set<PageConnection>();
  readonly #latest = new Map<string, WebMessage>();
  #subscription: Subscription | null = null;

  private constructor(options: WindowServerOptions) {
    this.#options = options;
    this.#files = readWindowFiles(options.windowDir);
    this.#http = createServer((request, response) => this.#onRequest(request, response));
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    options.cables?.onChange(() => {
      for (const page of this.#pages) page.tellCables();
    });
    this.#http.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#client = new ControlClient({
      contract: daemonContract,
      socketPath: options.socketPath,
      programVersion: options.version,
    });
  }

  /**
   * Opens the port.
   *
   * @throws Error with the code of the system, such as EADDRINUSE, or if the window was not built
   */
  static async listen(options: WindowServerOptions): Promise<WindowServer> {
    const server = new WindowServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#http.once('error', reject);
      server.#http.listen(options.port, HOST, () => {
        server.#http.off('error', reject);
        resolve();
      });
    });
    return server;
  }

  /** The address that opens the next window. Its token is behind the #, which browsers keep to themselves. */
  get address(): string {
    return `http://${this.#authority}/#${this.#sessions.token}`;
  }

  /** Ends all windows' connections and closes the port. */
  async close(): Promise<void> {
    this.#subscription?.stop();
    this.#client.close();
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  get #authority(): string {
    return `${HOST}:${(this.#http.address() as AddressInfo).port}`;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const refuse = (status: number, text: string): void => {
      response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${text}\n`);
    };
    if (!this.#isForUs(request)) return refuse(421, 'This is not the address of the window.');
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'Only for reading.');
    const file = this.#files.get((request.url ?? '/').split('?')[0] ?? '/');
    if (file === undefined) return refuse(404, 'There is no such file.');
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-security-policy': contentSecurityPolicy(this.#authority),
      'content-type': file.contentType,
      'content-length': file.body.length,
    });
    response.end(request.method === 'HEAD' ? undefined : file.body);
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const isOurs =
      this.#isForUs(request) &&
      request.url === SOCKET_PATH &&
      request.headers.origin === `http://${this.#authority}` &&
      this.#pages.size < MAX_PAGES;
    if (!isOurs) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const page = new PageConnection(webSocket, {
        admit: (hello) => this.#admit(hello),
        version: this.#options.version,
        call: (method, params) => this.#call(method, params),
        cables: this.#options.cables ?? null,
        latest: (event) => this.#follow(event),
      });
      this.#pages.add(page);
      webSocket.once('close', () => this.#pages.delete(page));
    });
  }

  /** A page of another site that has made its name point here still sends that name. */
  #isForUs({ headers }: IncomingMessage): boolean {
    return headers.host === this.#authority;
  }

  #admit({ token, session }: { readonly token?: string; readonly session?: string }): string | null {
    if (session !== undefined && this.#sessions.isOpen(session)) return session;
    const key = token === undefined ? null : this.#sessions.open(token);
    if (key !== null) this.#options.onAddressUsed(this.address);
    return key;
  }

  async #call(method: string, params: unknown): Promise<ResponseOutcome> {
    if (!isMethod(method)) {
      return { ok: false, error: controlError('UNKNOWN_METHOD', `unknown method ${method}`) };
    }
    const parsed = daemonContract.methods[method].params.safeParse(params);
    if (!parsed.success) {
      return { ok: false, error: controlError('INVALID_PARAMS', `${method}: invalid parameters`) };
    }
    const answer = await this.#client.call(method, parsed.data, { timeoutMs: callTimeoutMs(method) });
    return answer.ok ? { ok: true, result: answer.value } : { ok: false, error: answer.error };
  }

  /** One subscription serves all pages: it begins with the first of them and stays. */
  #follow(event: string): WebMessage | null {
    if (event !== 'status.changed') return null;
    this.#subscription ??= this.#client.subscribe(event, {
      onEvent: (payload) => this.#publish(event, { type: 'event', event, payload }),
      onUnreachable: (error) => this.#publish(event, { type: 'unreachable', event, error }),
    });
    return this.#latest.get(event) ?? null;
  }

  #publish(event: string, message: WebMessage): void {
    this.#latest.set(event, message);
    for (const page of this.#pages) page.publish(event, message);
  }
}

function isMethod(method: string): method is BridgeMethod {
  return method !== 'status.subscribe' && Object.hasOwn(daemonContract.methods, method);
}

const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** The page runs what came from here and talks to here; styles and scripts in the page itself are refused. */
function contentSecurityPolicy(authority: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ws://${authority}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
