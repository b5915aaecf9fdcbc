import { readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LinkEvent } from '../../src-native/lib/netlink-types.ts';
import type { LinkKind } from '../../src-shared/model/link.ts';

/** Which interfaces count as links: all that look like it, or exactly those named. */
export type LinkSelection = 'auto' | readonly string[];

/** What the system says about an interface's hardware. */
export interface InterfaceDetails {
  /** `DEVTYPE` of the kernel's device event, such as `wlan` or `wwan`; null for plain Ethernet. */
  readonly deviceType: string | null;
  /** Name of the bus, such as `usb` or `pci`; null for virtual interfaces. */
  readonly bus: string | null;
}

/** Reads {@link InterfaceDetails} by interface name; what is not there is null. */
export type ReadInterfaceDetails = (name: string) => InterfaceDetails;

/** Reads details below /sys/class/net. */
export function interfaceDetailsFrom(root = '/sys/class/net'): ReadInterfaceDetails {
  return (name) => ({
    deviceType: orNull(() => /^DEVTYPE=(.+)$/m.exec(readFileSync(join(root, name, 'uevent'), 'utf8'))?.[1]),
    bus: orNull(() => basename(readlinkSync(join(root, name, 'device/subsystem')))),
  });
}

/** Interfaces of container and virtual machine managers, by the names that these give. */
const MANAGED_NAME = /^(docker|br-|virbr|vnet|vboxnet|vmnet|lxc|lxd|podman|cni|flannel|cali|veth)/;

/** Interfaces with a name that systemd, the kernel or an administrator gives to hardware. */
const PHYSICAL_NAME = /^(en|eth|wl|ww|usb)/;

/** Virtual interfaces that carry addresses on behalf of hardware. */
const KINDS_OVER_HARDWARE = new Set(['bond', 'team', 'vlan', 'macvlan', 'ipvlan']);

/** Kinds of other tunnels, whatever program makes them. */
const TUNNEL_KINDS = new Set([
  'tun',
  'wireguard',
  'ipip',
  'ip6tnl',
  'sit',
  'gre',
  'gretap',
  'vti',
  'xfrm',
  'vxlan',
]);

/** Tells what a link is made of: first by what the system says, then by its name. */
export function kindOfLink(name: string, { deviceType, bus }: InterfaceDetails): LinkKind {
  if (deviceType === 'wlan') return 'wifi';
  if (deviceType === 'wwan') return 'cellular';
  if (bus === 'usb') return 'usb';
  if (name.startsWith('wl')) return 'wifi';
  if (name.startsWith('ww')) return 'cellular';
  if (name.startsWith('usb')) return 'usb';
  if (name.startsWith('en') || name.startsWith('eth')) return 'ethernet';
  return bus === null ? 'other' : 'ethernet';
}

/** Tells what a bond or bridge is made of: what all its ports of hardware are, if they agree. */
export function kindOfPorts(kinds: readonly LinkKind[]): LinkKind {
  const [first = 'other'] = kinds;
  return kinds.every((kind) => kind === first) ? first : 'other';
}

/**
 * Says why an interface is not a link; null if it is one. A list of names decides alone; without one, anything that
 * is not a way out of the laptop is left out.
 *
 * @param masterName name of the bridge or bond that the interface is part of; null if of none
 * @param ports what is part of this interface
 */
export function reasonToIgnore(
  link: Pick<LinkEvent, 'name' | 'kind' | 'isLoopback'>,
  masterName: string | null,
  ports: readonly Pick<LinkEvent, 'name' | 'kind'>[],
  selection: LinkSelection,
  tunnelName: string,
): string | null {
  if (selection !== 'auto') return selection.includes(link.name) ? null : 'not one of the chosen links';
  if (link.name === tunnelName) return 'the tunnel itself';
  if (link.isLoopback) return 'loopback';
  if (masterName !== null) return `part of ${masterName}`;
  if (MANAGED_NAME.test(link.name)) return 'belongs to containers or virtual machines';
  if (isHardware(link) || KINDS_OVER_HARDWARE.has(link.kind ?? '')) return null;
  // The laptop's cable plugged into a bridge of its own, as for virtual machines: the bridge has the address then.
  if (link.kind === 'bridge' && ports.some(isHardware)) return null;
  if (TUNNEL_KINDS.has(link.kind ?? '')) return `another tunnel (${link.kind})`;
  return `virtual interface (${link.kind})`;
}

function isHardware({ name, kind }: Pick<LinkEvent, 'name' | 'kind'>): boolean {
  return kind === null || (kind === 'veth' && PHYSICAL_NAME.test(name));
}

function orNull(read: () => string | undefined): string | null {
  try {
    return read() ?? null;
  } catch {
    // Virtual interfaces have no such file, and an interface may vanish at any moment.
    return null;
  }
}
