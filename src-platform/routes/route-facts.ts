import * as z from 'zod';
import type { Family } from '../journal/entry.ts';
import {
  ALWAYS_DIRECT,
  DHCP_SERVER_PORT,
  ROUTE_PROTOCOL,
  FIRST_RULE_PRIORITY,
  LAST_RULE_PRIORITY,
  MAIN_TABLE,
  RULE_PRIORITY,
  TUNNEL_TABLE,
} from './constants.ts';
import type { OwnRule } from './own-rules.ts';
import { PROTOCOL_NUMBERS, type TransportProtocol } from './transport-protocols.ts';

/** What the laptop's routing should be. Addresses are in the canonical text form that the kernel prints. */
export interface DesiredRoutes {
  readonly tunnel: {
    readonly name: string;
    readonly address4: string;
    readonly prefix4: number;
    /** Null when the box offers no IPv6. */
    readonly address6: string | null;
    readonly prefix6: number;
    readonly mtu: number;
  };
  /** Own addresses of all links, both families mixed. */
  readonly linkAddresses: readonly string[];
  /** Networks of the links that are reached through the tunnel rather than directly, such as `192.168.1.0/24`. */
  readonly tunnelledNetworks: readonly string[];
  /** Name servers in the links' own networks whose questions enter the tunnel all the same, while it is active. */
  readonly nameServers?: readonly string[];
  /** False while draining: new connections go direct, those of the tunnel go on. */
  readonly active: boolean;
  /** Firewall mark of the tunnel's own sockets. */
  readonly mark: number;
  /** True: IPv6 leaves beside the tunnel, because the user wants it so. */
  readonly isIpv6Direct?: boolean;
}

/**
 * One thing that is there or not: an address, a route or a rule, with the `ip -batch` lines that make and remove it.
 * Equal keys mean the same thing.
 */
export interface RouteFact {
  readonly kind: 'link' | 'address' | 'route' | 'rule';
  readonly key: string;
  readonly add: string;
  /** Null for what is only ever replaced. */
  readonly remove: string | null;
}

/** The facts of one family, in the order in which they have to come about. */
export function desiredFacts(desired: DesiredRoutes, family: Family): readonly RouteFact[] {
  const { tunnel, active, mark } = desired;
  const address = family === 4 ? tunnel.address4 : tunnel.address6;
  const ofFamily = (texts: readonly string[]): string[] =>
    [...new Set(texts)].filter((text) => familyOf(text) === family).sort();
  const isLed = active && !(family === 6 && desired.isIpv6Direct === true);
  // What the tunnel cannot carry is refused rather than let past it, if there is anything to refuse.
  if (address === null && !(isLed && desired.linkAddresses.some(isRoutable6))) return [];
  return [
    ...(family === 4 ? [linkFact(tunnel.name, tunnel.mtu)] : []),
    ...(address === null
      ? [REFUSAL]
      : [
          addressFact(family, tunnel.name, address, family === 4 ? tunnel.prefix4 : tunnel.prefix6),
          routeFact(tunnel.name, address),
        ]),
    ruleFact({ priority: RULE_PRIORITY.ownSockets, mark, table: MAIN_TABLE }),
    ...(address === null
      ? []
      : [ruleFact({ priority: RULE_PRIORITY.tunnelAddress, from: address, table: TUNNEL_TABLE })]),
    ...ALWAYS_DIRECT[family].map((to) =>
      ruleFact({ priority: RULE_PRIORITY.alwaysDirect, to, table: MAIN_TABLE }),
    ),
    ruleFact({
      priority: RULE_PRIORITY.alwaysDirect,
      udpPort: DHCP_SERVER_PORT[family],
      table: MAIN_TABLE,
    }),
    // For IPv6 the kernel answers a refusal by looking once more, from the address of a link: it must not get out then.
    ...(address === null ? [] : ofFamily(desired.linkAddresses)).map((from) =>
      ruleFact({ priority: RULE_PRIORITY.linkAddress, from, table: MAIN_TABLE }),
    ),
    ...(isLed && address !== null ? ofFamily(desired.tunnelledNetworks) : []).map((to) =>
      ruleFact({ priority: RULE_PRIORITY.localNetwork, to, table: TUNNEL_TABLE }),
    ),
    ...(active ? ofFamily(desired.nameServers ?? []) : []).flatMap((to) =>
      NAME_PROTOCOLS.map((nameProtocol) =>
        ruleFact({ priority: RULE_PRIORITY.nameServer, to, nameProtocol, table: TUNNEL_TABLE }),
      ),
    ),
    ruleFact({ priority: RULE_PRIORITY.specificRoutes, table: MAIN_TABLE, suppressPrefixLength: 0 }),
    ...(isLed ? [ruleFact({ priority: RULE_PRIORITY.everythingElse, table: TUNNEL_TABLE })] : []),
  ];
}

