import { join } from 'node:path';
import { projectDir } from '../../programs.ts';
import { SERVER_ADDRESS } from '../bench-home.ts';
import type { BenchHome } from '../bench-home.ts';
import { percentile } from '../statistics.ts';

/** When one packet was sent, when it came to the server and when the answer was back; null if none came back. */
export type PacketTimes = readonly [sentMicros: number, thereMicros: number, backMicros: number] | null;

/** Numbered packets to the server, each of which is answered. */
export interface PacketPlan {
  readonly packetsPerSecond: number;
  readonly payloadBytes: number;
  readonly seconds: number;
}

/** As a call has them: a packet each 20 ms. */
export const CALL = { packetsPerSecond: 50, payloadBytes: 200 } as const;

/** Sends packets at a steady rate and tells what became of each, in their order. */
export async function sendPackets(
  bench: BenchHome,
  { packetsPerSecond, payloadBytes, seconds }: PacketPlan,
  signal: AbortSignal,
): Promise<readonly PacketTimes[]> {
  const probe = [process.execPath, join(projectDir(), 'dist/lab/probes/packet-delays.js')];
  // At real-time priority: a probe that waits for the processor would tell its own waiting.
  const server = bench.net.start('chrt', ['--rr', '1', ...probe, 'serve']);
  try {
    const port = (await server.waitForOutput(/port (\d+)/, START_MS, signal))[1] ?? '';
    const numbers = [seconds * packetsPerSecond, 1000 / packetsPerSecond, payloadBytes].map(String);
    const client = bench.laptop.start('chrt', [
      '--rr',
      '1',
      ...probe,
      'measure',
      SERVER_ADDRESS,
      port,
      ...numbers,
    ]);
    try {
      const [, list = '[]'] = await client.waitForOutput(
        /^(\[.*\])$/m,
        seconds * 1000 + MOST_LATE_MS,
        signal,
      );
      return JSON.parse(list) as readonly PacketTimes[];
    } finally {
      await client.stop();
    }
  } finally {
    await server.stop();
  }
}

/** Which part of a packet's way. */
export type Way = 'up' | 'down' | 'round';

/** Tells each packet's time on a way in milliseconds; one that was never answered took for ever. */
export function delaysMs(packets: readonly PacketTimes[], way: Way): number[] {
  return packets.map((times) => {
    if (times === null) return Infinity;
    const [sent, there, back] = times;
    return ((way === 'up' ? there : back) - (way === 'down' ? there : sent)) / 1000;
  });
}

/** Tells the delay that a share of the packets stays below, in milliseconds. */
export function delayPercentileMs(packets: readonly PacketTimes[], way: Way, share: number): number {
  // What was lost counts as late as the probe waited, so that figures stay numbers.
  return Math.min(LOST_MS, percentile(delaysMs(packets, way), share));
}

const LOST_MS = 1000;
const START_MS = 5000;
/** The probe waits a second for what is late, and has to start. */
const MOST_LATE_MS = 8000;
