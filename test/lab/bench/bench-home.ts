import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualHome } from '../home.ts';
import type { HomeOptions } from '../home.ts';
import { boxLanAddresses, SERVER } from '../home-plan.ts';
import type { LinkName } from '../home-plan.ts';
import type { Moment } from '../command-child.ts';
import type { LinkEmulator, ShapeChange } from '../emulator/link-emulator.ts';
import { runProgram, tryProgram } from '../programs.ts';
import { CleanUp } from './clean-up.ts';
import { Machine } from './machine.ts';

/** The home that everything is measured in: plain links, and a second laptop beside the first. Dispose removes it. */
export class BenchHome implements AsyncDisposable {
  readonly laptop: Machine;
  readonly secondLaptop: Machine;
  readonly box: Machine;
  readonly net: Machine;
  /** For keys, state and sockets; removed with the home. */
  readonly tempDir: string;
  readonly #home: VirtualHome;
  readonly #cleanUp: CleanUp;

  private constructor(home: VirtualHome, secondLaptop: Machine, cleanUp: CleanUp) {
    this.laptop = new Machine('laptop', home.namespace('laptop'));
    this.secondLaptop = secondLaptop;
    this.box = new Machine('box', home.namespace('box'));
    this.net = new Machine('net', home.namespace('net'));
    this.tempDir = home.tempDir;
    this.#home = home;
    this.#cleanUp = cleanUp;
  }

  /** Changes some of a shaped link's conditions. */
  changeLink(name: LinkName, change: ShapeChange): Promise<Moment> {
    return this.emulator.change(name, 'both', change);
  }

  /** @throws Error when no link is shaped. */
  get emulator(): LinkEmulator {
    if (this.#home.emulator === null) throw new Error('every link of this home is plain');
    return this.#home.emulator;
  }

  /** @param links shapes of the laptop's links; a link left out is plain. */
  static async create(links: HomeOptions['links'] = {}): Promise<BenchHome> {
    const cleanUp = new CleanUp();
    try {
      await sweepSecondLaptops();
      const home = await VirtualHome.create({ links });
      cleanUp.add(() => home[Symbol.asyncDispose]());
      return new BenchHome(home, await plugInSecondLaptop(home, cleanUp), cleanUp);
    } catch (error) {
      await cleanUp.run();
      throw new Error('build the home of the benchmark', { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanUp.run();
  }
}

/** The internet server as everybody reaches it. */
export const SERVER_ADDRESS = SERVER.v4;
/** The box as laptops reach it. */
export const BOX_ADDRESS = boxLanAddresses('one')[0]?.v4 ?? '';

/** Makes the box an ordinary router with NAT, as every tunnel but Bowline expects it to be. */
export async function routeOnBox(bench: BenchHome, cleanUp: CleanUp): Promise<void> {
  await bench.box.run('sysctl', ['-q', 'net.ipv4.ip_forward=1']);
  cleanUp.add(() => bench.box.run('sysctl', ['-q', 'net.ipv4.ip_forward=0']));
  await bench.box.run('nft', ['-f', '-'], BOX_RULESET);
  cleanUp.add(() => bench.box.run('nft', ['delete', 'table', 'ip', 'bench_nat']));
}

const BOX_RULESET = `table ip bench_nat {
  chain out { type nat hook postrouting priority srcnat; policy accept; oifname "wan0" masquerade; }
}
`;

/** The name the home's own sweep does not know, so that this one is swept here. */
const SECOND_LAPTOP = 'laptop2';
const NETNS_CONFIG_DIR = '/etc/netns';

async function plugInSecondLaptop(home: VirtualHome, cleanUp: CleanUp): Promise<Machine> {
  const namespace = `${home.prefix}-${SECOND_LAPTOP}`;
  const machine = new Machine(SECOND_LAPTOP, namespace);
  await runProgram('ip', ['netns', 'add', namespace]);
  cleanUp.add(() => removeSecondLaptop(namespace));
  mkdirSync(join(NETNS_CONFIG_DIR, namespace), { recursive: true });
  writeFileSync(join(NETNS_CONFIG_DIR, namespace, 'resolv.conf'), `nameserver ${SERVER_ADDRESS}\n`);
  const filters = ['all', 'default'].map((scope) => `net.ipv4.conf.${scope}.rp_filter=2`);
  await machine.run('sysctl', ['-q', '-w', ...filters, 'net.ipv6.conf.default.accept_dad=0']);
  await home.ip('air', `link add second0p type veth peer name eth0 netns ${namespace}`);
  await home.ip('air', 'link set dev second0p master br0 up');
  await machine.ip(
    'link set dev lo up',
    'link set dev eth0 up',
    'addr add 192.168.77.20/24 dev eth0 metric 100',
    'route add default via 192.168.77.254 dev eth0 metric 100',
  );
  return machine;
}

async function sweepSecondLaptops(): Promise<void> {
  const rows = JSON.parse((await runProgram('ip', ['-json', 'netns', 'list'])) || '[]') as readonly {
    readonly name: string;
  }[];
  for (const { name } of rows) {
    const pid = new RegExp(`^bw(\\d+)n\\d+-${SECOND_LAPTOP}$`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await removeSecondLaptop(name);
  }
}

async function removeSecondLaptop(namespace: string): Promise<void> {
  const pids = await tryProgram('ip', ['netns', 'pids', namespace]);
  for (const pid of pids.stdout.split('\n').filter((line) => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself between the listing and the signal.
    }
  }
  await runProgram('ip', ['netns', 'delete', namespace]);
  rmSync(join(NETNS_CONFIG_DIR, namespace), { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
