import { setTimeout as sleep } from 'node:timers/promises';
import type { VirtualHome } from './home.ts';
import type { NodeName } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { ProbeProcess } from './probe-process.ts';
import type { ProbeName, RequestTable } from './probe-process.ts';
import type {
  ArrivalsInWindow,
  EchoClientRequests,
  EchoReport,
  EchoWindow,
  ReceivedInWindow,
  TcpClientRequests,
  TcpServerRequests,
  TransferPlan,
  TransferReport,
  UdpClientRequests,
  UdpEndRequests,
  UdpServerRequests,
  Window,
} from './probes/shared/requests.ts';

export type { EchoReport, EchoWindow, Silence, TransferReport, Window } from './probes/shared/requests.ts';

/** What runs between laptop and server; everything that is left out has a default. */
export interface TrafficOptions {
  readonly family?: 4 | 6;
  /** Whose traffic; default the laptop's. */
  readonly node?: 'laptop' | 'guest';
  /** Numbered stream, each direction; default 1,000 packets a second of 200 bytes, as a call. Null: none. */
  readonly stream?: { readonly packetsPerSecond: number; readonly sizeBytes: number } | null;
  /** Payload of download and upload, each; default 20 Mbit/s. Null: no transfers. */
  readonly transferBitsPerSecond?: number | null;
  /** Time between two requests of the echo session; default 50 ms. Null: none. */
  readonly echoIntervalMs?: number | null;
  /** The echo session counts as dead when an answer takes longer; default 10 s, as a person at a terminal would say. */
  readonly echoPatienceMs?: number;
  /** Longest time the traffic may run; the stream's books are laid out for it. Default 300 s. */
  readonly expectedSeconds?: number;
}

/** One direction of the numbered stream in a window: counts by when packets were sent, silences by when they came. */
export interface StreamWindow extends ReceivedInWindow, ArrivalsInWindow {
  readonly sent: number;
  /** Largest lateness of the sending process against its own plan. */
  readonly senderWorstLateMicros: number;
  readonly refused: number;
}

/** What one window did to everything that ran. Absent traffic is null. */
export interface TrafficWindow extends Window {
  readonly up: StreamWindow | null;
  readonly down: StreamWindow | null;
  /** Longest pause above 20 ms of each transfer at its receiving end, 0 if there was none. */
  readonly downloadStallMicros: number;
  readonly uploadStallMicros: number;
  readonly echo: EchoWindow | null;
}

/** One transfer from both ends. */
export interface TransferOutcome {
  readonly sender: TransferReport;
  readonly receiver: TransferReport;
  /** Every byte arrived, once and in order. */
  readonly isIntact: boolean;
  /** Why it failed, or null. */
  readonly error: string | null;
}

/** What became of all the traffic. */
export interface TrafficReport {
  readonly whole: TrafficWindow;
  readonly download: TransferOutcome | null;
  readonly upload: TransferOutcome | null;
  readonly echo: EchoReport | null;
  /** Source of the laptop's traffic as the server saw it. */
  readonly sourceAddress: string | null;
}

/**
 * The traffic of a working day between laptop and internet: a numbered stream both ways, a download, an upload and an
 * SSH-like session, each in its own processes. Dispose ends them all.
 */
