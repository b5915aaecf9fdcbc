import { BOX_WAN } from '../home-plan.ts';
import { SERVER_ADDRESS } from './bench-home.ts';
import type { BenchHome } from './bench-home.ts';
import type { DatagramPlan, DatagramResult } from './datagrams.ts';
import { pause } from './machine.ts';
import type { Machine, Service } from './machine.ts';
import { costsBetween, readCosts } from './process-costs.ts';
import type { EndCosts, TunnelProcesses } from './process-costs.ts';

/** One stream between a laptop and the internet server. */
export interface IperfPlan {
  /** `up` is from the laptop. */
  readonly direction: 'up' | 'down';
  readonly seconds: number;
  /** Runs before that and is not counted. */
  readonly warmUpSeconds: number;
  /** A pace for TCP; absent: as fast as it goes. */
  readonly bitsPerSecond?: number;
  /** Absent: one. */
  readonly streams?: number;
  /** Absent: CUBIC, so that every contender has the same, whatever the machine prefers. */
  readonly congestionControl?: CongestionControl;
  /** Lets both programs speak MPTCP. */
  readonly isMultipath?: boolean;
}

/** How the sender inside finds its rate. */
export type CongestionControl = 'cubic' | 'bbr';

/** What arrived of one stream, and what the tunnel's processes used for it. */
export interface IperfResult {
  /** Payload that arrived. */
  readonly bitsPerSecond: number;
  readonly costs: EndCosts;
}

/**
 * Runs one stream with a server of its own.
 *
 * @throws Error when it fails, hangs, or went another way than through the box.
 */
export async function runIperf(
  bench: BenchHome,
  laptop: Machine,
  processes: TunnelProcesses,
  plan: IperfPlan,
  signal: AbortSignal,
): Promise<IperfResult> {
  const program = plan.isMultipath === true ? MULTIPATH_IPERF : IPERF;
  const run = await runPair(bench, laptop, processes, program, streamArgs(plan), plan, signal);
  const source = /Accepted connection from ([^,\s]+)/.exec(run.serverOutput)?.[1];
  const bitsPerSecond = receivedBitsPerSecond(run.clientOutput);
  if (source !== BOX_WAN.v4) throw new Error(`the stream came from ${source}, not through the box`);
  return { bitsPerSecond, costs: run.costs };
}

/**
 * Sends datagrams from the laptop by iperf3 to iperf3, which make several system calls for each: programs that send
 * and receive so are what a tunnel shares a machine with.
 *
 * @throws Error when it fails, hangs, went another way than through the box, or no datagram arrives.
 */
export async function runIperfDatagrams(
  bench: BenchHome,
  processes: TunnelProcesses,
  plan: DatagramPlan,
  seconds: number,
  signal: AbortSignal,
): Promise<DatagramResult> {
  const times = { seconds, warmUpSeconds: 0 };
  const run = await runPair(bench, bench.laptop, processes, IPERF, datagramArgs(plan), times, signal);
  // The connection that it is negotiated over may go another way than the datagrams: their own line counts.
  const source = /\blocal \S+ port \d+ connected to (\S+) port/.exec(run.serverOutput)?.[1];
  const rates = datagramRates(run.clientOutput);
  if (source !== BOX_WAN.v4) throw new Error(`the datagrams came from ${source}, not through the box`);
  if (rates.arrivedPerSecond === 0) throw new Error('no datagram reached the server through the box');
  return { ...rates, costs: run.costs };
}

/**
 * Reads how many datagrams a second iperf3's client sent and its server received.
 *
 * @param text what the client printed with `-J`.
 * @throws Error in iperf3's words when it failed.
 */
export function datagramRates(text: string): Omit<DatagramResult, 'costs'> {
  const { sum_sent: sent, sum_received: received } = parseReport(text).end;
  if (sent?.packets === undefined || received?.packets === undefined) {
    throw new Error('iperf3: no result');
  }
  // What the server calls packets is the highest number it saw, so that what is lost after that one is in neither.
  const arrived = received.packets - (received.lost_packets ?? 0);
  return { sentPerSecond: sent.packets / sent.seconds, arrivedPerSecond: arrived / sent.seconds };
}

