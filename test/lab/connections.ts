import type { VirtualHome } from './home.ts';
import { monotonicMicros } from './monotonic.ts';
import { ProbeProcess } from './probe-process.ts';
import type { TcpClientRequests, TcpServerRequests } from './probes/shared/requests.ts';

/** A new connection as both ends saw it. */
export interface OpenedConnection {
  /** The laptop's address as the server sees it: the box's, the router's or what NAT made of it. */
  readonly source: string;
  /** From the wish until the connection stood and its first bytes had arrived. */
  readonly tookMicros: number;
}

/** Opens new plain TCP connections to the internet server, each for a few bytes. Dispose ends client and server. */
export class NewConnections implements AsyncDisposable {
  readonly #home: VirtualHome;
  readonly #server: ProbeProcess<TcpServerRequests>;
  readonly #client: ProbeProcess<TcpClientRequests>;
  readonly #port: number;
  #count = 0;

  private constructor(
    home: VirtualHome,
    server: ProbeProcess<TcpServerRequests>,
    client: ProbeProcess<TcpClientRequests>,
    port: number,
  ) {
    this.#home = home;
    this.#server = server;
    this.#client = client;
    this.#port = port;
  }

  /** Starts both programs beforehand, so that their start is no part of what is measured. */
  static async prepare(home: VirtualHome, node: 'laptop' | 'guest' = 'laptop'): Promise<NewConnections> {
    const server = await ProbeProcess.start<TcpServerRequests>(home, 'net', 'tcp-server', false);
    const { port } = await server.ask('listen', { port: 0 });
    const client = await ProbeProcess.start<TcpClientRequests>(home, node, 'tcp-client', false);
    return new NewConnections(home, server, client, port);
  }

  /** Opens one and tells where it came from. Rejects with the kernel's error when it cannot be opened. */
  async open(family: 4 | 6 = 4): Promise<OpenedConnection> {
    const id = `connection ${this.#count++}`;
    const startedMicros = monotonicMicros();
    await this.#client.ask('start', {
      host: this.#home.serverAddress(family),
      port: this.#port,
      plan: { id, kind: 'upload', seed: 1, rateBitsPerSecond: 0, bytes: FEW_BYTES, hashes: false },
    });
    await this.#client.ask('finish', { timeoutMs: 5000 });
    const tookMicros = monotonicMicros() - startedMicros;
    return { source: await this.#server.ask('source', { id }), tookMicros };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** One segment. */
const FEW_BYTES = 1000;