export class Traffic implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStackLike();
  readonly #startedMicros = monotonicMicros();
  #udpClient: StreamEnd | null = null;
  #udpServer: (StreamEnd & ProbeProcess<UdpServerRequests>) | null = null;
  #tcpServer: ProbeProcess<TcpServerRequests> | null = null;
  #download: ProbeProcess<TcpClientRequests> | null = null;
  #upload: ProbeProcess<TcpClientRequests> | null = null;
  #echo: ProbeProcess<EchoClientRequests> | null = null;

  private constructor() {
    // Made by `start`, which is asynchronous.
  }

  /** Starts everything and settles when all of it flows. */
  static async start(home: VirtualHome, options: TrafficOptions = {}): Promise<Traffic> {
    const traffic = new Traffic();
    try {
      await traffic.#start(home, options);
    } catch (error) {
      await traffic[Symbol.asyncDispose]();
      throw new Error('start traffic', { cause: error });
    }
    return traffic;
  }

  /**
   * Tells what happened between two moments. Packets that are still on their way count as lost; ask some time after
   * the window ended.
   */
  async window(window: Window): Promise<TrafficWindow> {
    const [up, down, downloadStallMicros, uploadStallMicros, echo] = await Promise.all([
      this.#streamWindow('up', window),
      this.#streamWindow('down', window),
      this.#download?.ask('longestStall', window) ?? 0,
      this.#upload === null ? 0 : (this.#tcpServer?.ask('longestStall', { id: 'upload', ...window }) ?? 0),
      this.#echo?.ask('window', window) ?? null,
    ]);
    return { ...window, up, down, downloadStallMicros, uploadStallMicros, echo };
  }

  /**
   * Ends all traffic in order and tells what became of it.
   *
   * @param drainMs time for what is under way to arrive, after the senders have stopped. Once all of it is there, only
   *   what comes twice is waited for.
   */
  async finish(drainMs = 1000): Promise<TrafficReport> {
    await Promise.all([this.#udpClient?.ask('halt', null), this.#udpServer?.ask('halt', null)]);
    const untilMicros = monotonicMicros();
    const [download, upload, echo] = await Promise.all([
      this.#transferOutcome('download', this.#download, drainMs),
      this.#transferOutcome('upload', this.#upload, drainMs),
      this.#echo?.ask('finish', { timeoutMs: Math.max(drainMs, 2000) }) ?? null,
      this.#drain(untilMicros, drainMs),
    ]);
    const sourceAddress = (await this.#udpServer?.ask('source', null)) ?? null;
    const whole = await this.window({ fromMicros: this.#startedMicros, untilMicros });
    return { whole, download, upload, echo, sourceAddress };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.dispose();
  }

  /** Waits until every packet of the stream has come and none has come for a while, but no longer than `mostMs`. */
  async #drain(untilMicros: number, mostMs: number): Promise<void> {
    const whole = { fromMicros: this.#startedMicros, untilMicros };
    await sleep(Math.min(mostMs, DOUBLES_MS));
    for (let waitedMs = DOUBLES_MS; waitedMs < mostMs; waitedMs += DOUBLES_MS) {
      const [up, down] = await Promise.all([
        this.#streamWindow('up', whole),
        this.#streamWindow('down', whole),
      ]);
      if (up?.lost === 0 && down?.lost === 0) return;
      await sleep(Math.min(DOUBLES_MS, mostMs - waitedMs));
    }
  }

  async #start(home: VirtualHome, options: TrafficOptions): Promise<void> {
    const host = home.serverAddress(options.family ?? 4);
    const node = options.node ?? 'laptop';
    const stream = options.stream === undefined ? { packetsPerSecond: 1000, sizeBytes: 200 } : options.stream;
    const rate = options.transferBitsPerSecond === undefined ? 20_000_000 : options.transferBitsPerSecond;
    const echoIntervalMs = options.echoIntervalMs === undefined ? 50 : options.echoIntervalMs;
    const hasTcp = rate !== null || echoIntervalMs !== null;
    const probe = <Requests extends RequestTable>(
      isWanted: boolean,
      where: NodeName,
      name: ProbeName,
      isMeasuring: boolean,
    ): Promise<ProbeProcess<Requests>> | null =>
      isWanted ? this.#probe<Requests>(home, where, name, isMeasuring) : null;
    // All of them at once: starting a program takes longer than what is asked of it then.
    const [tcpServer, download, upload, echo, udpServer, udpClient] = await Promise.all([
      probe<TcpServerRequests>(hasTcp, 'net', 'tcp-server', false),
      probe<TcpClientRequests>(rate !== null, node, 'tcp-client', false),
      probe<TcpClientRequests>(rate !== null, node, 'tcp-client', false),
      probe<EchoClientRequests>(echoIntervalMs !== null, node, 'echo-client', true),
      probe<UdpServerRequests>(stream !== null, 'net', 'udp-server', true),
      probe<UdpClientRequests>(stream !== null, node, 'udp-client', true),
    ]);
    this.#tcpServer = tcpServer;
    const tcp = await tcpServer?.ask('listen', { port: 0 });
    if (tcp !== undefined && rate !== null) {
      const plan = { rateBitsPerSecond: rate, bytes: 0, hashes: true } satisfies Partial<TransferPlan>;
      const of = (id: 'download' | 'upload', seed: number): TransferPlan => ({ ...plan, id, kind: id, seed });
      await download?.ask('start', { host, port: tcp.port, plan: of('download', 1) });
      await upload?.ask('start', { host, port: tcp.port, plan: of('upload', 2) });
      this.#download = download;
      this.#upload = upload;
    }
    if (tcp !== undefined && echoIntervalMs !== null) {
      const patienceMs = options.echoPatienceMs ?? 10_000;
      await echo?.ask('start', { host, port: tcp.port, intervalMs: echoIntervalMs, patienceMs });
      this.#echo = echo;
    }
    if (stream !== null && udpServer !== null && udpClient !== null) {
      const { port } = await udpServer.ask('listen', { port: 0 });
      const expectedSeconds = options.expectedSeconds ?? 300;
      await udpClient.ask('start', { host, port, ...stream, expectedSeconds });
      this.#udpClient = udpClient;
      this.#udpServer = udpServer;
    }
  }

  async #probe<Requests extends RequestTable>(
    ...args: Parameters<typeof ProbeProcess.start>
  ): Promise<ProbeProcess<Requests>> {
    const probe = await ProbeProcess.start<Requests>(...args);
    this.#stack.use(probe);
    return probe;
  }

  async #streamWindow(direction: 'up' | 'down', window: Window): Promise<StreamWindow | null> {
    const [client, server] = [this.#udpClient, this.#udpServer];
    if (client === null || server === null) return null;
    const [sender, receiver] = direction === 'up' ? [client, server] : [server, client];
    const [numbers, arrivals] = await Promise.all([
      sender.ask('sent', window),
      receiver.ask('arrivals', window),
    ]);
    const counts = await receiver.ask('received', numbers);
    return {
      sent: numbers.end - numbers.first,
      senderWorstLateMicros: numbers.worstLateMicros,
      refused: numbers.refused,
      ...counts,
      ...arrivals,
    };
  }

  async #transferOutcome(
    id: 'download' | 'upload',
    client: ProbeProcess<TcpClientRequests> | null,
    drainMs: number,
  ): Promise<TransferOutcome | null> {
    if (client === null || this.#tcpServer === null) return null;
    const clientReport = await client.ask('finish', { timeoutMs: Math.max(drainMs, MOST_TRANSFER_TAIL_MS) });
    const serverReport = await this.#tcpServer.ask('report', { id });
    const [sender, receiver] =
      id === 'download' ? [serverReport, clientReport] : [clientReport, serverReport];
    return judgeTransfer(sender, receiver);
  }
}

/** What both ends of the numbered stream answer. */
interface StreamEnd {
  ask<Name extends keyof UdpEndRequests>(
    method: Name,
    params: UdpEndRequests[Name]['params'],
  ): Promise<UdpEndRequests[Name]['result']>;
}

/** Compares both ends of a finished transfer. */
export function judgeTransfer(sender: TransferReport, receiver: TransferReport): TransferOutcome {
  const isIntact = sender.bytes === receiver.bytes && sender.sha256 === receiver.sha256 && receiver.bytes > 0;
  const broken = receiver.error ?? sender.error;
  const error =
    broken ?? (isIntact ? null : `${sender.bytes} bytes sent, ${receiver.bytes} received, hashes differ`);
  return { sender, receiver, isIntact, error };
}

/** Copies of a packet are sent within some round trips, each of a millisecond or less. */
const DOUBLES_MS = 1000;

/** A rate-limited transfer has little under way; what takes longer than this is a stuck connection. */
const MOST_TRANSFER_TAIL_MS = 10_000;

/** Ends what was started, last first. */
class AsyncDisposableStackLike {
  readonly #resources: AsyncDisposable[] = [];

  use(resource: AsyncDisposable): void {
    this.#resources.push(resource);
  }

  async dispose(): Promise<void> {
    for (const resource of this.#resources.splice(0).reverse()) await resource[Symbol.asyncDispose]();
  }
}
