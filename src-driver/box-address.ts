import { BlockList, isIPv4 } from 'node:net';
import type { LinkSnapshot } from '../src-platform/links/link-snapshot.ts';

/** One address at which the box may be reached. */
export interface BoxAddress {
  readonly address: string;
  readonly port: number;
  /** Only on this link (`fe80::1%eth0`); null for any. */
  readonly zone: string | null;
}

/** A way to try: from an address of a link to an address of the box. */
export interface PathCandidate {
  readonly localAddress: string;
  readonly remote: BoxAddress;
  readonly family: 4 | 6;
}

/**
 * The ways from a link to the box, the most promising first: the link's own network before a router, IPv4 before IPv6
 * (whose link-local form needs nothing configured and comes last because it says least to people).
 */
export function candidatesOf(link: LinkSnapshot, addresses: readonly BoxAddress[]): PathCandidate[] {
  const scored: { candidate: PathCandidate; score: number }[] = [];
  for (const remote of addresses) {
    if (remote.zone !== null && remote.zone !== link.name) continue;
    const family = isIPv4(remote.address) ? 4 : 6;
    const isLinkLocal = family === 6 && isLinkLocalAddress(remote.address);
    const own = lastingFirst(link.addresses).filter(
      (address) => address.family === family && isLinkLocalAddress(address.address) === isLinkLocal,
    );
    const near = own.find(({ address, prefixLength }) =>
      isSameNetwork(address, prefixLength, remote.address),
    );
    const local = isLinkLocal ? own[0] : (near ?? (link.gateways[family] === null ? undefined : own[0]));
    if (local === undefined) continue;
    const score = (near === undefined ? 4 : 0) + (isLinkLocal ? 2 : 0) + (family === 6 ? 1 : 0);
    scored.push({ candidate: { localAddress: local.address, remote, family }, score });
  }
  return scored.sort((a, b) => a.score - b.score).map(({ candidate }) => candidate);
}

/**
 * A deprecated address is about to go, and IPv6 privacy addresses change every few hours: an address that lasts spares
 * a change of path. Who is in the home network learns nothing from it, since the box is told apart by its key.
 */
function lastingFirst(addresses: LinkSnapshot['addresses']): LinkSnapshot['addresses'] {
  const haste = ({ deprecated, temporary }: LinkSnapshot['addresses'][number]): number =>
    (deprecated ? 2 : 0) + (temporary ? 1 : 0);
  return [...addresses].sort((a, b) => haste(a) - haste(b));
}

export function isLinkLocalAddress(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

function isSameNetwork(address: string, prefixLength: number, other: string): boolean {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (family !== (isIPv4(other) ? 'ipv4' : 'ipv6')) return false;
  const network = new BlockList();
  network.addSubnet(address, prefixLength, family);
  return network.check(other, family);
}
