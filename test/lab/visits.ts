import type { ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { compileProgram } from './compile.ts';
import type { VirtualHome } from './home.ts';
import { SERVER } from './home-plan.ts';

/** What one visit of the internet server is like. */
export interface Visit {
  readonly family: 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  /** A number of its own, 1 to 9,999, by which its packets are counted. */
  readonly number: number;
}

/** Devices by which packets of a visit left the laptop, with the code in their DSCP field, such as `bowline0/3`. */
export type WaysOut = Readonly<Record<string, number>>;

/**
 * Programs that visit the internet server, and the kernel's own count of each packet that leaves the laptop for one of
 * their visits: nothing that goes another way stays unseen. Dispose ends the server.
 */
export class Visits implements AsyncDisposable {
  readonly #home: VirtualHome;
  readonly #server: ChildProcess;
  readonly #program: string;

  private constructor(home: VirtualHome, server: ChildProcess, program: string) {
    this.#home = home;
    this.#server = server;
    this.#program = program;
  }

  static async prepare(home: VirtualHome): Promise<Visits> {
    const program = await compileProgram('rules/visitor.cc');
    chmodSync(home.tempDir, 0o755);
    await home.run('net', 'nft', ['-f', '-'], REDIRECT);
    await countVisits(home);
    const server = home.spawn('net', program, ['serve', String(SERVER_PORT)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (server.stdout !== null) await firstLine(createInterface({ input: server.stdout }));
    return new Visits(home, server, program);
  }

  /** Makes a program of its own name that others are not taken for. */
  program(name: string): string {
    const dir = join(this.#home.tempDir, 'programs');
    mkdirSync(dir, { recursive: true, mode: 0o755 });
    const path = join(dir, name);
    copyFileSync(this.#program, path);
    chmodSync(path, 0o755);
    return path;
  }

  /** Arguments by which a program makes a visit. */
  args({ family, protocol, number }: Visit): readonly string[] {
    return [protocol, this.#home.serverAddress(family), String(FIRST_PORT + number)];
  }

  /** Starts a program on the laptop and gives its lines: whence the server saw it come, or an error's name. */
  async run(file: string, args: readonly string[]): Promise<readonly string[]> {
    const { stdout, stderr } = await this.#home.tryRun('laptop', file, args);
    return stdout === '' ? [stderr.trim()] : stdout.trim().split('\n');
  }

  /** Starts a program that goes on in the background; the caller ends it. */
  start(file: string, args: readonly string[]): ChildProcess {
    return this.#home.spawn('laptop', file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** Begins to count again where somebody has flushed the firewall. */
  async count(): Promise<void> {
    await countVisits(this.#home);
  }

  /** Which ways the packets of each visit have taken so far, with their counts. */
  async ways(): Promise<ReadonlyMap<number, WaysOut>> {
    const ways = new Map<number, Record<string, number>>();
    for (const code of CODES) {
      const text = await this.#home.run('laptop', 'nft', [
        '-j',
        'list',
        'set',
        'inet',
        'lab_visits',
        `seen${code}`,
      ]);
      const listing = JSON.parse(text) as { nftables: { set?: { elem?: CountedElement[] } }[] };
      for (const { elem } of listing.nftables.flatMap(({ set: listed }) => listed?.elem ?? [])) {
        const [device, port] = elem.val.concat;
        const own = ways.get(port - FIRST_PORT) ?? {};
        own[`${device}/${code}`] = elem.counter.packets;
        ways.set(port - FIRST_PORT, own);
      }
    }
    return ways;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#server.once('exit', resolve));
    this.#server.kill('SIGKILL');
    await ended;
    await this.#home.tryRun('laptop', 'nft', ['delete', 'table', 'inet', 'lab_visits']);
    await this.#home.tryRun('net', 'nft', ['delete', 'table', 'inet', 'lab_visits']);
  }
}

async function countVisits(home: VirtualHome): Promise<void> {
  await home.run('laptop', 'nft', ['-f', '-'], COUNTERS);
}

interface CountedElement {
  readonly elem: {
    readonly val: { readonly concat: readonly [string, number] };
    readonly counter: { readonly packets: number };
  };
}

/** A program that visits again and again. Dispose ends it. */
export class VisitLoop implements AsyncDisposable {
  readonly lines: string[];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.lines = linesOf(child);
  }

  /** Addresses that the server saw. */
  get sources(): readonly string[] {
    return this.lines.filter((line) => !line.startsWith('E'));
  }

  get served(): number {
    return this.sources.length;
  }

  get failures(): readonly string[] {
    return this.lines.filter((line) => line.startsWith('E'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

const SERVER_PORT = 4000;
const FIRST_PORT = 20_000;

/** The server answers at each number's port. */
const REDIRECT = `table inet lab_visits {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr ${SERVER.v4} meta l4proto { tcp, udp } th dport 20000-29999 dnat ip to ${SERVER.v4}:${SERVER_PORT}
    ip6 daddr ${SERVER.v6} meta l4proto { tcp, udp } th dport 20000-29999 dnat ip6 to [${SERVER.v6}]:${SERVER_PORT}
  }
}
`;

/** Codes that packets may have in their DSCP field; 63 stands for any other. */
const CODES = [0, 3, 7, 63];

/** Behind everything that may still drop a packet. A set for each code: `nft` mistakes IPv6's in a key of several parts. */
const COUNTERS = `table inet lab_visits {
${CODES.map((code) => `  set seen${code} { typeof oifname . th dport; flags dynamic; size 60000; }`).join('\n')}
  chain postrouting {
    type filter hook postrouting priority 300;
    meta l4proto != { tcp, udp } accept
    th dport != 20000-29999 accept
${CODES.flatMap((code) => ['ip', 'ip6'].map((family) => countLine(family, code))).join('\n')}
  }
}
`;

function countLine(family: string, code: number): string {
  const match = code === 63 ? `!= { 0, 3, 7 }` : String(code);
  return `    ${family} dscp ${match} update @seen${code} { oifname . th dport counter } accept`;
}

function firstLine(lines: Interface): Promise<string> {
  return new Promise((resolve) => lines.once('line', resolve));
}

/** Follows a program's lines as they come. */
function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return lines;
}
