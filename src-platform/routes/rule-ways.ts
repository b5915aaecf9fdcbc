import { BONDED_DSCP, REDUNDANT_DSCP } from '../../src-shared/model/lane-codes.ts';
import type { Family } from '../journal/entry.ts';
import { NFT_TABLE } from './box-nat.ts';
import {
  MAIN_TABLE,
  PROGRAM_PROTOCOL,
  PROGRAM_RULE_PRIORITY,
  ROUTE_PROTOCOL,
  TUNNEL_TABLE,
} from './constants.ts';
import { PROTOCOL_NUMBERS, type TransportProtocol } from './transport-protocols.ts';

/*
 * Where packets go that a rule of the user is about, as data: rules of the kernel's routing, which decide, and one
 * firewall table, which writes lane codes and lets nothing pass that the routing did not decide about: sockets that a
 * program bound to a device itself, for example.
 */

/** Which way packets take. */
export type Way =
  | { readonly kind: 'direct' | 'bonded' | 'redundant' | 'tunnel-only' }
  | { readonly kind: 'link'; readonly link: string; readonly table: number };

/** One way and the mark of the sockets that take it. */
export interface MarkedWay {
  readonly mark: number;
  readonly way: Way;
}

/** Where packets to some place go, if neither their program nor their user decides. */
export interface DestinationWay {
  /** Such as `192.0.2.0/24`. */
  readonly network: string;
  readonly protocol?: TransportProtocol;
  readonly port?: number;
  readonly way: Way;
}

/** A link that some way leads over. */
export interface LinkTable {
  readonly name: string;
  readonly table: number;
  /** Own addresses, each with its network. */
  readonly addresses: readonly {
    readonly family: Family;
    readonly address: string;
    readonly network: string;
  }[];
  readonly gateways: { readonly 4: string | null; readonly 6: string | null };
}

/** Everything that rules of the user ask of routing and firewall. */
export interface DesiredWays {
  readonly tunnelName: string;
  /** The tunnel's own addresses, as far as they are known; nothing may leave in their name another way. */
  readonly tunnelAddresses: readonly string[];
  /** Of the tunnel's own datagrams, which no rule is about. */
  readonly tunnelMark: number;
  readonly marks: readonly MarkedWay[];
  readonly users: readonly { readonly uid: number; readonly way: Way }[];
  /** The first that fits decides. */
  readonly destinations: readonly DestinationWay[];
  readonly links: readonly LinkTable[];
  /** Null while no rule is about a domain. */
  readonly domains: DomainWays | null;
}

/** What rules about domains ask of routing and firewall, beside the rules for each address (`HostWays`). */
export interface DomainWays {
  /** Of all links: open connections stay where they are, whatever is learnt of their other end. */
  readonly linkAddresses: readonly string[];
  /** Addresses that are known, each with its ways: the first that fits decides, and the last fits always. */
  readonly hosts: readonly { readonly address: string; readonly ways: readonly HostWay[] }[];
}

/** Which way packets to one address take. */
export interface HostWay {
  readonly protocol?: TransportProtocol;
  readonly port?: number;
  readonly way: Way;
}

/** Bits of a socket's mark that say which way it takes; the others are everybody else's. */
export const WAY_MARK_MASK = 0xff000000;

/** One rule of the kernel's routing, as a line of `ip -batch` without its verb. */
export type RuleLine = string;

/**
 * The rules of one family, in order.
 *
 * @param destinationPriority rules about destinations are in order among themselves, and the kernel appends only: a
 * changed list gets the other one of two numbers
 */
