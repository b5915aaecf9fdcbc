import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { boxContract, daemonContract } from '../../src-shared/control/contract.ts';
import type { BoxStatus } from '../../src-shared/model/box-status.ts';
import { foundBoxSchema } from '../../src-shared/model/found-box.ts';
import type { FoundBox } from '../../src-shared/model/found-box.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { NetworkNamespace, untilLinkLocalAddresses } from '../support/network-namespace.ts';
import { askDaemon } from './control.ts';
import { monotonicMicros } from './monotonic.ts';
import { projectDir, runProgram, tryProgram } from './programs.ts';
import type { ProgramResult } from './programs.ts';

/** Machines of the neighbourhood: one laptop with two links, and boxes with one interface each. */
export type Neighbour = 'laptop' | 'box1' | 'box2' | 'box3';

const DEVICES: Readonly<Record<Neighbour, readonly string[]>> = {
  laptop: ['eth0', 'wlan0'],
  box1: ['lan0'],
  box2: ['lan0'],
  box3: ['lan0'],
};

/**
 * One network with one switch, two links of a laptop and three boxes on it, without any internet: what discovery needs.
 * Each machine is a network namespace. Needs root. Dispose ends all programs and removes everything.
 */
export class Neighbourhood implements AsyncDisposable {
  readonly tempDir = mkdtempSync(join(tmpdir(), 'bowline-lab-neighbours-'));
  private readonly air = new NetworkNamespace('disc-air');
  private readonly machines = new Map<Neighbour, NetworkNamespace>();
  private readonly running = new Map<string, ChildProcess>();

  /** @param hasIpv4 whether machines get IPv4 addresses; all have their IPv6 link-local ones, and no others */
  constructor(hasIpv4: boolean) {
    this.air.run(
      'ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0; ip link set br0 up',
    );
    let host = 1;
    for (const [name, devices] of Object.entries(DEVICES) as [Neighbour, readonly string[]][]) {
      const machine = new NetworkNamespace(`disc-${name}`);
      this.machines.set(name, machine);
      // Duplicate address detection would make every address wait for a second.
      machine.run('echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad');
      for (const device of devices) {
        const port = `${name}${device}`;
        this.air.run(`
          ip link add ${port} type veth peer name ${device} netns ${machine.name}
          ip link set ${port} master br0 up
        `);
        machine.run(`ip link set ${device} up`);
        if (hasIpv4) machine.run(`ip addr add 192.168.77.${host}/24 dev ${device}`);
        host++;
      }
      machine.run(untilLinkLocalAddresses(devices.length));
    }
  }

  /** Runs a shell script on a machine. */
  run(neighbour: Neighbour, script: string): string {
    return this.machines.get(neighbour)!.run(script);
  }

  /** IPv4 address of a machine's first device as it was planned. */
  address(neighbour: Neighbour): string {
    return `192.168.77.${{ laptop: 1, box1: 3, box2: 4, box3: 5 }[neighbour]}`;
  }

  /** Tells a machine's public key; makes one on first use. */
  async key(neighbour: Neighbour): Promise<string> {
    const program = neighbour === 'laptop' ? 'bowlined' : 'bowline-box';
    const result = await runProgram(binPath(program), ['key', '--state-dir', this.stateDir(neighbour)]);
    return result.trim();
  }

  /** Starts a box that knows the laptop. */
  async startBox(neighbour: Neighbour, name: string, extraArgs: readonly string[] = []): Promise<void> {
    const laptop = `laptop=${await this.key('laptop')}`;
    const args = ['--tunnel-net6', 'none', '--name', name, '--peer', laptop, ...extraArgs];
    this.start(neighbour, 'bowline-box', args);
    await this.until(`${neighbour} answers`, () => this.boxStatus(neighbour));
  }

  /** Starts the laptop's daemon, for a box or for none. */
  async startLaptop(box: string | null): Promise<void> {
    this.start('laptop', 'bowlined', ['--log-level', 'debug', ...(box === null ? [] : ['--box', box])]);
    await this.until('the laptop answers', () => this.status());
  }

