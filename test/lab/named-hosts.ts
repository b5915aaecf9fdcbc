import { DNSMASQ_PROGRAM } from './desktop/name-server.ts';
import { existsSync } from 'node:fs';
import type { VirtualHome } from './home.ts';
import { SERVER } from './home-plan.ts';
import type { Scene } from './scene.ts';
import { VisitLoop } from './visits.ts';

/** Without it there is nobody to ask for names. */
export const HAS_DNSMASQ = existsSync(DNSMASQ_PROGRAM);

/** Below it is everything that these scenes ask for. */
export const LAB_DOMAIN = 'lab.example';

/** A host of the internet that has a name. All of them are the one server. */
export interface NamedHost {
  readonly name: string;
  readonly 4: string;
  readonly 6: string;
}

/** One host of many; each number has addresses of its own. */
export function namedHost(name: string, number: number): NamedHost {
  return { name: `${name}.${LAB_DOMAIN}`, 4: `192.0.2.${number}`, 6: `2001:db8:99::${number.toString(16)}` };
}

/** What a name server has to be told of a host and of everything below it. */
export function hostArgs({ name, 4: v4, 6: v6 }: NamedHost): readonly string[] {
  return [`--address=/${name}/${v4}`, `--address=/${name}/${v6}`];
}

/** Lets the internet server be all these hosts, for visits and for connections that stay open. */
export async function prepareHosts(home: VirtualHome): Promise<void> {
  await home.ip('net', 'route add local 192.0.2.0/24 dev lo', 'route add local 2001:db8:99::/64 dev lo');
  await home.run('net', 'nft', ['-f', '-'], REDIRECT);
}

/** A connection that sends a byte every 20 ms and gets each one back. */
export class HeldConnection implements AsyncDisposable {
  readonly #program: VisitLoop;

  /** @param number of the visit as which its packets are counted; from 9,900 on */
  constructor(home: VirtualHome, address: string, number: number) {
    const args = ['--eval', CLIENT, address, String(FIRST_PORT + number)];
    this.#program = new VisitLoop(
      home.spawn('laptop', process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
  }

  /** Starts what answers on the other end. */
  static async serve(scene: Scene): Promise<void> {
    const child = scene.home.spawn('net', process.execPath, ['--eval', ECHO], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const server = scene.use(new VisitLoop(child));
    await scene.until('the other end of held connections', () => (server.lines.length > 0 ? true : null));
  }

  /** Bytes that have come back. */
  get count(): number {
    return this.#program.lines.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]();
  }
}

const FIRST_PORT = 20_000;
const VISIT_PORT = 4000;
const ECHO_PORT = 4001;

/** Before the table of visits: the last hundred numbers are connections that stay open. */
const REDIRECT = `table inet lab_hosts {
  chain prerouting {
    type nat hook prerouting priority dstnat - 1;
    ip daddr 192.0.2.0/24 meta l4proto tcp th dport 29900-29999 dnat ip to ${SERVER.v4}:${ECHO_PORT}
    ip6 daddr 2001:db8:99::/64 meta l4proto tcp th dport 29900-29999 dnat ip6 to [${SERVER.v6}]:${ECHO_PORT}
    ip daddr 192.0.2.0/24 meta l4proto { tcp, udp } th dport 20000-29899 dnat ip to ${SERVER.v4}:${VISIT_PORT}
    ip6 daddr 2001:db8:99::/64 meta l4proto { tcp, udp } th dport 20000-29899 dnat ip6 to [${SERVER.v6}]:${VISIT_PORT}
  }
}
`;

const ECHO = `
  const server = require('node:net').createServer((socket) => {
    socket.setNoDelay();
    socket.on('error', () => undefined).on('data', (bytes) => socket.write(bytes));
  });
  server.listen(${ECHO_PORT}, '::', () => console.log('ready'));
`;

const CLIENT = `
  const [, address, port] = process.argv;
  const socket = require('node:net').connect(Number(port), address);
  socket.setNoDelay();
  socket.on('data', (bytes) => { for (const byte of bytes) console.log(byte); });
  socket.on('error', (error) => { console.error(error.message); process.exit(1); });
  setInterval(() => socket.write('.'), 20);
`;
