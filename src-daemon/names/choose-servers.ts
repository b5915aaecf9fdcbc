import { isIP } from 'node:net';
import { isLinkLocal6, Neighbours, type LinkSnapshot } from '../../src-platform/index.ts';

/** What is known about the name servers of this machine. */
export interface KnownServers {
  /** What systemd-resolved asks, by interface; null where it does not run. */
  readonly byLink: readonly { readonly ifindex: number; readonly address: string }[] | null;
  /** What the resolver file names. */
  readonly inFile: readonly string[];
}

/**
 * The servers that may be asked through the tunnel, the most wanted first: those of the links that the tunnel uses, then
 * the machine's own. They are the servers that are asked without the tunnel too, so no name is told to anybody new.
 * Left out is what only this machine or one link can reach, and what belongs to other interfaces, such as another VPN.
 */
export function serversToAsk(
  known: KnownServers,
  links: readonly LinkSnapshot[],
  hasIpv6: boolean,
): readonly string[] {
  const used = links.filter((link) => link.ignoredBecause === null);
  const ofLinks = used.flatMap(({ ifindex }) =>
    (known.byLink ?? []).filter((server) => server.ifindex === ifindex).map(({ address }) => address),
  );
  const ofMachine = (known.byLink ?? []).filter(({ ifindex }) => ifindex === 0).map(({ address }) => address);
  const all = [...new Set([...ofLinks, ...ofMachine, ...known.inFile])];
  return all.filter((address) => isReachableElsewhere(address, hasIpv6)).slice(0, MOST_SERVERS);
}

/**
 * Of the servers that answer through the tunnel, those that the kernel would ask directly, because they are in the own
 * network of a link. Their questions need a rule of their own, or else they go down with that link.
 */
export function serversToRoute(
  answering: readonly string[],
  links: readonly LinkSnapshot[],
): readonly string[] {
  const networks = links.filter((link) => link.ignoredBecause === null).map((link) => new Neighbours(link));
  return answering.filter((address) => networks.some((network) => network.has(address))).sort();
}

function isReachableElsewhere(address: string, hasIpv6: boolean): boolean {
  const family = isIP(address);
  if (family === 4) return !address.startsWith('127.') && address !== '0.0.0.0';
  return family === 6 && hasIpv6 && !isLinkLocal6(address) && address !== '::1' && address !== '::';
}

/** Programs ask three at most (resolv.conf(5)); twice as many leave room for two links with different ones. */
const MOST_SERVERS = 6;
