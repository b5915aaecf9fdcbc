/* What the addon tells of links, addresses, routes and neighbours, from rtnetlink(7). */

export type NetlinkGroup =
  'link' | 'address4' | 'address6' | 'route4' | 'route6' | 'rule4' | 'rule6' | 'neighbour';

export type NetlinkDumpKind = 'link' | 'address' | 'route' | 'rule' | 'neighbour';

export type AddressScope = 'global' | 'link' | 'host' | 'other';

export interface LinkEvent {
  readonly type: 'link';
  readonly removed: boolean;
  readonly ifindex: number;
  readonly name: string;
  /** Switched on by the administrator. */
  readonly up: boolean;
  readonly carrier: boolean;
  readonly operState: 'unknown' | 'not-present' | 'down' | 'lower-layer-down' | 'testing' | 'dormant' | 'up';
  readonly mtuBytes: number;
  /** Such as `veth`, `bridge` or `tun`; `null` for hardware. */
  readonly kind: string | null;
  /** Index of the bridge or bond above, or 0. */
  readonly master: number;
  readonly mac: string | null;
  readonly isLoopback: boolean;
  readonly isPointToPoint: boolean;
}

export interface AddressEvent {
  readonly type: 'address';
  readonly removed: boolean;
  readonly ifindex: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: AddressScope;
  /** A temporary IPv6 address of the privacy extensions. */
  readonly temporary: boolean;
  readonly deprecated: boolean;
  readonly tentative: boolean;
  readonly dadFailed: boolean;
}

/** One hop of a route: a route over several interfaces gives one event for each. */
export interface RouteEvent {
  readonly type: 'route';
  readonly removed: boolean;
  readonly family: 4 | 6;
  readonly table: number;
  /** `0.0.0.0` or `::` with prefix length 0 for a default route. */
  readonly destination: string;
  readonly prefixLength: number;
  readonly gateway: string | null;
  /** 0 where the route leads nowhere. */
  readonly ifindex: number;
  readonly metric: number;
  /** Who made it: `RTPROT_*`. */
  readonly protocol: number;
  readonly scope: AddressScope;
  readonly routeType:
    | 'unicast'
    | 'local'
    | 'broadcast'
    | 'anycast'
    | 'multicast'
    | 'blackhole'
    | 'unreachable'
    | 'prohibit'
    | 'throw'
    | 'other';
  /**
   * Who asked for the change: the port of a netlink socket, which is the process id for a process's first one; 0 for the
   * kernel itself.
   */
  readonly requester: number;
}

export interface RuleEvent {
  readonly type: 'rule';
  readonly removed: boolean;
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  readonly action: 'table' | 'goto' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit' | 'other';
  /** The rule applies where its selectors do not match. */
  readonly inverted: boolean;
  readonly source: string;
  readonly sourceLength: number;
  readonly destination: string;
  readonly destinationLength: number;
  readonly mark: number;
  readonly markMask: number;
  readonly inputInterface: string | null;
  readonly outputInterface: string | null;
  readonly suppressPrefixLength: number | null;
  /** Who made it: `RTPROT_*`. */
  readonly protocol: number;
  /**
   * Who asked for the change: the port of a netlink socket, which is the process id for a process's first one; 0 for the
   * kernel itself.
   */
  readonly requester: number;
}

export interface NeighbourEvent {
  readonly type: 'neighbour';
  readonly removed: boolean;
  readonly ifindex: number;
  readonly family: 4 | 6;
  readonly address: string;
  readonly mac: string | null;
  /** Packets can be sent to it. */
  readonly usable: boolean;
  /** It did not answer. */
  readonly failed: boolean;
  /** How long ago it was last known to answer, to 10 ms; more than half a minute if it never was. */
  readonly confirmedAgoMicros: number;
}

/** The kernel dropped events: only new dumps tell the state. */
export interface OverflowEvent {
  readonly type: 'overflow';
  readonly removed: false;
}

export type NetlinkEvent = LinkEvent | AddressEvent | RouteEvent | RuleEvent | NeighbourEvent | OverflowEvent;

export interface NetlinkOptions {
  readonly groups: readonly NetlinkGroup[];
}

/** A listener for changes of the network configuration in this process's network namespace. */
export interface NativeNetlink {
  startPolling(onReadable: () => void): void;
  stopPolling(): void;
  /** Takes what has happened, at most 512 messages a call. */
  read(): NetlinkEvent[];
  /** Reads the present state, both families, over a socket of its own. Blocks for as long as the kernel takes. */
  dump(kind: NetlinkDumpKind): NetlinkEvent[];
  /**
   * Has the kernel find out a neighbour's hardware address, or check an old one, as a packet for it would. What comes of
   * it is in later events and dumps. Needs CAP_NET_ADMIN.
   */
  resolve(ifindex: number, address: string): void;
  close(): void;
}