interface PairRun {
  /** The client's report in JSON. */
  readonly clientOutput: string;
  readonly serverOutput: string;
  readonly costs: EndCosts;
}

/** Runs a server on the internet and a client on a laptop to their ends. */
async function runPair(
  bench: BenchHome,
  laptop: Machine,
  processes: TunnelProcesses,
  program: readonly [string, ...string[]],
  args: readonly string[],
  { seconds, warmUpSeconds }: Pick<IperfPlan, 'seconds' | 'warmUpSeconds'>,
  signal: AbortSignal,
): Promise<PairRun> {
  const port = String(nextPort++);
  const [file, ...first] = program;
  const server = bench.net.start(file, [...first, '-s', '-1', '-p', port, '--forceflush']);
  let client: Service | null = null;
  try {
    await server.waitForOutput(/Server listening/, START_MS, signal);
    const common = [
      '-c',
      SERVER_ADDRESS,
      '-p',
      port,
      '-J',
      '-t',
      String(seconds),
      '--connect-timeout',
      '3000',
    ];
    client = laptop.start(file, [...first, ...common, ...args]);
    const beginMs = Math.max(warmUpSeconds * 1000, SETTLE_MS);
    await pause(beginMs, signal);
    const before = readCosts(processes);
    await pause((warmUpSeconds + seconds) * 1000 - beginMs - SETTLE_MS, signal);
    const after = readCosts(processes);
    await waitForEnd(client, signal);
    return {
      clientOutput: client.output,
      serverOutput: server.output,
      costs: costsBetween(before, after),
    };
  } finally {
    await client?.stop();
    await server.stop();
  }
}

const IPERF = ['iperf3'] as const;
const MULTIPATH_IPERF = ['mptcpize', 'run', 'iperf3'] as const;

/** A port of its own for every stream: the one before may still hold its own. */
let nextPort = 5300;

const START_MS = 5000;
/** Connections are set up at the beginning and closed at the end: this much of either is left out of the costs. */
const SETTLE_MS = 250;
/** A stream that is this late hangs. */
const MOST_LATE_MS = 8000;

/** About a millisecond at 100 Mbit/s: larger writes would come in bursts as no line of that rate brings them. */
const PACED_WRITE_BYTES = '12500';

function streamArgs(plan: IperfPlan): string[] {
  const args: string[] = [];
  if (plan.warmUpSeconds > 0) args.push('-O', String(plan.warmUpSeconds));
  if (plan.direction === 'down') args.push('-R');
  args.push('-C', plan.congestionControl ?? 'cubic');
  if (plan.streams !== undefined) args.push('-P', String(plan.streams));
  if (plan.bitsPerSecond !== undefined) args.push('-b', String(plan.bitsPerSecond), '-l', PACED_WRITE_BYTES);
  return args;
}

function datagramArgs({ payloadBytes, packetsPerSecond }: DatagramPlan): string[] {
  return ['-u', '-l', String(payloadBytes), '-b', String(payloadBytes * 8 * packetsPerSecond)];
}

async function waitForEnd(client: Service, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + MOST_LATE_MS;
  while (!(await client.waitForEnd(ABORT_CHECK_MS))) {
    signal.throwIfAborted();
    if (performance.now() > deadline) throw new Error('the stream did not end');
  }
}

const ABORT_CHECK_MS = 200;

interface Report {
  readonly error?: string;
  readonly end: { readonly sum_sent?: Total; readonly sum_received?: Total };
}

interface Total {
  readonly seconds: number;
  readonly bits_per_second: number;
  /** Of datagrams alone. */
  readonly packets?: number;
  readonly lost_packets?: number;
}

function receivedBitsPerSecond(text: string): number {
  const received = parseReport(text).end.sum_received;
  if (received === undefined) throw new Error('iperf3: no result');
  return received.bits_per_second;
}

function parseReport(text: string): Report {
  let report: Report;
  try {
    report = JSON.parse(text) as Report;
  } catch (error) {
    throw new Error(`iperf3 said ${text.slice(0, 200) || 'nothing'}`, { cause: error });
  }
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return report;
}
