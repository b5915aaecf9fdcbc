import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { BoxAddress } from '../../src-driver/box-address.ts';
import type { TunnelConfig } from '../../src-shared/tunnel/control-message.ts';
import type { BoxArgument, BoxHost } from '../arguments.ts';

/** Where the box may be: as given on the command line, then what it told itself, if it did. */
export async function addressesOf(box: BoxArgument, config: TunnelConfig | null): Promise<BoxAddress[]> {
  const given = await resolveHosts(box.hosts);
  // A link-local address that was given for one link may be reached over the others too.
  const known = new Set(given.filter(({ zone }) => zone === null).map(({ address }) => address));
  const told = (config?.boxAddresses ?? []).filter((address) => !known.has(address));
  return [...given, ...told.map((address) => ({ address, port: config?.port ?? 0, zone: null }))];
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
