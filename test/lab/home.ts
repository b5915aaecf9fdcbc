import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandChild } from './command-child.ts';
import type { Moment } from './command-child.ts';
import { LinkEmulator } from './emulator/link-emulator.ts';
import {
  LINK_NAMES,
  NODE_NAMES,
  ROUTER_RULESET,
  SERVER,
  airCommands,
  airLinkCommands,
  deviceCommands,
  guestCommands,
  guestDeviceCommands,
  laptopLinkCommands,
  linkDeviceCommand,
  linkPlan,
  machineCommands,
} from './home-plan.ts';
import type { LinkName, LinkPlan, LinkShape, NodeName, Subnets } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { runProgram, tryProgram } from './programs.ts';
import type { ProgramResult } from './programs.ts';

/** What a virtual home is made like; every field has a default. */
export interface HomeOptions {
  /** Both links in one subnet (default) or each in its own. */
  readonly subnets?: Subnets;
  /** Gives every machine IPv6 addresses and routes; default true. */
  readonly ipv6?: boolean;
  /** Reverse path filter of laptop and box (`all`, `default` and every device); default 2, as systemd sets it. */
  readonly rpFilter?: 0 | 1 | 2;
  /** Shapes of the links; a link left out is plain. */
  readonly links?: Partial<Readonly<Record<LinkName, LinkShape>>>;
  /** Seed of everything random in the emulator; default 1. */
  readonly seed?: number;
  /** Begins every namespace's name. What an earlier run left under the same prefix is removed first. */
  readonly prefix?: string;
}

/**
 * A home on one machine: laptop with two links, switch and access point, box, router and an internet server, each a
 * network namespace. Needs root.
 *
 * The home owns everything in its namespaces: `Symbol.asyncDispose` kills what still runs there and removes them.
 * Several homes live side by side. A new home removes what homes of dead processes left behind.
 */
export class VirtualHome implements AsyncDisposable {
  readonly prefix: string;
  readonly subnets: Subnets;
  readonly hasIpv6: boolean;
  /** A folder for state, sockets and logs of this home; removed with it. */
  readonly tempDir: string;
  /** Present if a link is shaped. */
  readonly emulator: LinkEmulator | null = null;
  readonly #rpFilter: number;
  readonly #shapes: Readonly<Record<LinkName, LinkShape>>;
  readonly #commandChildren = new Map<string, CommandChild>();
  /** Indexes of re-created devices; higher than any the air namespace reaches, see `linkDeviceCommand`. */
  #nextLinkIndex = 200;

  private constructor(options: HomeOptions, prefix: string, tempDir: string) {
    this.prefix = prefix;
    this.tempDir = tempDir;
    this.subnets = options.subnets ?? 'one';
    this.hasIpv6 = options.ipv6 ?? true;
    this.#rpFilter = options.rpFilter ?? 2;
    this.#shapes = { eth0: options.links?.eth0 ?? null, wlan0: options.links?.wlan0 ?? null };
    if (this.shapedLinks.size > 0) {
      this.emulator = new LinkEmulator(this.namespace('air'), options.seed ?? 1);
    }
  }

  /** Builds a home; when it settles, the plain internet works from the laptop over either link. */
  static async create(options: HomeOptions = {}): Promise<VirtualHome> {
    await sweepLeftovers((prefix) => prefix === options.prefix || isOfDeadProcess(prefix));
    const prefix = options.prefix ?? `bw${process.pid}n${homeCounter++}`;
    const home = new VirtualHome(options, prefix, mkdtempSync(join(tmpdir(), `bowline-lab-${prefix}-`)));
    try {
      await home.#build();
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw new Error(`build virtual home ${prefix}`, { cause: error });
    }
    return home;
  }

  /** Tells a node's namespace, as `ip netns` knows it. */
  namespace(node: NodeName): string {
    return `${this.prefix}-${node}`;
  }

  /** Tells how a link is planned: addresses, gateway, MAC. */
  link(name: LinkName): LinkPlan {
    return linkPlan(name, this.subnets);
  }

  /** Tells the shape a link was built with. */
  shape(name: LinkName): LinkShape {
    return this.#shapes[name];
  }

