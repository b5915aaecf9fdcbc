import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { laptopNameOf } from '../../src-box/peers/laptop-name.ts';
import { DaemonProcess } from './daemons.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { NodeName } from './home-plan.ts';
import { projectDir, runProgram } from './programs.ts';

/** How the laptop calls itself, as the box stores it: the host's name, which namespaces share. */
export const LAPTOP_NAME = laptopNameOf(hostname().split('.')[0] ?? '');

/** Starts a box that knows nobody, from an empty state folder. */
export function bareBox(
  home: VirtualHome,
  node: 'box' | 'guest' | 'router',
  isAnnounced = false,
): DaemonProcess {
  return start(home, node, 'bowline-box', [...(isAnnounced ? [] : ['--no-mdns']), '--name', `box-${node}`]);
}

/** Starts a laptop's daemon that knows no box, from an empty state folder. */
export function bareLaptop(home: VirtualHome): DaemonProcess {
  return start(home, 'laptop', 'bowlined', ['--links', LINK_NAMES.join(',')]);
}

/** Asks a box by its command line. */
export function boxCommand(box: DaemonProcess, ...args: readonly string[]): Promise<string> {
  return runProgram(join(projectDir(), 'bin/bowline-box'), [...args, '--socket', box.socketPath]);
}

/**
 * Somebody in the middle: passes pairing datagrams between who asks it and the box, with a key of its own in place of
 * the box's. Settles when it listens; dispose ends it.
 */
export function relayThatReplacesKeys(
  home: VirtualHome,
  node: NodeName,
  boxAddress: string,
): Promise<AsyncDisposable> {
  return relay(home, node, boxAddress, 'answer.fill(9, 38, 70)');
}

/** The same, but it has the box say that its code has expired: what the box says five minutes after it showed one. */
export function relayThatSaysExpired(
  home: VirtualHome,
  node: NodeName,
  boxAddress: string,
): Promise<AsyncDisposable> {
  return relay(home, node, boxAddress, 'answer[21] = 3');
}

/** Passes pairing datagrams on, the box's offers after a change in JavaScript. */
async function relay(
  home: VirtualHome,
  node: NodeName,
  boxAddress: string,
  change: string,
): Promise<AsyncDisposable> {
  const child = home.spawn(node, process.execPath, ['-e', RELAY_SCRIPT, boxAddress, change], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return {
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** An offer is of kind 2; it has the state of the code at 21 and the key at 38; see docs/protocol.md. */
const RELAY_SCRIPT = `
  const { createSocket } = require('node:dgram');
  const [box, change] = process.argv.slice(1);
  const changeOffer = new Function('answer', change);
  const front = createSocket('udp4');
  const backs = new Map();
  front.on('message', (message, { address, port }) => {
    const key = address + ' ' + port;
    if (!backs.has(key)) {
      const back = createSocket('udp4');
      back.on('message', (answer) => {
        if (answer[2] === 2) changeOffer(answer);
        front.send(answer, port, address);
      });
      backs.set(key, back);
    }
    backs.get(key).send(message, 4747, box);
  });
  front.bind(4747, () => console.log('listening'));
`;

function start(
  home: VirtualHome,
  node: NodeName,
  name: 'bowline-box' | 'bowlined',
  args: readonly string[],
): DaemonProcess {
  const stateDir = join(home.tempDir, `${node}-${name}`);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const daemon = new DaemonProcess(home, node, args, { stateDir, socketPath: `${stateDir}.sock`, name });
  daemon.start();
  return daemon;
}
