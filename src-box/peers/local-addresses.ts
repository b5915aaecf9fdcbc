import type { NativeNetlink } from '../../src-platform/native.ts';

/** The addresses at which laptops may reach this machine: all but loopback's and the tunnel's own. */
export function localAddresses(netlink: Pick<NativeNetlink, 'dump'>, tunnelName: string): string[] {
  const ignored = new Set<number>();
  for (const event of netlink.dump('link')) {
    if (event.type === 'link' && (event.isLoopback || event.name === tunnelName || !event.up))
      ignored.add(event.ifindex);
  }
  return netlink.dump('address').flatMap((event) => {
    if (event.type !== 'address' || ignored.has(event.ifindex) || event.scope === 'host') return [];
    return event.tentative || event.dadFailed || event.temporary ? [] : [event.address];
  });
}
