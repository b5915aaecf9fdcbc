import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadOrCreateStaticKey } from '../../src-platform/storage/static-key.ts';
import { boxContract, daemonContract } from '../../src-shared/control/contract.ts';
import type { BoxStatus } from '../../src-shared/model/box-status.ts';
import { daemonStatusSchema } from '../../src-shared/model/status.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { askDaemon } from './control.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES, boxLanAddresses } from './home-plan.ts';
import type { NodeName } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { projectDir, runProgram, tryProgram } from './programs.ts';
import type { ProgramResult } from './programs.ts';

/** The programs that stay in the foreground. */
export type DaemonName = 'bowline-box' | 'bowlined';

/** What a process has used. */
export interface ProcessUsage {
  /** User and system time since its start; the kernel counts it in steps of 10 ms. */
  readonly cpuMicros: number;
  readonly residentBytes: number;
}

/** How the box is started; what is left out is the lab's choice or the daemon's default. */
export interface BoxOptions {
  readonly logLevel?: string;
  /** Whether it says on the local network where it is; default false. */
  readonly isAnnounced?: boolean;
  /** Further arguments of `bowline-box run`. */
  readonly extraArgs?: readonly string[];
  /** A command that gets the daemon's command line as its last arguments and becomes it. */
  readonly through?: readonly string[];
}

/** How the laptop's daemon is started. */
export interface LaptopOptions {
  /** Addresses of the box that are given by `--box`; default its IPv4 address in every subnet. */
  readonly boxHosts?: readonly string[];
  /** Where it runs; default `laptop`. */
  readonly node?: 'laptop' | 'guest';
  readonly logLevel?: string;
  /** Further arguments of `bowlined run`. */
  readonly extraArgs?: readonly string[];
  /** A command that gets the daemon's command line as its last arguments and becomes it. */
  readonly through?: readonly string[];
}

/** A daemon that runs on a node. Its log lines go to a file; dispose stops it in order. */
export class DaemonProcess implements AsyncDisposable {
  readonly name: DaemonName;
  readonly stateDir: string;
  readonly socketPath: string;
  readonly logPath: string;
  readonly #home: VirtualHome;
  readonly #node: NodeName;
  readonly #runArgs: readonly string[];
  readonly #through: readonly string[];
  #child: ChildProcess | null = null;

  constructor(
    home: VirtualHome,
    node: NodeName,
    runArgs: readonly string[],
    paths: { readonly stateDir: string; readonly socketPath: string; readonly name?: DaemonName },
    through: readonly string[] = [],
  ) {
    this.name = paths.name ?? (node === 'box' ? 'bowline-box' : 'bowlined');
    this.#home = home;
    this.#node = node;
    this.#runArgs = runArgs;
    this.#through = through;
    this.stateDir = paths.stateDir;
    this.socketPath = paths.socketPath;
    this.logPath = join(
      logDir(home),
      node === 'box' || node === 'laptop' ? `${this.name}.log` : `${node}-${this.name}.log`,
    );
  }