  /** Starts a daemon on a machine; `wrapper` is a shell script that ends in `exec "$@"`. */
  start(neighbour: Neighbour, program: string, args: readonly string[], wrapper = 'exec "$@"'): void {
    const state = ['--state-dir', this.stateDir(neighbour), '--socket', this.socketPath(neighbour)];
    this.spawn(neighbour, program, [binPath(program), 'run', ...state, ...args], wrapper);
  }

  /** Starts any program on a machine until the end, or until {@link Neighbourhood.end}. */
  spawn(
    neighbour: Neighbour,
    label: string,
    command: readonly string[],
    wrapper = 'exec "$@"',
  ): ChildProcess {
    const log = openSync(join(this.tempDir, `${neighbour}-${label}.log`), 'a');
    const inside = ['netns', 'exec', this.machines.get(neighbour)!.name, 'sh', '-c', wrapper, 'sh'];
    const child = spawn('ip', [...inside, ...command], { stdio: ['pipe', log, log] });
    closeSync(log);
    this.running.set(`${neighbour} ${label}`, child);
    return child;
  }

  /** Ends a program in order. */
  async end(neighbour: Neighbour, label: string): Promise<void> {
    const child = this.running.get(`${neighbour} ${label}`);
    this.running.delete(`${neighbour} ${label}`);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  /** What a program printed so far. */
  log(neighbour: Neighbour, label: string): string {
    return readFileSync(join(this.tempDir, `${neighbour}-${label}.log`), 'utf8');
  }

  /** Runs `bowline` on the laptop, whatever its exit status. */
  cli(...args: readonly string[]): Promise<ProgramResult> {
    return tryProgram(binPath('bowline'), [...args, '--socket', this.socketPath('laptop')]);
  }

  /** Asks the laptop for boxes. */
  async boxes(): Promise<FoundBox[]> {
    const { status, stdout, stderr } = await this.cli('boxes', '--json');
    if (status !== 0) throw new Error(`bowline boxes: ${stderr}`);
    return z.array(foundBoxSchema).parse(JSON.parse(stdout));
  }

  /** The laptop's status; null while it does not answer. */
  status(): Promise<DaemonStatus | null> {
    return askDaemon(daemonContract, this.socketPath('laptop'), 'status.get', {});
  }

  /** A box's status; null while it does not answer. */
  boxStatus(neighbour: Neighbour): Promise<BoxStatus | null> {
    return askDaemon(boxContract, this.socketPath(neighbour), 'box.status', {});
  }

  /** Waits until a box is announced. */
  async announced(neighbour: Neighbour): Promise<BoxStatus> {
    return this.until(`${neighbour} is announced`, async () => {
      const status = await this.boxStatus(neighbour);
      return status?.announcement.state === 'announced' ? status : null;
    });
  }

  /** Asks every 100 ms until there is an answer. @throws Error naming what was waited for, with the logs' ends */
  async until<Answer>(what: string, look: () => Promise<Answer | null>, timeoutMs = 15_000): Promise<Answer> {
    const deadline = monotonicMicros() + timeoutMs * 1_000;
    for (;;) {
      const answer = await look();
      if (answer !== null) return answer;
      if (monotonicMicros() > deadline) throw new Error(`waited in vain for ${what}\n${this.lastLines()}`);
      await sleep(100);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.running.keys()].reverse()) {
      const [neighbour, label] = key.split(' ', 2) as [Neighbour, string];
      await this.end(neighbour, label);
    }
    for (const machine of [...this.machines.values(), this.air]) {
      const pids = (await runProgram('ip', ['netns', 'pids', machine.name])).split('\n').filter(Boolean);
      for (const pid of pids) await tryProgram('kill', ['-9', pid]);
      machine.remove();
    }
    rmSync(this.tempDir, { recursive: true, force: true });
  }

  private lastLines(): string {
    return [...this.running.keys()]
      .map((key) => {
        const [neighbour, label] = key.split(' ', 2) as [Neighbour, string];
        return `${key}:\n${this.log(neighbour, label).split('\n').slice(-40).join('\n')}`;
      })
      .join('\n');
  }

  private stateDir(neighbour: Neighbour): string {
    const dir = join(this.tempDir, neighbour);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return dir;
  }

  private socketPath(neighbour: Neighbour): string {
    return join(this.tempDir, `${neighbour}.sock`);
  }
}

function binPath(name: string): string {
  return join(projectDir(), 'bin', name);
}