/**
 * The `ip -batch` lines that lead from one set of facts to another: first everything new, from the device outwards,
 * then everything old, from the rules inwards, so that at no moment a rule points at nothing. Only an old address goes
 * before the new one: IPv4 addresses of one network depend on the first of them and would vanish with it.
 */
export function batchBetween(present: readonly RouteFact[], wanted: readonly RouteFact[]): string {
  const presentKeys = new Set(present.map((fact) => fact.key));
  const wantedKeys = new Set(wanted.map((fact) => fact.key));
  const isReplaced = (fact: RouteFact): boolean => wanted.some(({ kind }) => kind === fact.kind);

  const stale = [...present].reverse().filter((fact) => !wantedKeys.has(fact.key));
  const staleAddresses = stale.filter((fact) => fact.kind === 'address' && isReplaced(fact));
  // The table has one route, which `replace` takes the place of.
  const staleRest = stale.filter(
    (fact) => !staleAddresses.includes(fact) && !(fact.kind === 'route' && isReplaced(fact)),
  );
  return [
    ...removals(staleAddresses),
    ...wanted.filter((fact) => !presentKeys.has(fact.key)).map((fact) => fact.add),
    ...removals(staleRest),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function removals(facts: readonly RouteFact[]): readonly string[] {
  return facts.flatMap(({ remove }) => (remove === null ? [] : [remove]));
}

/** The rules within our range of priorities. */
export function presentRules(rules: readonly OwnRule[]): readonly RouteFact[] {
  return rules
    .filter((rule) => rule.priority >= FIRST_RULE_PRIORITY && rule.priority <= LAST_RULE_PRIORITY)
    .map((rule) =>
      ruleFact({
        priority: rule.priority,
        table: rule.table ?? MAIN_TABLE,
        ...(rule.from === undefined ? {} : { from: rule.from }),
        ...(rule.to === undefined ? {} : { to: rule.to }),
        ...(rule.dport === undefined ? {} : portOf(rule.dport, rule.ipproto)),
        ...(rule.fwmark === undefined ? {} : { mark: Number(rule.fwmark) }),
        ...(rule.suppress_prefixlen === undefined ? {} : { suppressPrefixLength: rule.suppress_prefixlen }),
      }),
    );
}

const routesSchema = z.array(
  z.looseObject({
    type: z.string().optional(),
    dst: z.string(),
    dev: z.string().optional(),
    prefsrc: z.string().optional(),
  }),
);

/** Reads the default route of our table out of the output of `ip -N -j route show table`. */
export function presentRoutes(output: unknown): readonly RouteFact[] {
  return routesSchema.parse(output).flatMap(({ type, dst, dev, prefsrc }) => {
    if (dst !== 'default') return [];
    if (type === UNREACHABLE_TYPE) return [REFUSAL];
    return dev === undefined ? [] : [routeFact(dev, prefsrc ?? '')];
  });
}

const linksSchema = z.array(
  z.looseObject({
    ifname: z.string().optional(),
    mtu: z.number().optional(),
    flags: z.array(z.string()).optional(),
    addr_info: z
      .array(
        z.looseObject({ family: z.string(), local: z.string(), prefixlen: z.number(), scope: z.string() }),
      )
      .optional(),
  }),
);

/** Reads the device's state and addresses of one family out of the output of `ip -j address show dev`. */
export function presentDevice(output: unknown, family: Family): readonly RouteFact[] {
  return linksSchema.parse(output).flatMap(({ ifname, mtu, flags, addr_info: addresses = [] }) => {
    if (ifname === undefined || mtu === undefined) return [];
    const isUp = flags?.includes('UP') === true;
    return [
      ...(family === 4 && isUp ? [linkFact(ifname, mtu)] : []),
      ...addresses
        .filter(
          (address) => address.family === (family === 4 ? 'inet' : 'inet6') && address.scope === 'global',
        )
        .map((address) => addressFact(family, ifname, address.local, address.prefixlen)),
    ];
  });
}

function linkFact(device: string, mtu: number): RouteFact {
  return {
    kind: 'link',
    key: `link ${device} ${mtu}`,
    add: `link set dev ${device} mtu ${mtu} up`,
    remove: null,
  };
}

function addressFact(family: Family, device: string, address: string, prefixLength: number): RouteFact {
  const text = `${address}/${prefixLength}`;
  // No prefix route: it would be in the main table, which is not ours. No duplicate detection: nobody else is there.
  const flags = family === 4 ? 'noprefixroute' : 'noprefixroute nodad';
  return {
    kind: 'address',
    key: `address ${device} ${text}`,
    add: `address replace ${text} dev ${device} ${flags}`,
    remove: `address del ${text} dev ${device}`,
  };
}

function routeFact(device: string, source: string): RouteFact {
  const route = `default dev ${device} table ${TUNNEL_TABLE} proto ${ROUTE_PROTOCOL}`;
  return {
    kind: 'route',
    key: `route ${device} ${source}`,
    add: `route replace ${route} src ${source}`,
    remove: `route del ${route}`,
  };
}

/**
 * Programs hear at once that there is no way, and take the other family; silence would cost them a timeout. The kernel
 * replaces this route by the one into the tunnel and back, since both have the same metric.
 */
const REFUSAL: RouteFact = {
  kind: 'route',
  key: 'route unreachable',
  add: `route replace unreachable default table ${TUNNEL_TABLE} proto ${ROUTE_PROTOCOL}`,
  remove: `route del unreachable default table ${TUNNEL_TABLE} proto ${ROUTE_PROTOCOL}`,
};

/** RTN_UNREACHABLE, as `ip -N` prints it. */
const UNREACHABLE_TYPE = '7';

/** Questions for names go by UDP, and by TCP where the answer is long. */
const NAME_PROTOCOLS = ['udp', 'tcp'] as const satisfies readonly TransportProtocol[];
const DNS_PORT = 53;

function portOf(port: number, protocol = ''): Pick<RuleParts, 'nameProtocol' | 'udpPort'> {
  if (port !== DNS_PORT) return { udpPort: port };
  return { nameProtocol: protocol === PROTOCOL_NUMBERS.tcp ? 'tcp' : 'udp' };
}

interface RuleParts {
  readonly priority: number;
  readonly table: number;
  readonly from?: string;
  readonly to?: string;
  /** Destination port of UDP packets. */
  readonly udpPort?: number;
  readonly nameProtocol?: TransportProtocol;
  readonly mark?: number;
  readonly suppressPrefixLength?: number;
}

function ruleFact({
  priority,
  table,
  from,
  to,
  udpPort,
  nameProtocol,
  mark,
  suppressPrefixLength,
}: RuleParts): RouteFact {
  const selector = [
    `priority ${priority}`,
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(udpPort === undefined ? [] : [`ipproto ${PROTOCOL_NUMBERS.udp} dport ${udpPort}`]),
    ...(nameProtocol === undefined ? [] : [`ipproto ${PROTOCOL_NUMBERS[nameProtocol]} dport ${DNS_PORT}`]),
    ...(mark === undefined ? [] : [`fwmark 0x${mark.toString(16)}`]),
    `lookup ${table}`,
    ...(suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${suppressPrefixLength}`]),
    `protocol ${ROUTE_PROTOCOL}`,
  ].join(' ');
  return {
    kind: 'rule',
    key: `rule ${selector}`,
    add: `rule add ${selector}`,
    remove: `rule del ${selector}`,
  };
}

/** An IPv6 address that is good for more than its own link. */
function isRoutable6(address: string): boolean {
  return familyOf(address) === 6 && !address.startsWith('fe80:');
}

function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}
