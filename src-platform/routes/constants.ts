/**
 * The one routing table of the tunnel. The number is that of the UDP port, easy to recognise in `ip rule`, and far
 * from the numbers that distributions and other tunnels use (52, 200-254, 51820).
 */
export const TUNNEL_TABLE = 4747;

/**
 * Protocol number on our rules and routes, by which they are told from everybody else's. It is free in
 * /etc/iproute2/rt_protos, and network managers leave alone what has a protocol they do not know.
 */
export const ROUTE_PROTOCOL = 47;

/** The range that holds all our rules; nothing of ours is outside it. */
export const FIRST_RULE_PRIORITY = 32_700;
export const LAST_RULE_PRIORITY = 32_765;

/**
 * Order of the rules. The range ends right before the main table's rule (32766), so that everybody else's rules come
 * first: the tunnel takes the place of the main table's default route and of nothing else. Tailscale's rules are at
 * 5210 to 5270. wg-quick's get the number before the lowest one that is there: 32765 and 32764 if it was first, and
 * then ours are behind them, because rules of one number stand in the order in which they came.
 */
export const RULE_PRIORITY = {
  /** The tunnel's own datagrams never enter the tunnel. */
  ownSockets: 32_700,
  /** Connections bound to the tunnel's address stay in it: switching off breaks none. */
  tunnelAddress: 32_710,
  /** What concerns only the network right here: multicast, broadcast, link-local addresses, DHCP. */
  alwaysDirect: 32_720,
  /** Connections bound to a link's address stay on the link: switching on breaks none. */
  linkAddress: 32_730,
  /** The local networks, where they are to be reached through the tunnel. */
  localNetwork: 32_740,
  /** Questions to name servers in the own networks of the links go through the tunnel. */
  nameServer: 32_745,
  /** What has a route of its own (the local network, containers, other tunnels) keeps it. */
  specificRoutes: 32_750,
  /** Everything else. */
  everythingElse: 32_765,
} as const;

/**
 * Protocol number on the rules that stand for rules of the user about programs, users and destinations: they are kept
 * apart from the tunnel's, since they are there without it too.
 */
export const PROGRAM_PROTOCOL = 48;

/** Protocol number on the rules for single addresses, which come and go by themselves. */
export const HOST_PROTOCOL = 49;

/** Order of the rules for programs, users and destinations, among those of {@link RULE_PRIORITY}. */
export const PROGRAM_RULE_PRIORITY = {
  /** The tunnel's own datagrams, while the tunnel's rules are not there. */
  ownSockets: 32_711,
  /** By the mark that a program's sockets are made with: before their address is chosen. */
  programs: 32_712,
  programsEnd: 32_713,
  /** A link's own addresses, where a rule of the user keeps something on that link. */
  linkAddress: 32_729,
  /** Addresses of all links, where the ways of open connections must not follow what is learnt of a domain. */
  anyLinkAddress: 32_731,
  /** After the rules by address, so that open connections stay where they are. */
  users: 32_732,
  usersEnd: 32_733,
  /** Before the networks, whose rules they take into account; either of the two, see `HostWays`. */
  hosts: [32_734, 32_735],
  /** One of the two, see `ruleLines`. */
  destinations: [32_736, 32_737],
  /** Those who go on with everybody else. */
  decided: 32_738,
} as const;

/** Tables of links that rules of the user lead over. More links are a mistake of a script. */
export const LINK_TABLES = { first: 4750, count: 16 } as const;

/** Destinations that have a meaning on one link only. IPv6 multicast is in the kernel's local table already. */
export const ALWAYS_DIRECT = {
  4: ['224.0.0.0/4', '255.255.255.255', '169.254.0.0/16'],
  6: ['fe80::/10', 'ff00::/8'],
} as const;

/** Ports of DHCP servers, which may be beyond the local network. */
export const DHCP_SERVER_PORT = { 4: 67, 6: 547 } as const;

/** The kernel's main routing table, RT_TABLE_MAIN. */
export const MAIN_TABLE = 254;
