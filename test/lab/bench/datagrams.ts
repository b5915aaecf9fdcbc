import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BOX_WAN } from '../home-plan.ts';
import { projectDir, runProgram } from '../programs.ts';
import { SERVER_ADDRESS } from './bench-home.ts';
import type { BenchHome } from './bench-home.ts';
import { CleanUp } from './clean-up.ts';
import { pause } from './machine.ts';
import { costsBetween, readCosts } from './process-costs.ts';
import type { EndCosts, TunnelProcesses } from './process-costs.ts';

/** Datagrams from the laptop to the internet server. */
export interface DatagramPlan {
  readonly payloadBytes: number;
  readonly packetsPerSecond: number;
}

/** What became of them. */
export interface DatagramResult {
  /** What the sender got out of its processor; below the plan on a machine that is too slow for it. */
  readonly sentPerSecond: number;
  readonly arrivedPerSecond: number;
  readonly costs: EndCosts;
}

/**
 * Sends datagrams and counts those that reach the server through the box.
 *
 * They are counted by the server's firewall and dropped there: a program that received them would take as much of
 * the processor as the tunnel.
 *
 * @throws Error when none arrives.
 */
export async function sendDatagrams(
  bench: BenchHome,
  processes: TunnelProcesses,
  plan: DatagramPlan,
  seconds: number,
  signal: AbortSignal,
): Promise<DatagramResult> {
  const cleanUp = new CleanUp();
  try {
    const program = await compileSource();
    await bench.net.run('nft', ['-f', '-'], COUNTER_RULESET);
    cleanUp.add(() => bench.net.run('nft', ['delete', 'table', 'ip', 'bench_count']));
    const numbers = [PORT, plan.payloadBytes, plan.packetsPerSecond, seconds].map(String);
    const source = bench.laptop.start(program, [SERVER_ADDRESS, ...numbers]);
    cleanUp.add(() => source.stop());
    await pause(SETTLE_MS, signal);
    const before = readCosts(processes);
    await pause(seconds * 1000 - 2 * SETTLE_MS, signal);
    const after = readCosts(processes);
    const [line] = await source.waitForOutput(/^\{.*\}$/m, MOST_LATE_MS, signal);
    await pause(DRAIN_MS, signal);
    const sent = JSON.parse(line) as { readonly sent: number; readonly seconds: number };
    const arrived = await countedDatagrams(bench, plan.payloadBytes);
    if (arrived === 0) throw new Error('no datagram reached the server through the box');
    return {
      sentPerSecond: sent.sent / sent.seconds,
      arrivedPerSecond: arrived / sent.seconds,
      costs: costsBetween(before, after),
    };
  } finally {
    await cleanUp.run();
  }
}

const PORT = 9999;
/** Left out of the costs at either end. */
const SETTLE_MS = 200;
const MOST_LATE_MS = 8000;
/** Longer than any queue on the way holds a packet. */
const DRAIN_MS = 300;

const COUNTER_RULESET = `table ip bench_count {
  counter arrived { }
  chain in {
    type filter hook prerouting priority raw; policy accept;
    ip saddr ${BOX_WAN.v4} udp dport ${PORT} counter name arrived
    udp dport ${PORT} drop
  }
}
`;

/**
 * Datagrams by the bytes of their payload: a packet that the firewall sees may stand for a run of them (segmentation
 * offload), with one IP and UDP header for all.
 */
async function countedDatagrams(bench: BenchHome, payloadBytes: number): Promise<number> {
  const text = await bench.net.run('nft', ['-j', 'list', 'counter', 'ip', 'bench_count', 'arrived']);
  const { nftables } = JSON.parse(text) as {
    readonly nftables: readonly { readonly counter?: { readonly packets: number; readonly bytes: number } }[];
  };
  const counter = nftables.find((entry) => entry.counter !== undefined)?.counter ?? { packets: 0, bytes: 0 };
  return Math.round((counter.bytes - HEADER_BYTES * counter.packets) / payloadBytes);
}

/** IPv4 and UDP. */
const HEADER_BYTES = 20 + 8;

/** Compiles the sender into `dist/lab` unless that holds one newer than its source. */
async function compileSource(): Promise<string> {
  const sourcePath = join(projectDir(), 'test/lab/bench/datagram-source.cc');
  const outDir = join(projectDir(), 'dist/lab');
  const programPath = join(outDir, 'datagram-source');
  if (existsSync(programPath) && statSync(programPath).mtimeMs > statSync(sourcePath).mtimeMs) {
    return programPath;
  }
  mkdirSync(outDir, { recursive: true });
  const draftPath = `${programPath}.${process.pid}`;
  await runProgram('g++', ['-std=c++20', '-O2', '-Wall', '-Wextra', '-Werror', '-o', draftPath, sourcePath]);
  renameSync(draftPath, programPath);
  return programPath;
}
