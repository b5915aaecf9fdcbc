import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { BoxAddress } from '../../src-driver/box-address.ts';
import type { TunnelConfig } from '../../src-shared/tunnel/control-message.ts';
import type { BoxHost, KnownBox } from '../arguments.ts';

/** Where the box may be: as given, then as it told itself in this session, else in the last one. */
export async function addressesOf(box: KnownBox): Promise<BoxAddress[]> {
  const given = await resolveHosts(box.hosts);
  // A link-local address that was given for one link may be reached over the others too.
  const known = new Set(given.filter(({ zone }) => zone === null).map(({ address }) => address));
  const told = box.told.filter(({ host }) => !known.has(host));
  return [...given, ...told.map(({ host, port }) => ({ address: host, port, zone: null }))];
}

/** Where the box says that it is. */
export function toldHosts({ boxAddresses, port }: TunnelConfig): BoxHost[] {
  return boxAddresses.map((host) => ({ host, port }));
}

/** Addresses of the box as given: addresses as they are, names looked up. What cannot be found is left out. */
export async function resolveHosts(hosts: readonly BoxHost[]): Promise<BoxAddress[]> {
  const found = await Promise.all(
    hosts.map(async ({ host, port }): Promise<BoxAddress[]> => {
      const [address = '', zone] = host.split('%', 2);
      if (isIP(address) !== 0) return [{ address, port, zone: zone ?? null }];
      try {
        const addresses = await lookup(host, { all: true });
        return addresses.map((entry) => ({ address: entry.address, port, zone: null }));
      } catch {
        // The name service may be out of reach; other hosts, and addresses the box told, still count.
        return [];
      }
    }),
  );
  return found.flat();
}
