/**
 * The virtual home as data: who has which device, address and route. Pure; `home.ts` carries it out.
 *
 * ```
 *            air (switch, access point, emulator)
 *  laptop    ┌───────────────────────────────┐    box ── wan0 ── 203.0.113.0/24 ──┐
 *   eth0 ────┤ eth0p ─[eth0e══eth0b]─┐       │   lan0, lan1                        net (internet server)
 *   wlan0 ───┤ wlan0p ─[ … ]─────────┴ br0   │   router ─ wan0 ─ 198.51.100.0/24 ──┘
 *            └───────────────────────────────┘   lan0, lan1
 * ```
 *
 * A plain link's air end (`eth0p`) is a port of the bridge. A shaped link's air end is read by the emulator, which
 * passes frames on to `eth0e`, whose other end `eth0b` is the port. The router is the home's ordinary router: it
 * masquerades, so the internet works without the box. Box and router reach the server from different networks, so
 * the server sees by the source address which way traffic came, and it has no route to any home network, so an
 * answer proves NAT.
 */

/** The laptop's links. */
export const LINK_NAMES = ['eth0', 'wlan0'] as const;
export type LinkName = (typeof LINK_NAMES)[number];

/** Whether both links lead into one subnet (one bridge) or each into its own. */
export type Subnets = 'one' | 'two';

/** The machines of the home; each is one network namespace. */
export const NODE_NAMES = ['laptop', 'air', 'box', 'router', 'net'] as const;
/** A `guest` is another machine of the home; it is there once `VirtualHome.addGuest` was called. */
export type NodeName = (typeof NODE_NAMES)[number] | 'guest';

/** One direction of an emulated link. `up` is from the laptop. */
export interface DirectionShape {
  /** Bits a second of whole Ethernet frames; 0 means no limit. */
  readonly rateBitsPerSecond: number;
  /** Longest time a frame may wait for the rate limit; what would wait longer is dropped (tail drop). */
  readonly queueMs: number;
  /** Delay besides the queue. */
  readonly delayMs: number;
  /** The delay wanders within plus or minus this. */
  readonly jitterMs: number;
  /** Share of frames lost, 0 to 1. */
  readonly lossRatio: number;
  /** Mean length of a run of lost frames (Gilbert-Elliott); 1 or absent means independent losses. */
  readonly lossBurstFrames?: number;
  /** Share of frames delivered twice, 0 to 1. */
  readonly duplicateRatio?: number;
  /** Lets jitter reorder frames; Wi-Fi does not, so it is off by default. */
  readonly reorders?: boolean;
}

/** How a link is: `null` is a plain veth at full speed, one shape serves both directions. */
export type LinkShape =
  DirectionShape | { readonly up: DirectionShape; readonly down: DirectionShape } | null;

/** Addresses of one interface, with prefix length; `v6` is absent in a home without IPv6. */
export interface InterfaceAddresses {
  readonly v4: string;
  readonly v6: string;
}

/** Everything about a link that outlives its device. */
export interface LinkPlan {
  readonly name: LinkName;
  readonly mac: string;
  /** Bridge of the air namespace the link leads into. */
  readonly bridge: 'br0' | 'br1';
  readonly addresses: InterfaceAddresses;
  /** What the link gets when its address changes. */
  readonly otherAddresses: InterfaceAddresses;
  readonly gateway: InterfaceAddresses;
  /** The route metrics that NetworkManager gives Ethernet and Wi-Fi. */
  readonly metric: number;
}

/** The server's address on the box's uplink; the laptop reaches it through whatever its routes say. */
export const SERVER = { v4: '203.0.113.1', v6: '2001:db8:1::1' } as const;
/** The source the server sees for what came through the box. */
export const BOX_WAN = { v4: '203.0.113.2', v6: '2001:db8:1::2' } as const;
/** The source the server sees for what went beside the box. */
export const ROUTER_WAN = { v4: '198.51.100.2', v6: '2001:db8:2::2' } as const;

