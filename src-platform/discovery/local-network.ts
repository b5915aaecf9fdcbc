import { BlockList, isIP, isIPv4 } from 'node:net';

/** One interface as discovery sees it. */
export interface DiscoveryLink {
  readonly name: string;
  readonly ifindex: number;
  readonly addresses: readonly {
    readonly family: 4 | 6;
    readonly address: string;
    readonly prefixLength: number;
  }[];
}

const PRIVATE = new BlockList();
for (const [network, prefixLength] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, prefixLength, 'ipv4');
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** Whether an address belongs to some local network, by its form alone. */
export function isPrivateAddress(address: string): boolean {
  return isIP(address) !== 0 && PRIVATE.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

export function isLinkLocal6(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

/** Answers for one link which addresses are its neighbours'; made once and asked for each datagram. */
export class Neighbours {
  private readonly networks = new BlockList();

  constructor(link: DiscoveryLink) {
    for (const { family, address, prefixLength } of link.addresses) {
      this.networks.addSubnet(address, prefixLength, family === 4 ? 'ipv4' : 'ipv6');
    }
  }

  /** Whether an address, without zone, is in one of the link's own networks. */
  has(address: string): boolean {
    return isIP(address) !== 0 && this.networks.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  }
}
