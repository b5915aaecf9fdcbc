import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { daemonStatusSchema } from '../../../../src-shared/model/status.ts';
import type { DaemonStatus } from '../../../../src-shared/model/status.ts';
import { projectDir, tryProgram } from '../../programs.ts';
import { BOX_ADDRESS } from '../bench-home.ts';
import type { BenchHome } from '../bench-home.ts';
import { CleanUp } from '../clean-up.ts';
import type { Contender, RunningContender } from '../contender.ts';
import { pause } from '../machine.ts';
import type { Machine, Service } from '../machine.ts';

/** Bowline as its users run it: daemon and box with every feature on, the default mode, all links of the laptop. */
export const bowline: Contender = {
  name: 'bowline',
  label: 'Bowline',
  setting: 'default mode (seamless), every link of the laptop in use, the box does its own NAT',
  carriesUdp: true,
  obstacle: () => {
    const missing = ['bowlined', 'bowline-box', 'bowline'].filter((name) => !existsSync(program(name)));
    return missing.length === 0 ? null : `${missing.join(', ')} not built (npm run build)`;
  },
  version: async () => (await tryProgram(program('bowlined'), ['--version'])).stdout.trim(),
  start: (bench, laptops, signal) => startBowline(bench, laptops, { mode: 'seamless' }, signal),
};

/** How Bowline is run. */
export interface BowlineSetting {
  readonly mode: 'seamless' | 'bonded' | 'redundant';
  /** Links of the first laptop; absent: all. */
  readonly links?: readonly string[];
}

/** Starts box and laptops; settles when every laptop is protected over all its links. */
export async function startBowline(
  bench: BenchHome,
  laptops: readonly Machine[],
  setting: BowlineSetting,
  signal: AbortSignal,
): Promise<RunningContender> {
  const cleanUp = new CleanUp();
  try {
    const boxKey = await publicKey(bench, bench.box, 'bowline-box');
    const peers: string[] = [];
    for (const laptop of laptops) {
      peers.push('--peer', `${laptop.name}=${await publicKey(bench, laptop, 'bowlined')}`);
    }
    const box = bench.box.start(program('bowline-box'), [
      ...['run', '--state-dir', stateDir(bench, bench.box), '--socket', socketPath(bench, bench.box)],
      ...['--uplink', 'wan0', '--no-mdns', ...peers],
    ]);
    cleanUp.add(() => box.stop());
    const services: Service[] = [];
    for (const laptop of laptops) {
      const daemon = laptop.start(program('bowlined'), [
        ...['run', '--state-dir', stateDir(bench, laptop), '--socket', socketPath(bench, laptop)],
        ...['--links', linksOf(bench, laptop, setting).join(','), '--box', `${boxKey}@${BOX_ADDRESS}`],
      ]);
      cleanUp.add(() => daemon.stop());
      services.push(daemon);
    }
    for (const [index, laptop] of laptops.entries()) {
      const daemon = services[index];
      if (daemon !== undefined) await waitForProtection(bench, laptop, setting, daemon, box, signal);
    }
    const first = services.slice(0, 1).map(({ pid }) => pid);
    return { processes: { laptop: first, box: [box.pid] }, stop: () => cleanUp.run() };
  } catch (error) {
    await cleanUp.run();
    throw error;
  }
}

/** Reads what the daemon of a laptop reports. */
export async function readStatus(bench: BenchHome, laptop: Machine): Promise<DaemonStatus> {
  const args = ['status', '--json', '--socket', socketPath(bench, laptop)];
  return daemonStatusSchema.parse(JSON.parse(await laptop.run(program('bowline'), args)));
}

/** Starting two programs on a crowded machine and one handshake; a minute of it would hide a fault. */
const START_MS = 20_000;
const POLL_MS = 100;

async function waitForProtection(
  bench: BenchHome,
  laptop: Machine,
  setting: BowlineSetting,
  daemon: Service,
  box: Service,
  signal: AbortSignal,
): Promise<void> {
  const socket = ['--socket', socketPath(bench, laptop)];
  const deadline = performance.now() + START_MS;
  let isOn = false;
  let last = '';
  for (;;) {
    // Refused until the daemon's socket is there.
    isOn ||= (await laptop.tryRun(program('bowline'), ['on', ...socket])).status === 0;
    const { stdout, stderr, status } = await laptop.tryRun(program('bowline'), [
      'status',
      '--json',
      ...socket,
    ]);
    if (status === 0) {
      const known = daemonStatusSchema.parse(JSON.parse(stdout));
      if (isSettled(known, linksOf(bench, laptop, setting))) {
        await laptop.run(program('bowline'), ['mode', setting.mode, ...socket]);
        return;
      }
      last = describeStatus(known);
    } else {
      last = stderr.trim();
    }
    for (const service of [daemon, box]) {
      if (!service.isRunning) throw new Error(`${service.name} ended: ${service.output.trim().slice(-400)}`);
    }
    if (performance.now() > deadline) {
      throw new Error(`${laptop.name} is not protected after ${START_MS / 1000} s: ${last}`);
    }
    await pause(POLL_MS, signal);
  }
}

/** Protected, and every link that was given carries or stands by: nothing is being set up any more. */
function isSettled({ state, internet, links }: DaemonStatus, wanted: readonly string[]): boolean {
  const usable = links.filter((link) => link.state === 'carrying' || link.state === 'standby');
  const areUsable = wanted.every((name) => usable.some((link) => link.name === name));
  return state === 'protected' && internet === 'tunnelled' && areUsable;
}

function linksOf(bench: BenchHome, laptop: Machine, { links }: BowlineSetting): readonly string[] {
  return laptop === bench.laptop ? (links ?? ['eth0', 'wlan0']) : ['eth0'];
}

function describeStatus({ state, internet, links }: DaemonStatus): string {
  const states = links.map((link) => `${link.name} ${link.state}`);
  return `${state}, internet ${internet}, ${states.join(', ') || 'no links'}`;
}

async function publicKey(bench: BenchHome, machine: Machine, name: string): Promise<string> {
  mkdirSync(stateDir(bench, machine), { recursive: true, mode: 0o700 });
  return (await machine.run(program(name), ['key', '--state-dir', stateDir(bench, machine)])).trim();
}

function stateDir(bench: BenchHome, machine: Machine): string {
  return join(bench.tempDir, `bowline-${machine.name}`);
}

function socketPath(bench: BenchHome, machine: Machine): string {
  return join(bench.tempDir, `bowline-${machine.name}.sock`);
}

function program(name: string): string {
  return join(projectDir(), 'bin', name);
}
