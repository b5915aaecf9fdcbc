import { BOX_WAN } from '../../home-plan.ts';
import { compileProgram } from '../../compile.ts';
import { SERVER_ADDRESS } from '../bench-home.ts';
import type { BenchHome } from '../bench-home.ts';
import type { Service } from '../machine.ts';

/** TCP streams between the laptop and the internet server, as fast as they go. */
export interface BulkPlan {
  /** `up` is from the laptop. */
  readonly direction: 'up' | 'down';
  readonly streams: number;
  readonly seconds: number;
}

/** What arrived of every stream, in bins. */
export interface BulkResult {
  /** When the first bin begins, of the lab's one clock. */
  readonly beganMicros: number;
  readonly binMicros: number;
  /** Bytes of each bin, stream by stream; a stream's last bins may be missing. */
  readonly flows: readonly (readonly number[])[];
}

interface EndReport extends BulkResult {
  /** Address of the other end of every stream. */
  readonly peers: readonly string[];
}

/** Streams that run until their time is over; the owner waits for them or stops them. */
export interface RunningBulk {
  /** Waits for the end. Rejects when they fail, hang, or went another way than through the box. */
  result(): Promise<BulkResult>;
  /** Ends what still runs. */
  stop(): Promise<void>;
}

/** Starts streams with CUBIC inside; settles when the program that connects them has been started. */
export async function startBulk(
  bench: BenchHome,
  { direction, streams, seconds }: BulkPlan,
  signal: AbortSignal,
): Promise<RunningBulk> {
  const program = await compileProgram('bench/manners/tcp-bulk.cc');
  const [laptopRole, serverRole] = direction === 'up' ? ['send', 'receive'] : ['receive', 'send'];
  const server = bench.net.start(program, ['serve', String(streams), serverRole ?? '', 'cubic']);
  let client: Service | null = null;
  const stop = async (): Promise<void> => {
    await client?.stop();
    await server.stop();
  };
  try {
    const port = (await server.waitForOutput(/port (\d+)/, START_MS, signal))[1] ?? '';
    const target = [SERVER_ADDRESS, port, String(seconds)];
    client = bench.laptop.start(program, ['connect', String(streams), laptopRole ?? '', 'cubic', ...target]);
  } catch (error) {
    await stop();
    throw error;
  }
  const laptopEnd = client;
  return {
    result: async () => {
      const mostMs = seconds * 1000 + MOST_LATE_MS;
      const [atLaptop, atServer] = await Promise.all(
        [laptopEnd, server].map(
          async (end) => JSON.parse((await end.waitForOutput(/^\{.*\}$/m, mostMs, signal))[0]) as EndReport,
        ),
      );
      const stray = atServer?.peers.find((peer) => peer !== BOX_WAN.v4);
      if (stray !== undefined) throw new Error(`a stream came from ${stray}, not through the box`);
      const report = direction === 'up' ? atServer : atLaptop;
      if (report === undefined) throw new Error('no report of the streams');
      return report;
    },
    stop,
  };
}

/** Runs streams while something else is measured, which begins when they have found their rate. */
export async function besideBulk<Result>(
  bench: BenchHome,
  plan: BulkPlan & { readonly warmUpSeconds: number },
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly bulk: BulkResult }> {
  const bulk = await startBulk(bench, { ...plan, seconds: plan.seconds + plan.warmUpSeconds }, signal);
  try {
    await new Promise((resolve) => setTimeout(resolve, plan.warmUpSeconds * 1000));
    const result = await work();
    return { result, bulk: await bulk.result() };
  } finally {
    await bulk.stop();
  }
}

/** Tells the bytes of one stream between two moments, each rounded to the nearest border of bins. */
export function bytesBetween(
  { beganMicros, binMicros }: Omit<BulkResult, 'flows'>,
  flow: readonly number[],
  fromMicros: number,
  untilMicros: number,
): number {
  const first = Math.max(0, Math.round((fromMicros - beganMicros) / binMicros));
  const end = Math.max(first, Math.round((untilMicros - beganMicros) / binMicros));
  return flow.slice(first, end).reduce((sum, bytes) => sum + bytes, 0);
}

/** Tells what all streams carried in a time from their first byte on, in bits a second. */
export function bulkRate(bulk: BulkResult, warmUpSeconds: number, seconds: number): number {
  const fromMicros = firstByteMicros(bulk) + warmUpSeconds * 1e6;
  const bytes = bulk.flows.reduce(
    (sum, flow) => sum + bytesBetween(bulk, flow, fromMicros, fromMicros + seconds * 1e6),
    0,
  );
  return (bytes * 8) / seconds;
}

/** Tells when the first byte of any stream came. */
export function firstByteMicros({ flows, beganMicros, binMicros }: BulkResult): number {
  const firsts = flows.map((flow) => flow.findIndex((bytes) => bytes > 0)).filter((index) => index >= 0);
  if (firsts.length === 0) throw new Error('no byte of any stream arrived');
  return beganMicros + Math.min(...firsts) * binMicros;
}

const START_MS = 5000;
/** Streams that are this late hang. */
const MOST_LATE_MS = 8000;
