import { isIPv4 } from 'node:net';
import { isPrivateAddress, type AnnouncedLink } from '../../src-platform/index.ts';
import type { NetlinkEvent } from '../../src-platform/native.ts';
import type { ListenArgument } from '../arguments.ts';

/** What the choice depends on. */
export interface LanQuestion {
  /** All links, addresses and routes of the machine. */
  readonly events: readonly NetlinkEvent[];
  readonly listen: ListenArgument;
  /** `auto`, or the interface that `--uplink` names. */
  readonly uplink: string;
  readonly tunnelName: string;
}

/** Interfaces that machines of one's own hang on; others are tunnels, or belong to containers. */
const LAN_KINDS = new Set<string | null>([
  null,
  'veth',
  'bridge',
  'bond',
  'team',
  'vlan',
  'macvlan',
  'ipvlan',
]);
const MANAGED_NAME =
  /^(docker|br-[0-9a-f]{12}$|virbr|vnet|vboxnet|vmnet|lxc|lxd|podman|cni|flannel|cali|veth)/;
const MAIN_TABLE = 254;

/**
 * Chooses the interfaces on which the box is announced, with the addresses on which it can be reached there.
 *
 * The uplink (the one that `--uplink` names, else those with a default route) counts only where it is the only one: a box
 * with one network card has its laptops there, a box between two networks has them on the other side. An interface with
 * a public IPv4 address never counts: behind it is the internet, and not a home.
 */
export function lanInterfaces({ events, listen, uplink, tunnelName }: LanQuestion): AnnouncedLink[] {
  const uplinks = new Set(
    events.flatMap((event) =>
      event.type === 'route' && event.table === MAIN_TABLE && event.prefixLength === 0 ? [event.ifindex] : [],
    ),
  );
  const candidates = events.flatMap((event): { link: AnnouncedLink; isUplink: boolean }[] => {
    if (event.type !== 'link' || !event.up || !event.carrier) return [];
    if (event.isLoopback || event.isPointToPoint || event.master !== 0 || event.name === tunnelName)
      return [];
    if (!LAN_KINDS.has(event.kind) || MANAGED_NAME.test(event.name)) return [];
    const addresses = events.flatMap((other) =>
      other.type === 'address' && other.ifindex === event.ifindex && !other.tentative && !other.dadFailed
        ? [other]
        : [],
    );
    if (addresses.some(({ family, address }) => family === 4 && !isPrivateAddress(address))) return [];
    const announced = addresses.filter((one) => !one.temporary && isListenedOn(one.address, listen));
    if (announced.length === 0) return [];
    const link = {
      name: event.name,
      ifindex: event.ifindex,
      addresses: addresses.map(({ family, address, prefixLength }) => ({ family, address, prefixLength })),
      announced: announced.map(({ address }) => address),
    };
    const isUplink = uplink === 'auto' ? uplinks.has(event.ifindex) : event.name === uplink;
    return [{ link, isUplink }];
  });
  const inside = candidates.filter(({ isUplink }) => !isUplink);
  return (inside.length > 0 ? inside : candidates).map(({ link }) => link);
}

function isListenedOn(address: string, listen: ListenArgument): boolean {
  if (listen.address === '::') return true;
  return listen.address === '0.0.0.0' ? isIPv4(address) : listen.address === address;
}
