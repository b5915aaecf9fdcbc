import type { Sysctls, WantedSysctl } from '../sysctl.ts';

/**
 * Time between two questions for a neighbour's hardware address. The kernel's default of a second is the shortest
 * pause that one lost question costs on a fresh path; a tenth is still longer than any answer on a LAN, a power-saving
 * Wi-Fi's included.
 */
const NEIGHBOUR_RETRY_MS = 100;

/**
 * Lists the kernel settings that one link needs to work beside another one in the same network:
 * strict reverse path filtering would drop what arrives on the second-best link, and the kernel would answer for, and
 * ask in the name of, the other link's address.
 */
export function linkSysctls(linkName: string, sysctls: Pick<Sysctls, 'read'>): readonly WantedSysctl[] {
  const ipv4 = `net/ipv4/conf/${linkName}`;
  const number = (path: string): number => Number(sysctls.read(path) ?? 0);
  // For these the kernel uses the larger value of the link's and that of all links.
  const effective = (setting: string): number =>
    Math.max(number(`${ipv4}/${setting}`), number(`net/ipv4/conf/all/${setting}`));

  return [
    ...(effective('rp_filter') === STRICT ? [{ path: `${ipv4}/rp_filter`, value: String(LOOSE) }] : []),
    ...(effective('arp_ignore') === 0 ? [{ path: `${ipv4}/arp_ignore`, value: '1' }] : []),
    ...(effective('arp_announce') < 2 ? [{ path: `${ipv4}/arp_announce`, value: '2' }] : []),
    ...(['ipv4', 'ipv6'] as const)
      .map((family) => `net/${family}/neigh/${linkName}/retrans_time_ms`)
      .filter((path) => number(path) > NEIGHBOUR_RETRY_MS)
      .map((path) => ({ path, value: String(NEIGHBOUR_RETRY_MS) })),
  ];
}

/** Values of `rp_filter`. */
const STRICT = 1;
const LOOSE = 2;