  /** Process id of the running daemon. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) {
      throw new Error(`${this.name} is not running`);
    }
    return pid;
  }

  /** Starts the daemon, or starts it again after it has ended; the log is appended to. */
  start(): void {
    mkdirSync(logDir(this.#home), { recursive: true });
    const log = openSync(this.logPath, 'a');
    const args = ['run', '--state-dir', this.stateDir, '--socket', this.socketPath, ...this.#runArgs];
    const [file, ...rest] = [...this.#through, binPath(this.name), ...args];
    this.#child = this.#home.spawn(this.#node, file!, rest, { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  /** Kills the daemon without a chance to tidy up, and settles when it is gone. */
  async kill(): Promise<{ readonly askedMicros: number }> {
    const askedMicros = monotonicMicros();
    await this.#end('SIGKILL');
    return { askedMicros };
  }

  /**
   * Stops the daemon in order.
   *
   * @throws Error when it needs longer than `timeoutMs` (it is killed then) or ends with another status than 0.
   */
  async stop(timeoutMs = 10_000): Promise<void> {
    const child = this.#child;
    if (child === null || hasEnded(child)) {
      return;
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await this.#end('SIGTERM');
    clearTimeout(timer);
    if (child.signalCode === 'SIGKILL') {
      throw new Error(`${this.name} did not stop within ${timeoutMs} ms`);
    }
    if (child.exitCode !== 0) {
      throw new Error(`${this.name} stopped with ${child.exitCode ?? child.signalCode}; see ${this.logPath}`);
    }
  }

  /** True while the process lives. */
  get isRunning(): boolean {
    return this.#child !== null && !hasEnded(this.#child);
  }

  /** Undoes what the daemon left on its node after it was killed. */
  async revert(...args: readonly string[]): Promise<void> {
    await this.#home.run(this.#node, binPath(this.name), ['revert', '--state-dir', this.stateDir, ...args]);
  }

  usage(): ProcessUsage {
    return readCpuAndMemory(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null || hasEnded(child)) {
      return;
    }
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

/** Laptop and box with a tunnel between them. Dispose stops the laptop's daemon, then the box. */
export class Tunnel implements AsyncDisposable {
  readonly box: DaemonProcess;
  readonly laptop: DaemonProcess;

  constructor(box: DaemonProcess, laptop: DaemonProcess) {
    this.box = box;
    this.laptop = laptop;
  }

  /** Runs `bowline` against the laptop's daemon. */
  cli(...args: readonly string[]): Promise<string> {
    return runProgram(binPath('bowline'), [...args, '--socket', this.laptop.socketPath]);
  }

  /** Runs `bowline` against the laptop's daemon, whatever its exit status. */
  tryCli(...args: readonly string[]): Promise<ProgramResult> {
    return tryProgram(binPath('bowline'), [...args, '--socket', this.laptop.socketPath]);
  }

  /** Asks the box for its status. Rejects while the box does not answer. */
  boxStatus(): Promise<BoxStatus> {
    return askBoxStatus(this.box.socketPath);
  }

  /** Asks for the status; null while the daemon does not answer. */
  status(): Promise<DaemonStatus | null> {
    return askDaemon(daemonContract, this.laptop.socketPath, 'status.get', {});
  }

  /** Asks every 50 ms until the status is as wanted; throws with the last one after the timeout. */
  async waitFor(
    what: string,
    isWanted: (status: DaemonStatus) => boolean,
    timeoutMs = 20_000,
  ): Promise<DaemonStatus> {
    const deadline = monotonicMicros() + timeoutMs * 1000;
    let last: DaemonStatus | null = null;
    while (monotonicMicros() < deadline) {
      last = await this.status();
      if (last !== null && isWanted(last)) {
        return last;
      }
      for (const daemon of [this.box, this.laptop]) {
        if (!daemon.isRunning) {
          throw new Error(`waiting for ${what}: ${daemon.name} has ended; see ${daemon.logPath}`);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waiting for ${what}: still ${JSON.stringify(last)} after ${timeoutMs} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.laptop.stop();
    await this.box.stop();
  }
}

/** Follows the daemon's status by `bowline watch`, without a process for every question. Dispose ends it. */
export class StatusWatch implements AsyncDisposable {
  readonly #child: ChildProcess;
  #latest: DaemonStatus | null = null;

  constructor(tunnel: Tunnel) {
    const args = ['watch', '--json', '--socket', tunnel.laptop.socketPath];
    this.#child = spawn(binPath('bowline'), args, { stdio: ['ignore', 'pipe', 'ignore'] });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const parsed = daemonStatusSchema.safeParse(JSON.parse(line));
        this.#latest = parsed.success ? parsed.data : this.#latest;
      });
    }
  }

  /** The last status that was told; null before the first. */
  get latest(): DaemonStatus | null {
    return this.#latest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (hasEnded(this.#child)) {
      return;
    }
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** Prepares the box of a home for given laptops, by name and public key, and starts it. */
export function startBox(
  home: VirtualHome,
  peers: Readonly<Record<string, string>>,
  options: BoxOptions = {},
): DaemonProcess {
  const args = [
    ...(options.isAnnounced === true ? [] : ['--no-mdns']),
    ...Object.entries(peers).flatMap(([name, publicKey]) => ['--peer', `${name}=${publicKey}`]),
    ...(options.logLevel === undefined ? [] : ['--log-level', options.logLevel]),
    ...(options.extraArgs ?? []),
  ];
  const box = new DaemonProcess(home, 'box', args, daemonPaths(home, 'bowline-box'), options.through);
  box.start();
  return box;
}

/** Starts the laptop's daemon for a box, by public key. */
export function startLaptop(
  home: VirtualHome,
  boxPublicKey: string,
  options: LaptopOptions = {},
): DaemonProcess {
  const hosts = options.boxHosts ?? boxLanAddresses(home.subnets).map((addresses) => addresses.v4);
  const args = [
    '--links',
    options.node === 'guest' ? 'eth0' : LINK_NAMES.join(','),
    '--box',
    `${boxPublicKey}@${hosts.join(',')}`,
    ...(options.logLevel === undefined ? [] : ['--log-level', options.logLevel]),
    ...(options.extraArgs ?? []),
  ];
  const node = options.node ?? 'laptop';
  const laptop = new DaemonProcess(home, node, args, daemonPaths(home, 'bowlined', node), options.through);
  laptop.start();
  return laptop;
}

/** How laptop and box are started together. */
export interface TunnelOptions {
  readonly box?: BoxOptions;
  readonly laptop?: LaptopOptions;
  /** Further laptops that may use the box: public keys by name. */
  readonly otherPeers?: Readonly<Record<string, string>>;
  /** When the start is over; default when both links are usable. */
  readonly isReady?: (status: DaemonStatus) => boolean;
}

/** Starts both daemons, paired by key, switches on and settles when both links are usable. */
export async function startTunnel(home: VirtualHome, options: TunnelOptions = {}): Promise<Tunnel> {
  requireBuild();
  const [laptopKey, boxKey] = await Promise.all([
    publicKey(home, 'bowlined'),
    publicKey(home, 'bowline-box'),
  ]);
  const tunnel = new Tunnel(
    startBox(home, { laptop: laptopKey, ...options.otherPeers }, options.box),
    startLaptop(home, boxKey, options.laptop),
  );
  try {
    await tunnel.waitFor('a working tunnel', options.isReady ?? areBothLinksUsable);
    return tunnel;
  } catch (error) {
    await tunnel.laptop.kill();
    await tunnel.box.kill();
    throw error;
  }
}

/** True when the tunnel is up and every link carries or stands by. */
export function areBothLinksUsable(status: DaemonStatus): boolean {
  const usable = status.links.filter((link) => link.state === 'carrying' || link.state === 'standby');
  return (
    status.state === 'protected' && LINK_NAMES.every((name) => usable.some((link) => link.name === name))
  );
}

/** Asks a box for its status. Rejects while it does not answer. */
export async function askBoxStatus(socketPath: string): Promise<BoxStatus> {
  const status = await askDaemon(boxContract, socketPath, 'box.status', {});
  if (status === null) throw new Error(`no box answers at ${socketPath}`);
  return status;
}

/** Tells a daemon's public key; makes one on first use. */
export async function publicKey(
  home: VirtualHome,
  name: DaemonName,
  node: 'laptop' | 'guest' = 'laptop',
): Promise<string> {
  // Without the program for it, which takes as long as the rest of the start.
  const key = await loadOrCreateStaticKey(daemonPaths(home, name, node).stateDir);
  return key.publicKeyText;
}

/** Copies the daemons' logs of a home to where they outlive it; hands back the folder. */
export function keepLogs(home: VirtualHome): string {
  const keptDir = join(projectDir(), 'dist/lab/logs', home.prefix);
  if (existsSync(logDir(home))) {
    cpSync(logDir(home), keptDir, { recursive: true });
  }
  return keptDir;
}

/** Reads what a process has used from /proc. */
export function readCpuAndMemory(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before it may hold spaces; the fields after its closing bracket start with the third.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMicros: ticks * 10_000, residentBytes: Number(resident ?? 0) * 1024 };
}

function daemonPaths(
  home: VirtualHome,
  name: DaemonName,
  node: 'laptop' | 'guest' = 'laptop',
): { readonly stateDir: string; readonly socketPath: string } {
  const stem = join(home.tempDir, node === 'guest' ? `guest-${name}` : name);
  mkdirSync(stem, { recursive: true, mode: 0o700 });
  return { stateDir: stem, socketPath: `${stem}.sock` };
}

function logDir(home: VirtualHome): string {
  return join(home.tempDir, 'logs');
}

/** A built program. */
export function binPath(name: string): string {
  return join(projectDir(), 'bin', name);
}

function requireBuild(): void {
  for (const name of ['bowline', 'bowlined', 'bowline-box']) {
    if (!existsSync(binPath(name))) {
      throw new Error(`bin/${name} is missing: run npm run build`);
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
