import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Version of the file of home networks that this program writes. */
export const HOME_NETWORKS_VERSION = 1;

/** Networks in which the box answered, as marks of their routers; the newest last. */
export const homeNetworksSchema = z.looseObject({
  version: z.literal(HOME_NETWORKS_VERSION),
  networks: z.array(z.string()),
});
export type HomeNetworksContent = z.infer<typeof homeNetworksSchema>;

export const NO_HOME_NETWORKS: HomeNetworksContent = { version: HOME_NETWORKS_VERSION, networks: [] };

/**
 * Tells a box that is down from a laptop that is somewhere else. The box itself is known by its key alone and is looked
 * for everywhere; this only decides what is said while it does not answer. A network is known by the hardware address of
 * its router, since addresses and names of networks are the same in many homes.
 */
export class HomeNetworks {
  private networks: readonly string[];

  constructor(networks: readonly string[]) {
    this.networks = networks;
  }

  /** What is to be kept. */
  get content(): HomeNetworksContent {
    return { version: HOME_NETWORKS_VERSION, networks: [...this.networks] };
  }

  /** The box answers over links whose routers these are. @returns whether that is news. */
  remember(routerMacs: readonly string[]): boolean {
    const news = routerMacs.map(markOf).filter((mark) => !this.networks.includes(mark));
    if (news.length === 0) return false;
    this.networks = [...this.networks, ...new Set(news)].slice(-MOST_NETWORKS);
    return true;
  }

  /** Whether the links lead to other networks, as far as it can be told: without a router it cannot. */
  isElsewhere(routerMacs: readonly string[]): boolean {
    return (
      this.networks.length > 0 &&
      routerMacs.length > 0 &&
      routerMacs.every((mac) => !this.networks.includes(markOf(mac)))
    );
  }
}

/** Where somebody lives can be looked up by the address of a router, so the file has only a mark of it. */
function markOf(mac: string): string {
  return createHash('sha256').update(`bowline home ${mac.toLowerCase()}`).digest('hex').slice(0, 16);
}

/** A home with an access point in every room has a handful; boxes move with their owners now and then. */
const MOST_NETWORKS = 32;
