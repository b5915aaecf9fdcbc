import type { Moment } from './command-child.ts';
import type { Direction } from './emulator/link-emulator.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES, laptopAddressCommands } from './home-plan.ts';
import type { DirectionShape, LinkName } from './home-plan.ts';

/** A fault that is in force. Undoing it twice does nothing the second time. */
export interface Fault extends Moment {
  /** Says what is wrong, for a table or a log. */
  readonly name: string;
  /** Ends the fault and settles when the link is as before. */
  undo(): Promise<Moment>;
}

/** Takes the carrier of a link away, as a pulled cable or an access point out of range does. */
export async function carrier(home: VirtualHome, link: LinkName): Promise<Fault> {
  const moment = await home.ip('air', `link set dev ${link}p down`);
  return fault(`${link}: carrier lost`, moment, () => home.ip('air', `link set dev ${link}p up`));
}

/**
 * Swallows every frame of a link in one or both directions while its carrier stays: a dead switch upstream, a wedged
 * access point. `up` is from the laptop.
 */
export async function silent(home: VirtualHome, link: LinkName, way: Direction | 'both'): Promise<Fault> {
  const { emulator } = home;
  const name = `${link}: silent ${way === 'both' ? 'both ways' : `${way}stream`}`;
  if (emulator !== null && home.shapedLinks.has(link)) {
    const moment = await emulator.change(link, way, { blackHole: true });
    return fault(name, moment, () => emulator.change(link, way, { blackHole: false }));
  }
  return dropAtAir(home, name, `silent_${link}`, link, way, 'drop');
}

/**
 * Loses a share of a link's frames in both directions.
 *
 * On a plain link a frame is what the kernel hands over: up to 64 KiB, so one loss takes a run of datagrams with it. A
 * shaped link loses single frames.
 *
 * @param ratio 0 to 1.
 */
export async function loss(home: VirtualHome, link: LinkName, ratio: number): Promise<Fault> {
  const { emulator } = home;
  const shape = home.shape(link);
  const name = `${link}: ${(ratio * 100).toFixed(0)} % loss`;
  if (emulator === null || shape === null) {
    // The random number is drawn below a power of two, which the kernel scales without bias.
    const threshold = Math.round(ratio * 65536);
    return dropAtAir(home, name, `loss_${link}`, link, 'both', `numgen random mod 65536 < ${threshold} drop`);
  }
  const moment = await emulator.change(link, 'both', { lossRatio: ratio });
  return fault(name, moment, async () => {
    const up: DirectionShape = 'up' in shape ? shape.up : shape;
    const down: DirectionShape = 'down' in shape ? shape.down : shape;
    await emulator.change(link, 'up', { lossRatio: up.lossRatio });
    return emulator.change(link, 'down', { lossRatio: down.lossRatio });
  });
}

/**
 * Swallows frames of a shaped link that are larger than `frameBytes`, Ethernet head included, and says nothing: a path
 * that has become narrower behind a router whose messages are lost. A plain link's frames are not what is on a wire.
 */
export async function narrowed(home: VirtualHome, link: LinkName, frameBytes: number): Promise<Fault> {
  if (home.shape(link) === null) throw new Error(`${link} has to be shaped to be narrowed`);
  // Lengths at this hook are without the Ethernet head. At both places frames come one by one, out of the emulator.
  const begin = (device: string): string =>
    `add table netdev narrow; add chain netdev narrow ${link} { type filter hook ingress device ${device} priority 0; }; ` +
    `add rule netdev narrow ${link} meta length > ${frameBytes - 14} drop`;
  await home.nft('air', begin(`${link}b`));
  const moment = await home.nft('laptop', begin(link));
  return fault(`${link}: frames above ${frameBytes} bytes vanish`, moment, async () => {
    await home.nft('air', 'delete table netdev narrow');
    return home.nft('laptop', 'delete table netdev narrow');
  });
}

/** Removes a link's device, as a pulled USB adapter or dock does; undo re-creates it with another index. */
export async function deviceRemoved(home: VirtualHome, link: LinkName): Promise<Fault> {
  const moment = await home.removeLinkDevice(link);
  return fault(`${link}: device removed`, moment, () => home.restoreLinkDevice(link));
}

/** Gives a link another address in its subnet and takes the old one away, as a new lease does. */
export async function addressChanged(home: VirtualHome, link: LinkName): Promise<Fault> {
  const plan = home.link(link);
  const change = (addresses: { readonly v4: string; readonly v6: string }): Promise<Moment> =>
    home.ip(
      'laptop',
      `addr flush dev ${link} scope global`,
      ...laptopAddressCommands(plan, addresses, home.hasIpv6),
    );
  const moment = await change(plan.otherAddresses);
  return fault(`${link}: address changed`, moment, () => change(plan.addresses));
}

/**
 * Lets the carrier of a link come and go: `hz` full cycles a second, beginning with a loss. Undo leaves the link up.
 */
export async function flap(home: VirtualHome, link: LinkName, hz: number): Promise<Fault> {
  const first = await carrier(home, link);
  let isUp = false;
  let lastTurn: Promise<unknown> = Promise.resolve();
  let failure: unknown = null;
  const timer = setInterval(
    () => {
      isUp = !isUp;
      lastTurn = home.ip('air', `link set dev ${link}p ${isUp ? 'up' : 'down'}`).catch((error: unknown) => {
        failure = error;
      });
    },
    1000 / hz / 2,
  );
  return fault(`${link}: flapping at ${hz} Hz`, first, async () => {
    clearInterval(timer);
    await lastTurn;
    if (failure !== null) throw new Error(`flap ${link}`, { cause: failure });
    return first.undo();
  });
}

/** Takes the carrier of both links away. */
export async function everyCarrier(home: VirtualHome): Promise<Fault> {
  const moment = await home.ip('air', ...LINK_NAMES.map((link) => `link set dev ${link}p down`));
  return fault('both links: carrier lost', moment, () =>
    home.ip('air', ...LINK_NAMES.map((link) => `link set dev ${link}p up`)),
  );
}

function fault(name: string, moment: Moment, undoOnce: () => Promise<Moment>): Fault {
  let undone: Promise<Moment> | null = null;
  return { name, ...moment, undo: () => (undone ??= undoOnce()) };
}

/** Puts a rule before the switch, at the link's air end: `up` on what enters there, `down` on what leaves. */
async function dropAtAir(
  home: VirtualHome,
  name: string,
  table: string,
  link: LinkName,
  way: Direction | 'both',
  rule: string,
): Promise<Fault> {
  const chain = (hook: 'ingress' | 'egress'): string =>
    `add chain netdev ${table} ${hook} { type filter hook ${hook} device ${link}p priority 0; }; ` +
    `add rule netdev ${table} ${hook} ${rule};`;
  const chains = `${way === 'down' ? '' : chain('ingress')} ${way === 'up' ? '' : chain('egress')}`;
  const moment = await home.nft('air', `add table netdev ${table}; ${chains}`);
  return fault(name, moment, () => home.nft('air', `delete table netdev ${table}`));
}
