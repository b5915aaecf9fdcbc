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
export const FIRST_RULE_PRIORITY = 5200;
export const LAST_RULE_PRIORITY = 5299;

/**
 * Order of the rules. Tailscale has rules at 5210, 5230, 5250 and 5270 in the same range: the tunnel's own sockets
 * and addresses are decided before those, everything general after them, so that a tailnet stays reachable.
 */
export const RULE_PRIORITY = {
  /** The tunnel's own datagrams never enter the tunnel. */
  ownSockets: 5200,
  /** Connections bound to a link's address stay on the link: switching on breaks none. */
  linkAddress: 5203,
  /** Connections bound to the tunnel's address stay in it: switching off breaks none. */
  tunnelAddress: 5206,
  /** What has a route of its own (the local network, containers, other tunnels) keeps it. */
  specificRoutes: 5280,
  /** Everything else. */
  everythingElse: 5290,
} as const;

/** The kernel's main routing table, RT_TABLE_MAIN. */
export const MAIN_TABLE = 254;