export function ruleLines(
  desired: DesiredWays,
  family: Family,
  destinationPriority: number,
): readonly RuleLine[] {
  const { marks, users, links, domains } = desired;
  const destinations = desired.destinations.filter(({ network }) => familyOf(network) === family);
  if (marks.length + users.length + destinations.length === 0 && domains === null) return [];
  const unmarked = `fwmark 0/${hex(WAY_MARK_MASK)}`;
  return [
    rule(PROGRAM_RULE_PRIORITY.ownSockets, `fwmark ${hex(desired.tunnelMark)}`, `lookup ${MAIN_TABLE}`),
    ...marks.flatMap(({ mark, way }) =>
      decide(
        [PROGRAM_RULE_PRIORITY.programs, PROGRAM_RULE_PRIORITY.programsEnd],
        `fwmark ${hex(mark)}/${hex(WAY_MARK_MASK)}`,
        way,
      ),
    ),
    // What the kernel itself sends in the name of a link's address, after the program has ended.
    ...links.flatMap(({ table, addresses }) =>
      addresses
        .filter((own) => own.family === family)
        .map(({ address }) => rule(PROGRAM_RULE_PRIORITY.linkAddress, `from ${address}`, `lookup ${table}`)),
    ),
    ...(domains?.linkAddresses ?? [])
      .filter((address) => familyOf(address) === family)
      .map((address) =>
        rule(PROGRAM_RULE_PRIORITY.anyLinkAddress, `from ${address}`, `lookup ${MAIN_TABLE}`),
      ),
    ...users.flatMap(({ uid, way }) =>
      decide(
        [PROGRAM_RULE_PRIORITY.users, PROGRAM_RULE_PRIORITY.usersEnd],
        `${unmarked} uidrange ${uid}-${uid}`,
        way,
      ),
    ),
    ...destinations.flatMap(({ network, protocol, port, way }) =>
      decide(
        [destinationPriority, destinationPriority],
        [
          `to ${network} ${unmarked}`,
          ...(protocol === undefined ? [] : [`ipproto ${PROTOCOL_NUMBERS[protocol]}`]),
          ...(port === undefined ? [] : [`dport ${port}`]),
        ].join(' '),
        way,
      ),
    ),
    ...(users.length + destinations.length === 0 && domains === null
      ? []
      : [rule(PROGRAM_RULE_PRIORITY.decided, '', 'nop')]),
  ];
}

/** Sockets by mark go on to what all others do, but for their lane; users and destinations have to skip the rest. */
function decide([first, last]: readonly [number, number], selector: string, way: Way): readonly RuleLine[] {
  const through = (table: number): readonly RuleLine[] => [
    rule(first, selector, `lookup ${table}`),
    // Programs hear at once that there is no way.
    rule(last, selector, 'unreachable'),
  ];
  switch (way.kind) {
    case 'direct':
      return through(MAIN_TABLE);
    case 'tunnel-only':
      return through(TUNNEL_TABLE);
    case 'link':
      return through(way.table);
    case 'bonded':
    case 'redundant':
      return first === PROGRAM_RULE_PRIORITY.programs
        ? []
        : [rule(first, selector, `goto ${PROGRAM_RULE_PRIORITY.decided}`)];
  }
}

function rule(priority: number, selector: string, action: string): RuleLine {
  return [
    `priority ${priority}`,
    ...(selector === '' ? [] : [selector]),
    action,
    `protocol ${PROGRAM_PROTOCOL}`,
  ].join(' ');
}

/** The routes of one link's table, of one family, without their verb. */
export function linkRoutes(
  { name, table, addresses, gateways }: LinkTable,
  family: Family,
): readonly string[] {
  const own = addresses.filter((address) => address.family === family);
  const tail = `table ${table} proto ${ROUTE_PROTOCOL}`;
  const [first] = own;
  const gateway = gateways[family];
  // A gateway may lie outside the link's networks. For IPv6 the kernel looks such a one up in the main table, where it may
  // be another link's; it is link-local there, or in a network of this table.
  const reach = family === 4 ? 'onlink ' : '';
  const networks = new Map(own.map(({ network, address }) => [network, address]));
  return [
    ...[...networks].map(([network, address]) => `${network} dev ${name} src ${address} ${tail}`),
    ...(gateway === null || first === undefined
      ? []
      : [`default via ${gateway} dev ${name} src ${first.address} ${reach}${tail}`]),
  ];
}

