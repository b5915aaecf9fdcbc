import { createInterface } from 'node:readline';
import type { WindowServer } from '../../src-web-ui/window-server.ts';
import type { LinkCondition } from './cycle-plan.ts';
import { StatusWatch } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { openInBrowser, serveDemoWindow } from './demo-window.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { LinkName } from './home-plan.ts';
import { Cables } from './roaming-cycle.ts';
import { SharedCables } from './shared-cables.ts';
import { Traffic } from './traffic.ts';

/** Enough to be seen in the window's curves, and little work for the machine. */
const TRANSFER_BITS_PER_SECOND = 8_000_000;

/**
 * Keeps a home up for a person to play with: reads commands from standard input, tells the daemon's state when it
 * changes, and settles on `quit`, at the end of the input or when the signal aborts.
 */
export async function stayInHome(
  home: VirtualHome,
  tunnel: Tunnel | null,
  signal: AbortSignal,
): Promise<void> {
  const cables = new SharedCables(new Cables(home));
  await using watch = tunnel === null ? null : new StatusWatch(tunnel);
  // Something for the links to carry: a download and an upload that must live through everything.
  await using _traffic = await Traffic.start(home, {
    stream: null,
    echoIntervalMs: null,
    transferBitsPerSecond: TRANSFER_BITS_PER_SECOND,
  });
  const window = tunnel === null ? null : await serveDemoWindow(tunnel.laptop.socketPath, cables);
  console.log(instructions(home, tunnel, window));
  if (window !== null) await openInBrowser(window.address);
  const input = createInterface({ input: process.stdin, prompt: '> ', terminal: process.stdin.isTTY });
  let told = '';
  const timer = setInterval(() => {
    const status = watch?.latest ?? null;
    const text =
      status === null ? '' : `${status.state}, carried by ${status.carrying.join(' + ') || 'nothing'}`;
    if (text !== told && text !== '') {
      told = text;
      console.log(`  ${text}`);
    }
  }, 250);
  const ended = new Promise<void>((resolve) => {
    input.once('close', resolve);
    signal.addEventListener('abort', () => input.close(), { once: true });
  });
  input.on('line', (line) => {
    void obey(cables, line.trim()).then((answer) => {
      if (answer === null) {
        input.close();
        return;
      }
      console.log(answer);
      input.prompt();
    });
  });
  input.prompt();
  // Without a terminal there is nobody to type: the home stays until it is told to go.
  if (!process.stdin.isTTY) {
    input.removeAllListeners('close');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } else {
    await ended;
  }
  clearInterval(timer);
  await window?.close();
}

const VERBS: Readonly<Record<string, LinkCondition>> = {
  pull: 'carrier-lost',
  silence: 'silent',
  plug: 'up',
};

/** Carries out one command; hands back what to say, or null to end. */
async function obey(cables: SharedCables, line: string): Promise<string | null> {
  const [verb = '', link = ''] = line.split(/\s+/);
  if (verb === 'quit' || verb === 'exit') {
    return null;
  }
  if (verb === '') {
    return '';
  }
  const condition = VERBS[verb];
  const name = LINK_NAMES.find((known): known is LinkName => known === link);
  if (condition === undefined || name === undefined) {
    return 'pull eth0 | silence eth0 | plug eth0 | the same with wlan0 | quit';
  }
  await cables.apply(name, condition);
  return cables.all.map(({ link, condition: present }) => `${link}: ${present}`).join(', ');
}

function instructions(home: VirtualHome, tunnel: Tunnel | null, window: WindowServer | null): string {
  const enter = (node: 'laptop' | 'box' | 'net'): string => `  ip netns exec ${home.namespace(node)} bash`;
  return [
    '',
    ...(window === null
      ? []
      : ['The window of this laptop; its view Demo has the cables:', `  ${window.address}`, '']),
    'The home stays up. Pull cables there, or here:',
    '  pull eth0 · pull wlan0       takes the carrier away',
    '  silence eth0 · silence wlan0 swallows everything, the carrier stays',
    '  plug eth0 · plug wlan0       puts it right',
    '  quit, or Ctrl-C              takes the home down',
    '',
    'Look around from another terminal, as root:',
    `${enter('laptop')}     the laptop`,
    `${enter('box')}        the box`,
    `${enter('net')}        the internet server, ${home.serverAddress(4)}`,
    ...(tunnel === null ? [] : [`  bin/bowline status --socket ${tunnel.laptop.socketPath}`]),
    '',
  ].join('\n');
}