/** Lists the links of a home. */
export function linkPlan(name: LinkName, subnets: Subnets): LinkPlan {
  const subnet = name === 'wlan0' && subnets === 'two' ? 78 : 77;
  const host = name === 'eth0' ? 10 : 11;
  return {
    name,
    mac: name === 'eth0' ? '02:b0:00:00:00:10' : '02:b0:00:00:00:11',
    bridge: subnet === 77 ? 'br0' : 'br1',
    addresses: lanAddresses(subnet, host, host.toString()),
    otherAddresses: lanAddresses(subnet, host + 100, (host + 100).toString()),
    gateway: { v4: `192.168.${subnet}.254`, v6: `fd00:${subnet}::fe` },
    metric: name === 'eth0' ? 100 : 600,
  };
}

/** Addresses of the box on the home's networks, without prefix length, `lan0` first. */
export function boxLanAddresses(subnets: Subnets): readonly InterfaceAddresses[] {
  return lanNumbers(subnets).map((subnet) => ({ v4: `192.168.${subnet}.1`, v6: `fd00:${subnet}::1` }));
}

/** Renders the `ip -batch` lines that make the devices of the whole home, given each node's namespace. */
export function deviceCommands(
  subnets: Subnets,
  shaped: ReadonlySet<LinkName>,
  namespaceOf: (node: NodeName) => string,
): string[] {
  const air = namespaceOf('air');
  const lines = [
    `link add wan0 netns ${namespaceOf('box')} type veth peer name wan0 netns ${namespaceOf('net')}`,
    `link add wan0 netns ${namespaceOf('router')} type veth peer name wan1 netns ${namespaceOf('net')}`,
  ];
  for (const [index] of lanNumbers(subnets).entries()) {
    for (const node of ['box', 'router'] as const) {
      lines.push(
        `link add lan${index} netns ${namespaceOf(node)} type veth peer name ${node}lan${index} netns ${air}`,
      );
    }
  }
  for (const name of LINK_NAMES) {
    lines.push(linkDeviceCommand(linkPlan(name, subnets), FIRST_LINK_INDEX[name], namespaceOf));
    if (shaped.has(name)) {
      lines.push(`link add ${name}e netns ${air} type veth peer name ${name}b netns ${air}`);
    }
  }
  return lines;
}

/**
 * Renders the line that makes a link's device.
 *
 * The laptop's end gets an interface index that its air end cannot have: where the two are equal the kernel takes the
 * veth for a plain card and may hold a carrier event back for up to one second.
 */
export function linkDeviceCommand(
  link: LinkPlan,
  laptopIndex: number,
  namespaceOf: (node: NodeName) => string,
): string {
  return (
    `link add ${link.name} index ${laptopIndex} address ${link.mac} netns ${namespaceOf('laptop')}` +
    ` type veth peer name ${link.name}p netns ${namespaceOf('air')}`
  );
}

/** Renders the `ip -batch` lines that run inside the air namespace. */
export function airCommands(subnets: Subnets, shaped: ReadonlySet<LinkName>): string[] {
  const bridges = lanNumbers(subnets).map((_, index) => `br${index}`);
  return [
    ...bridges.flatMap((bridge) => [
      // Multicast snooping has no querier here and would end neighbour discovery after some minutes.
      `link add ${bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set dev ${bridge} up`,
    ]),
    ...bridges.flatMap((bridge, index) =>
      ['box', 'router'].map((node) => `link set dev ${node}lan${index} master ${bridge} up`),
    ),
    ...LINK_NAMES.flatMap((name) => airLinkCommands(linkPlan(name, subnets), shaped.has(name))),
    ...[...shaped].flatMap((name) => [
      `link set dev ${name}e up`,
      `link set dev ${name}b master ${linkPlan(name, subnets).bridge} up`,
    ]),
  ];
}

/** Renders the lines that bring up the air end of a link. */
export function airLinkCommands(link: LinkPlan, isShaped: boolean): string[] {
  return [isShaped ? `link set dev ${link.name}p up` : `link set dev ${link.name}p master ${link.bridge} up`];
}

/** Renders the lines that bring up a link on the laptop, as its network manager would. */
export function laptopLinkCommands(link: LinkPlan, hasIpv6: boolean): string[] {
  return [`link set dev ${link.name} up`, ...laptopAddressCommands(link, link.addresses, hasIpv6)];
}

/**
 * Renders the lines that give a link addresses and default routes. An IPv6 default route outlives the address it was
 * made for, so routes are replaced rather than added.
 */