  /** The links that run through the emulator. */
  get shapedLinks(): ReadonlySet<LinkName> {
    return new Set(LINK_NAMES.filter((name) => this.#shapes[name] !== null));
  }

  /** The internet server's address, the same from the tunnel and beside it. */
  serverAddress(family: 4 | 6): string {
    return family === 4 ? SERVER.v4 : SERVER.v6;
  }

  /**
   * Starts a program on a node. The process id is the program's own; the caller owns and ends it.
   *
   * The program sees the node's `/sys` and `resolv.conf`, and the machine's unified control groups.
   */
  spawn(node: NodeName, file: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    return spawn('ip', enterArgs(this.namespace(node), file, args), options);
  }

  /** Runs a program on a node to its end; throws unless it exits with 0. */
  run(node: NodeName, file: string, args: readonly string[], input = ''): Promise<string> {
    return runProgram('ip', enterArgs(this.namespace(node), file, args), input);
  }

  /** Runs a program on a node to its end, whatever its exit status. */
  tryRun(node: NodeName, file: string, args: readonly string[], input = ''): Promise<ProgramResult> {
    return tryProgram('ip', enterArgs(this.namespace(node), file, args), input);
  }

  /** Runs `ip` commands on a node through a program that is already there: well below 5 ms. */
  ip(node: NodeName, ...commands: readonly string[]): Promise<Moment> {
    return this.#commandChild(`ip ${node}`, () => CommandChild.ip(this.namespace(node))).run(...commands);
  }

  /** Runs `nft` commands on a node through a program that is already there; one line is one transaction. */
  nft(node: NodeName, ...commands: readonly string[]): Promise<Moment> {
    return this.#commandChild(`nft ${node}`, () => CommandChild.nft(this.namespace(node))).run(...commands);
  }

  /** Adds the node `guest`, another machine in the first subnet; it is removed with the home. */
  async addGuest(): Promise<void> {
    await this.#addNamespaces(['guest']);
    await this.ip('air', ...guestDeviceCommands((node) => this.namespace(node)));
    await this.ip('guest', 'link set dev lo up', ...guestCommands(this.hasIpv6));
  }

  /** Takes a link's device away, as a pulled USB adapter does. */
  async removeLinkDevice(name: LinkName): Promise<Moment> {
    const moment = await this.ip('air', `link delete dev ${name}p`);
    await this.#forgetDevices();
    return moment;
  }

  /** Brings a removed device back: same name, MAC address, addresses and routes, another interface index. */
  async restoreLinkDevice(name: LinkName): Promise<Moment> {
    const link = this.link(name);
    const isShaped = this.shapedLinks.has(name);
    const made = await this.ip(
      'air',
      linkDeviceCommand(link, this.#nextLinkIndex++, (node) => this.namespace(node)),
    );
    await this.#forgetDevices();
    if (isShaped) {
      await this.#disableOffloads('laptop', name);
      await this.#disableOffloads('air', `${name}p`);
    }
    await this.ip('air', ...airLinkCommands(link, isShaped));
    if (isShaped) await this.emulator?.attach(name);
    const up = await this.ip('laptop', ...laptopLinkCommands(link, this.hasIpv6));
    return { askedMicros: made.askedMicros, inForceMicros: up.inForceMicros };
  }

  /**
   * Waits until the kernel has noticed that all cables of a node are plugged in. It does so by itself, some time after
   * the command: until then a device sends nothing, and its link-local address and routes are not there.
   */
  async settle(node: NodeName): Promise<void> {
    await this.run(node, 'sh', ['-c', SETTLE_SCRIPT, this.hasIpv6 ? '6' : '4']);
  }

  /**
   * Renders everything a daemon may have changed on a node: rules, routes, addresses, firewall, sysctls, resolver.
   * Counters and life times are left out, so that two snapshots of an unchanged system are equal.
   */
  async systemState(node: NodeName): Promise<string> {
    const families = this.hasIpv6 ? ['-4', '-6'] : ['-4'];
    const commands = [
      ...families.flatMap((family) => [`ip ${family} rule`, `ip ${family} route show table all | sort`]),
      // A device that came back has another index, and stands elsewhere in the list.
      'ip -br addr | sed "s/@if[0-9]*//; s/  */ /g; s/ *$//" | sort',
      'nft -s list ruleset',
      'sysctl -a 2>/dev/null | grep ^net | grep -vE "count|nf_conntrack_(max|buckets)|random|route.(flush|gc)" | sort',
      'cat /etc/resolv.conf',
    ];
    const script = commands.map((command) => `echo '$ ${command}'; ${command} || exit; echo`);
    return this.run(node, 'sh', ['-c', script.join('\n')]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.emulator?.close();
    for (const child of this.#commandChildren.values()) await child.close();
    this.#commandChildren.clear();
    await removeNamespaces(this.prefix);
    rmSync(this.tempDir, { recursive: true, force: true });
  }

  async #addNamespaces(nodes: readonly NodeName[]): Promise<void> {
    const adds = nodes.map((node) => `netns add ${this.namespace(node)}`);
    await runProgram('ip', ['-batch', '-'], [...adds, ''].join('\n'));
    for (const node of nodes.filter((name) => runsDaemon(name))) {
      const dir = join(NETNS_CONFIG_DIR, this.namespace(node));
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'resolv.conf'), `nameserver ${SERVER.v4}\n`);
    }
    await Promise.all(
      nodes.map((node) =>
        this.run(node, 'sysctl', ['-q', '-e', ...sysctls(node, this.hasIpv6, this.#rpFilter)]),
      ),
    );
  }

  async #build(): Promise<void> {
    const shaped = this.shapedLinks;
    const namespaceOf = (node: NodeName): string => this.namespace(node);
    await this.#addNamespaces(NODE_NAMES);
    await runProgram(
      'ip',
      ['-batch', '-'],
      [...deviceCommands(this.subnets, shaped, namespaceOf), ''].join('\n'),
    );
    for (const name of shaped) {
      await this.#disableOffloads('laptop', name);
      for (const device of [`${name}p`, `${name}e`, `${name}b`]) await this.#disableOffloads('air', device);
    }
    await Promise.all([
      ...NODE_NAMES.map((node) => this.ip(node, 'link set dev lo up')),
      this.ip('air', ...airCommands(this.subnets, shaped)),
      ...(['box', 'router', 'net'] as const).map((node) =>
        this.ip(node, ...machineCommands(node, this.subnets, this.hasIpv6)),
      ),
    ]);
    await this.run('router', 'nft', ['-f', '-'], ROUTER_RULESET);
    if (this.emulator !== null) {
      await this.emulator.start();
      for (const name of shaped) {
        await this.emulator.attach(name);
        await this.emulator.shape(name, this.#shapes[name]);
      }
    }
    // Faults are timed: the program that carries them out is there before the first.
    await this.nft('air');
    await this.ip(
      'laptop',
      ...LINK_NAMES.flatMap((name) => laptopLinkCommands(this.link(name), this.hasIpv6)),
    );
    await Promise.all(NODE_NAMES.filter((node) => node !== 'air').map((node) => this.settle(node)));
  }

  /** A running `ip` remembers the index of every device it has seen; a re-created one has another. */
  async #forgetDevices(): Promise<void> {
    for (const node of ['air', 'laptop'] as const) {
      await this.#commandChildren.get(`ip ${node}`)?.close();
      this.#commandChildren.delete(`ip ${node}`);
      await this.ip(node);
    }
  }

  /** Makes the kernel put frames of at most one MTU, checksums included, onto a device. */
  async #disableOffloads(node: NodeName, device: string): Promise<void> {
    const args = ['-K', device, 'tx', 'off', 'sg', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off'];
    await this.run(node, 'ethtool', [...args, 'tx-udp-segmentation', 'off']);
  }

  #commandChild(key: string, start: () => CommandChild): CommandChild {
    const known = this.#commandChildren.get(key);
    if (known !== undefined) return known;
    const child = start();
    this.#commandChildren.set(key, child);
    return child;
  }
}

let homeCounter = 0;

/** Where `ip netns exec` looks for files to show a namespace in place of those in /etc. */
const NETNS_CONFIG_DIR = '/etc/netns';

/** `ip netns exec` hides the control groups under a fresh /sys; a daemon with per-app rules needs them. */
const ENTER_SCRIPT = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null; exec "$@"';

function enterArgs(namespace: string, file: string, args: readonly string[]): string[] {
  return ['netns', 'exec', namespace, 'sh', '-c', ENTER_SCRIPT, 'sh', file, ...args];
}

/**
 * A script that ends once every device that is switched on works and, where its argument is `6`, has a link-local
 * address that may be used.
 */
const SETTLE_SCRIPT = `
  devices() { ip -o link show up | grep -v LOOPBACK; }
  isSettled() {
    ! devices | grep -qv 'state UP' || return 1
    [ $0 != 6 ] || [ $(ip -6 -o addr show scope link -tentative | wc -l) -ge $(devices | wc -l) ]
  }
  for turn in $(seq 1000); do
    isSettled && exit
    sleep 0.01
  done
  ip addr >&2
  exit 1`;

function sysctls(node: NodeName, hasIpv6: boolean, rpFilter: number): string[] {
  const lines = ['net.ipv6.conf.all.accept_ra=0', 'net.ipv6.conf.default.accept_ra=0'];
  if (!hasIpv6 || node === 'air') {
    lines.push('net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  }
  // Bridged frames would pass the air namespace's connection tracking otherwise, which a real switch has not.
  if (node === 'air')
    lines.push(...['ip', 'ip6'].map((family) => `net.bridge.bridge-nf-call-${family}tables=0`));
  if (node === 'router') lines.push('net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  if (runsDaemon(node)) {
    lines.push(`net.ipv4.conf.all.rp_filter=${rpFilter}`, `net.ipv4.conf.default.rp_filter=${rpFilter}`);
  } else {
    lines.push('net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0');
  }
  // Duplicate address detection would make every address wait for a second.
  lines.push('net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0');
  return ['-w', ...lines];
}

/** Machines with a daemon on them; the others are the network. */
function runsDaemon(node: NodeName): boolean {
  return node === 'laptop' || node === 'box' || node === 'guest';
}

function isOfDeadProcess(prefix: string): boolean {
  const pid = /^bw(\d+)n\d+$/.exec(prefix)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

async function sweepLeftovers(isLeftover: (prefix: string) => boolean): Promise<void> {
  const prefixes = new Set((await namespaceNames()).map((name) => name.slice(0, name.lastIndexOf('-'))));
  for (const prefix of prefixes) {
    if (!isLeftover(prefix)) continue;
    await removeNamespaces(prefix);
    for (const entry of readdirSync(tmpdir())) {
      if (entry.startsWith(`bowline-lab-${prefix}-`))
        rmSync(join(tmpdir(), entry), { recursive: true, force: true });
    }
  }
}

/** Kills what runs in a home's namespaces and removes them; another run may be removing the same leftovers. */
async function removeNamespaces(prefix: string): Promise<void> {
  const own = new Set([...NODE_NAMES, 'guest'].map((node) => `${prefix}-${node}`));
  const present = async (): Promise<string[]> => (await namespaceNames()).filter((name) => own.has(name));
  for (const name of await present()) {
    const pids = (await tryProgram('ip', ['netns', 'pids', name])).stdout
      .split('\n')
      .filter((line) => line !== '');
    for (const pid of pids) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It ended by itself between the listing and the signal.
      }
    }
    await tryProgram('ip', ['netns', 'delete', name]);
    rmSync(join(NETNS_CONFIG_DIR, name), { recursive: true, force: true });
  }
  const deadline = monotonicMicros() + MOST_REMOVAL_MICROS;
  for (let left = await present(); left.length > 0; left = await present()) {
    if (monotonicMicros() > deadline) throw new Error(`namespaces ${left.join(', ')} cannot be removed`);
    await sleep(20);
  }
}

/** Whoever else removes a namespace has taken its name away after this. */
const MOST_REMOVAL_MICROS = 5_000_000;

async function namespaceNames(): Promise<string[]> {
  const text = await runProgram('ip', ['-json', 'netns', 'list']);
  const rows = (text.trim() === '' ? [] : JSON.parse(text)) as readonly { readonly name: string }[];
  return rows.map((row) => row.name);
}
