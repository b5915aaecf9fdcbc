import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { laptopNameOf } from '../../src-box/peers/laptop-name.ts';
import type { BoxStatus } from '../../src-shared/model/box-status.ts';
import { shownCodeSchema, type ShownCode } from '../../src-shared/model/pairing.ts';
import { askBoxStatus, DaemonProcess } from './daemons.ts';
import { FaultyMachine } from './faulty-libc.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { NodeName } from './home-plan.ts';
import { projectDir, runProgram, tryProgram } from './programs.ts';
import type { ProgramResult } from './programs.ts';

/** How the laptop calls itself, as the box stores it: the host's name, which namespaces share. */
export const LAPTOP_NAME = laptopNameOf(hostname().split('.')[0] ?? '');

/** Starts a box that knows nobody, from an empty state folder. */
export function bareBox(
  home: VirtualHome,
  node: 'box' | 'guest' | 'router',
  isAnnounced = false,
  machine: FaultyMachine | null = null,
  name = `box-${node}`,
): DaemonProcess {
  const args = [...(isAnnounced ? [] : ['--no-mdns']), '--name', name];
  return start(home, node, 'bowline-box', args, machine);
}

/** Starts a laptop's daemon that knows no box, from an empty state folder. */
export function bareLaptop(
  home: VirtualHome,
  machine: FaultyMachine | null = null,
  links: readonly string[] = LINK_NAMES,
): DaemonProcess {
  return start(home, 'laptop', 'bowlined', ['--links', links.join(',')], machine);
}

/** A machine for {@link bareBox} or {@link bareLaptop} whose disk and clock may fail. */
export function faultyMachine(
  home: VirtualHome,
  node: NodeName,
  name: 'bowline-box' | 'bowlined',
): Promise<FaultyMachine> {
  const stateDir = stateDirOf(home, node, name);
  return FaultyMachine.create(`${stateDir}.faults`, stateDir);
}

/** Asks a box by its command line. */
export function boxCommand(box: DaemonProcess, ...args: readonly string[]): Promise<string> {
  return runProgram(join(projectDir(), 'bin/bowline-box'), [...args, '--socket', box.socketPath]);
}

/** Asks a box by its command line, whatever the exit status. */
export function tryBoxCommand(box: DaemonProcess, ...args: readonly string[]): Promise<ProgramResult> {
  return tryProgram(join(projectDir(), 'bin/bowline-box'), [...args, '--socket', box.socketPath]);
}

/** Makes a box show a new code. */
export async function showCode(box: DaemonProcess): Promise<ShownCode> {
  return shownCodeSchema.parse(JSON.parse(await boxCommand(box, 'pair', '--json')));
}

/** Asks a box for its status. Rejects while it does not answer. */
export function boxStatusOf(box: DaemonProcess): Promise<BoxStatus> {
  return askBoxStatus(box.socketPath);
}

/** A code that is not the one that is shown. */
export function wrongCode({ code }: ShownCode): string {
  return String((Number(code) + 1) % 1e8).padStart(8, '0');
}

/**
 * Somebody in between who passes pairing datagrams on, and has the box say that its code has expired: what it says five
 * minutes after it showed one. Settles when it listens; dispose ends it.
 */
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
  machine: FaultyMachine | null,
): DaemonProcess {
  const stateDir = stateDirOf(home, node, name);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const paths = { stateDir, socketPath: `${stateDir}.sock`, name };
  const daemon = new DaemonProcess(home, node, args, paths, machine?.through ?? []);
  daemon.start();
  return daemon;
}

function stateDirOf(home: VirtualHome, node: NodeName, name: 'bowline-box' | 'bowlined'): string {
  return join(home.tempDir, `${node}-${name}`);
}