export function laptopAddressCommands(
  link: LinkPlan,
  addresses: InterfaceAddresses,
  hasIpv6: boolean,
): string[] {
  const { name, metric, gateway } = link;
  const lines = [
    `addr add ${addresses.v4} dev ${name} metric ${metric}`,
    `route replace default via ${gateway.v4} dev ${name} metric ${metric}`,
  ];
  if (!hasIpv6) return lines;
  return [
    ...lines,
    `addr add ${addresses.v6} dev ${name} metric ${metric} nodad`,
    `route replace default via ${gateway.v6} dev ${name} metric ${metric}`,
  ];
}

/** The guest's addresses in the home's first subnet. */
export const GUEST: InterfaceAddresses = { v4: '192.168.77.30/24', v6: 'fd00:77::30/64' };

/** Renders the lines for the air namespace that make the guest's device and plug it into the first switch. */
export function guestDeviceCommands(namespaceOf: (node: NodeName) => string): string[] {
  return [
    `link add guestp type veth peer name eth0 netns ${namespaceOf('guest')}`,
    'link set dev guestp master br0 up',
  ];
}

/** Renders the lines that bring up the guest. */
export function guestCommands(hasIpv6: boolean): string[] {
  const { gateway } = linkPlan('eth0', 'one');
  const lines = [
    'link set dev eth0 up',
    `addr add ${GUEST.v4} dev eth0 metric 100`,
    `route add default via ${gateway.v4} dev eth0 metric 100`,
  ];
  if (!hasIpv6) return lines;
  return [
    ...lines,
    `addr add ${GUEST.v6} dev eth0 metric 100 nodad`,
    `route add default via ${gateway.v6} dev eth0 metric 100`,
  ];
}

/** Renders the lines that run inside the box, the router or the server. */
export function machineCommands(
  node: 'box' | 'router' | 'net',
  subnets: Subnets,
  hasIpv6: boolean,
): string[] {
  const lines: string[] = [];
  const give = (device: string, v4: string, v6: string): void => {
    lines.push(`link set dev ${device} up`, `addr add ${v4} dev ${device}`);
    if (hasIpv6) lines.push(`addr add ${v6} dev ${device} nodad`);
  };
  const gateway = (v4: string, v6: string): void => {
    lines.push(`route add default via ${v4}`);
    if (hasIpv6) lines.push(`route add default via ${v6}`);
  };
  if (node === 'net') {
    give('wan0', `${SERVER.v4}/24`, `${SERVER.v6}/64`);
    give('wan1', '198.51.100.1/24', '2001:db8:2::1/64');
    // An answer to a datagram leaves with the address it was sent to, whichever way it came.
    lines.push(`route replace 198.51.100.0/24 dev wan1 src ${SERVER.v4}`);
    if (hasIpv6) lines.push(`route replace 2001:db8:2::/64 dev wan1 metric 256 src ${SERVER.v6}`);
    return lines;
  }
  for (const [index, subnet] of lanNumbers(subnets).entries()) {
    const addresses = node === 'box' ? lanAddresses(subnet, 1, '1') : lanAddresses(subnet, 254, 'fe');
    give(`lan${index}`, addresses.v4, addresses.v6);
  }
  if (node === 'box') {
    give('wan0', `${BOX_WAN.v4}/24`, `${BOX_WAN.v6}/64`);
    gateway(SERVER.v4, SERVER.v6);
  } else {
    give('wan0', `${ROUTER_WAN.v4}/24`, `${ROUTER_WAN.v6}/64`);
    gateway('198.51.100.1', '2001:db8:2::1');
  }
  return lines;
}

/** The router's masquerading as one nftables ruleset. */
export const ROUTER_RULESET = `table inet home_router {
  chain out { type nat hook postrouting priority srcnat; policy accept; oifname "wan0" masquerade; }
}
`;

const FIRST_LINK_INDEX: Readonly<Record<LinkName, number>> = { eth0: 101, wlan0: 102 };

function lanNumbers(subnets: Subnets): readonly number[] {
  return subnets === 'one' ? [77] : [77, 78];
}

function lanAddresses(subnet: number, v4Host: number, v6Host: string): InterfaceAddresses {
  return { v4: `192.168.${subnet}.${v4Host}/24`, v6: `fd00:${subnet}::${v6Host}/64` };
}
