import type { AddressScope } from '../../src-native/lib/netlink-types.ts';
import type { LinkKind } from '../../src-shared/model/link.ts';

/** One usable address of a link. Addresses that are still being checked for duplicates are left out. */
export interface LinkAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: AddressScope;
  /** Changes every few hours (IPv6 privacy extensions). */
  readonly temporary: boolean;
  /** Still valid, but not for new connections. */
  readonly deprecated: boolean;
}

/** One network interface as a whole, at one moment. */
export interface LinkSnapshot {
  readonly name: string;
  readonly ifindex: number;
  readonly kind: LinkKind;
  /** Switched on by the administrator. */
  readonly up: boolean;
  /** The cable or radio is connected. */
  readonly carrier: boolean;
  readonly mtuBytes: number;
  readonly mac: string | null;
  readonly addresses: readonly LinkAddress[];
  /** Next hops of the best default routes. */
  readonly gateways: { readonly 4: string | null; readonly 6: string | null };
  /** Why the link is not used, without a full stop; null when it may be used. */
  readonly ignoredBecause: string | null;
}

/** One difference between two moments, by name. */
export type LinkChange =
  | { readonly kind: 'device-appeared'; readonly name: string }
  | { readonly kind: 'device-gone'; readonly name: string }
  /** The same name, another device: everything bound to the old one is dead. */
  | { readonly kind: 'device-replaced'; readonly name: string }
  | { readonly kind: 'carrier-lost'; readonly name: string }
  | { readonly kind: 'carrier-found'; readonly name: string }
  | { readonly kind: 'address-gone'; readonly name: string; readonly address: string }
  | { readonly kind: 'address-added'; readonly name: string; readonly address: string }
  | { readonly kind: 'address-changed'; readonly name: string; readonly address: string }
  | { readonly kind: 'gateway-changed'; readonly name: string; readonly family: 4 | 6 }
  | { readonly kind: 'mtu-changed'; readonly name: string }
  | { readonly kind: 'use-changed'; readonly name: string };

/** All links after a change, and what changed. */
export interface LinkDelta {
  readonly links: readonly LinkSnapshot[];
  readonly changes: readonly LinkChange[];
}

/** Names the differences between two moments, losses first. */
export function diffLinks(
  before: readonly LinkSnapshot[],
  after: readonly LinkSnapshot[],
): readonly LinkChange[] {
  const old = new Map(before.map((link) => [link.name, link]));
  const names = new Set(after.map((link) => link.name));
  const gone = before
    .filter((link) => !names.has(link.name))
    .map((link): LinkChange => ({ kind: 'device-gone', name: link.name }));
  const changes = after.flatMap((link): readonly LinkChange[] => {
    const previous = old.get(link.name);
    if (previous === undefined) return [{ kind: 'device-appeared', name: link.name }];
    if (previous.ifindex !== link.ifindex) return [{ kind: 'device-replaced', name: link.name }];
    return diffLink(previous, link);
  });
  return [...gone, ...changes.sort((a, b) => Number(isLoss(b)) - Number(isLoss(a)))];
}

/** Whether a change can only make a link worse; such changes are told without delay. */
export function isLoss(change: LinkChange): boolean {
  return (
    change.kind === 'device-gone' ||
    change.kind === 'device-replaced' ||
    change.kind === 'carrier-lost' ||
    change.kind === 'address-gone'
  );
}

/** A link passes traffic only when it is switched on and connected. */
export function isConnected(link: Pick<LinkSnapshot, 'up' | 'carrier'>): boolean {
  return link.up && link.carrier;
}

function diffLink(before: LinkSnapshot, after: LinkSnapshot): readonly LinkChange[] {
  const { name } = after;
  const changes: LinkChange[] = [];
  if (isConnected(before) !== isConnected(after)) {
    changes.push({ kind: isConnected(after) ? 'carrier-found' : 'carrier-lost', name });
  }
  const old = new Map(before.addresses.map((address) => [address.address, address]));
  const kept = new Set(after.addresses.map(({ address }) => address));
  for (const { address } of before.addresses) {
    if (!kept.has(address)) changes.push({ kind: 'address-gone', name, address });
  }
  for (const address of after.addresses) {
    const previous = old.get(address.address);
    if (previous === undefined) changes.push({ kind: 'address-added', name, address: address.address });
    else if (JSON.stringify(previous) !== JSON.stringify(address)) {
      changes.push({ kind: 'address-changed', name, address: address.address });
    }
  }
  for (const family of [4, 6] as const) {
    if (before.gateways[family] !== after.gateways[family])
      changes.push({ kind: 'gateway-changed', name, family });
  }
  if (before.mtuBytes !== after.mtuBytes) changes.push({ kind: 'mtu-changed', name });
  if (before.ignoredBecause !== after.ignoredBecause) changes.push({ kind: 'use-changed', name });
  return changes;
}
