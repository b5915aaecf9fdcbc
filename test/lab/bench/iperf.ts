import { BOX_WAN } from '../home-plan.ts';
import { SERVER_ADDRESS } from './bench-home.ts';
import type { BenchHome } from './bench-home.ts';
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
}

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
  const port = String(nextPort++);
  const server = bench.net.start('iperf3', ['-s', '-1', '-p', port, '--forceflush']);
  let client: Service | null = null;
  try {
    await server.waitForOutput(/Server listening/, START_MS, signal);
    client = laptop.start('iperf3', clientArgs(port, plan));
    await pause(Math.max(plan.warmUpSeconds * 1000, SETTLE_MS), signal);
    const before = readCosts(processes);
    const countedMs =
      (plan.warmUpSeconds + plan.seconds) * 1000 - Math.max(plan.warmUpSeconds * 1000, SETTLE_MS);
    await pause(countedMs - SETTLE_MS, signal);
    const after = readCosts(processes);
    await waitForEnd(client, signal);
    const source = /Accepted connection from ([^,\s]+)/.exec(server.output)?.[1];
    const bitsPerSecond = receivedBitsPerSecond(client.output);
    if (source !== BOX_WAN.v4) throw new Error(`the stream came from ${source}, not through the box`);
    return { bitsPerSecond, costs: costsBetween(before, after) };
  } finally {
    await client?.stop();
    await server.stop();
  }
}

/** A port of its own for every stream: the one before may still hold its own. */
let nextPort = 5300;

const START_MS = 5000;
/** Connections are set up at the beginning and closed at the end: this much of either is left out of the costs. */
const SETTLE_MS = 250;
/** A stream that is this late hangs. */
const MOST_LATE_MS = 8000;

/** About a millisecond at 100 Mbit/s: larger writes would come in bursts as no line of that rate brings them. */
const PACED_WRITE_BYTES = '12500';

function clientArgs(port: string, plan: IperfPlan): string[] {
  const args = [
    '-c',
    SERVER_ADDRESS,
    '-p',
    port,
    '-J',
    '-t',
    String(plan.seconds),
    '--connect-timeout',
    '3000',
  ];
  if (plan.warmUpSeconds > 0) args.push('-O', String(plan.warmUpSeconds));
  if (plan.direction === 'down') args.push('-R');
  // One congestion control for every stream, whatever the machine prefers.
  args.push('-C', 'cubic');
  if (plan.bitsPerSecond !== undefined) args.push('-b', String(plan.bitsPerSecond), '-l', PACED_WRITE_BYTES);
  return args;
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
  readonly end: { readonly sum_received?: { readonly bits_per_second: number } };
}

function receivedBitsPerSecond(text: string): number {
  let report: Report;
  try {
    report = JSON.parse(text) as Report;
  } catch (error) {
    throw new Error(`iperf3 said ${text.slice(0, 200) || 'nothing'}`, { cause: error });
  }
  const received = report.end.sum_received;
  if (report.error !== undefined || received === undefined) {
    throw new Error(`iperf3: ${report.error ?? 'no result'}`);
  }
  return received.bits_per_second;
}
