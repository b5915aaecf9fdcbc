import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { BoxAddress } from '../../src-driver/box-address.ts';
import type { BoxHost } from '../arguments.ts';

/** Addresses of the box as given: addresses as they are, names looked up. What cannot be found is left out. */
export async function resolveBox(hosts: readonly BoxHost[]): Promise<BoxAddress[]> {
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