/** Writes the firewall's rules as one transaction that replaces the whole table; without any way, one that removes it. */
export function wayRuleset(desired: DesiredWays): string {
  const { tunnelName, tunnelAddresses, tunnelMark, marks, users, destinations, domains } = desired;
  const hostChains = new Map(hostWays(desired).map((way) => [hostChainName(way), way]));
  const head = [`add table inet ${NFT_TABLE}`, `delete table inet ${NFT_TABLE}`];
  const ways = [...marks, ...users, ...destinations].map(({ way }) => way);
  if (ways.length === 0 && domains === null) return [...head, ''].join('\n');
  const chains = new Map(ways.map((way) => [chainName(way), way]));
  const rules = [
    'oifname "lo" accept',
    // What the kernel still sends for a socket that its program has closed belongs to no user any more.
    ...tunnelAddresses.map(
      (address) =>
        `${familyOf(address) === 4 ? 'ip' : 'ip6'} saddr ${address} oifname != "${tunnelName}" counter drop`,
    ),
    `meta mark ${hex(tunnelMark)} accept`,
    ...verdictMap(
      `meta mark and ${hex(WAY_MARK_MASK)}`,
      marks.map(({ mark, way }) => `${hex(mark)} : goto ${chainName(way)}`),
    ),
    ...verdictMap(
      'meta skuid',
      users.map(({ uid, way }) => `${uid} : goto ${chainName(way)}`),
    ),
    ...hostRules(desired),
    ...destinations.map(
      (destination) => `${destinationMatch(destination)} goto ${chainName(destination.way)}`,
    ),
  ];
  return [
    ...head,
    `table inet ${NFT_TABLE} {`,
    ...[...chains].flatMap(([name, way]) => [
      `  chain ${name} {`,
      ...chainRules(way, tunnelName).map((line) => `    ${line}`),
      '  }',
    ]),
    ...[...hostChains].flatMap(([name, way]) => [
      `  chain ${name} {`,
      ...hostChainRules(way, tunnelName).map((line) => `    ${line}`),
      '  }',
    ]),
    '  chain postrouting {',
    '    type filter hook postrouting priority mangle; policy accept;',
    ...rules.map((line) => `    ${line}`),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** What the firewall is told of the known addresses of domains. */
function hostRules({ domains, destinations }: DesiredWays): readonly string[] {
  const hosts = (domains?.hosts ?? []).flatMap(({ address, ways }) => {
    const last = ways.at(-1);
    // A rule about a network must not take what a domain's has decided.
    const isNeeded = last !== undefined && (destinations.length > 0 || last.way.kind !== 'direct');
    return isNeeded ? [{ address, before: ways.slice(0, -1), last }] : [];
  });
  return [
    ...hosts.flatMap(({ address, before }) =>
      before.map((each) => `${destinationMatch({ network: address, ...each })} goto ${chainName(each.way)}`),
    ),
    ...([4, 6] as const).flatMap((family) =>
      verdictMap(
        `${family === 4 ? 'ip' : 'ip6'} daddr`,
        hosts
          .filter(({ address }) => familyOf(address) === family)
          .map(({ address, last }) => `${address} : goto ${hostChainName(last.way)}`),
      ),
    ),
  ];
}

/** Ways that known addresses of domains take. */
function hostWays({ domains }: DesiredWays): readonly Way[] {
  return (domains?.hosts ?? []).flatMap(({ ways }) => ways.slice(-1).map(({ way }) => way));
}

/**
 * Of what goes another way than its address should, only the beginning is dropped: the address may belong to others too,
 * whose connections are older than what was learnt of it. Over UDP nothing tells a beginning; there the routing has to
 * do, which over IPv6 looks for another way with another source address where the first has none.
 */
function hostChainRules(way: Way, tunnelName: string): readonly string[] {
  switch (way.kind) {
    case 'direct':
    case 'bonded':
    case 'redundant':
      return chainRules(way, tunnelName);
    case 'tunnel-only':
    case 'link': {
      const elsewhere = `oifname != "${way.kind === 'link' ? way.link : tunnelName}" counter drop`;
      return [`tcp flags & (syn | ack) == syn ${elsewhere}`, `ip6 nexthdr udp ${elsewhere}`, 'accept'];
    }
  }
}

function hostChainName(way: Way): string {
  return `host-${chainName(way)}`;
}

function verdictMap(key: string, entries: readonly string[]): readonly string[] {
  return entries.length === 0 ? [] : [`${key} vmap { ${entries.join(', ')} }`];
}

function chainRules(way: Way, tunnelName: string): readonly string[] {
  switch (way.kind) {
    case 'direct':
      return ['accept'];
    case 'bonded':
      return laneRules(tunnelName, BONDED_DSCP);
    case 'redundant':
      return laneRules(tunnelName, REDUNDANT_DSCP);
    case 'tunnel-only':
      return [`oifname != "${tunnelName}" counter drop`];
    case 'link':
      return [`oifname != "${way.link}" counter drop`];
  }
}

function laneRules(tunnelName: string, code: number): readonly string[] {
  return ['ip', 'ip6'].map((family) => `oifname "${tunnelName}" ${family} dscp set ${hex(code)}`);
}

function chainName(way: Way): string {
  return way.kind === 'link' ? `link-${way.table}` : way.kind;
}

function destinationMatch({ network, protocol, port }: DestinationWay): string {
  const address = `${familyOf(network) === 4 ? 'ip' : 'ip6'} daddr ${network}`;
  if (port !== undefined)
    return `${address} ${protocol ?? 'th'} dport ${port}`.replace(' th ', ' meta l4proto { tcp, udp } th ');
  return protocol === undefined ? address : `${address} meta l4proto ${protocol}`;
}

function familyOf(network: string): Family {
  return network.includes(':') ? 6 : 4;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
