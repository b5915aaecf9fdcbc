import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { isConnected, JsonFile, type LinkSnapshot, type NeighbourEvent } from '../../src-platform/index.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import {
  HOME_NETWORKS_VERSION,
  HomeNetworks,
  homeNetworksSchema,
  NO_HOME_NETWORKS,
} from '../roaming/home-networks.ts';

export interface WhereaboutsOptions {
  readonly stateDir: string;
  readonly log: Log;
  /** The kernel's present neighbours. */
  readonly neighbours: () => readonly NeighbourEvent[];
}

/** Knows whether the laptop is at home, from the routers of the networks that it is in. */
export class Whereabouts {
  private readonly options: WhereaboutsOptions;
  private readonly file: JsonFile<typeof NO_HOME_NETWORKS>;
  private home = new HomeNetworks([]);
  private isLoaded = false;
  isElsewhere = false;

  constructor(options: WhereaboutsOptions) {
    this.options = options;
    this.file = new JsonFile({
      path: join(options.stateDir, 'home.json'),
      schema: homeNetworksSchema,
      version: HOME_NETWORKS_VERSION,
      migrations: {},
      fallback: NO_HOME_NETWORKS,
    });
    void this.load();
  }

  /**
   * Looks around.
   * @param homeLinks links over which the box answers, by name
   * @returns whether the answer has changed
   */
  look(links: readonly LinkSnapshot[], homeLinks: ReadonlySet<string>): boolean {
    const connected = links.filter((link) => link.ignoredBecause === null && isConnected(link));
    const routers = new Map(connected.map((link) => [link.name, this.routerOf(link)]));
    const known = [...routers].flatMap(([name, mac]) => (mac === null ? [] : [{ name, mac }]));
    const atHome = known.filter(({ name }) => homeLinks.has(name)).map(({ mac }) => mac);
    if (this.isLoaded && this.home.remember(atHome)) this.save();
    // A router that is not known yet may be the one at home.
    const isSure = known.length === [...routers].filter(([name]) => hasRouter(links, name)).length;
    const before = this.isElsewhere;
    this.isElsewhere = homeLinks.size === 0 && isSure && this.home.isElsewhere(known.map(({ mac }) => mac));
    return this.isElsewhere !== before;
  }

  private routerOf(link: LinkSnapshot): string | null {
    for (const family of [4, 6] as const) {
      const gateway = link.gateways[family];
      if (gateway === null) continue;
      const entry = this.options
        .neighbours()
        .find(({ ifindex, address, mac }) => ifindex === link.ifindex && address === gateway && mac !== null);
      if (entry !== undefined) return entry.mac;
      const own = link.addresses.find((address) => address.family === family && address.scope === 'global');
      if (own !== undefined) nudge(gateway, own.address);
    }
    return null;
  }

  private async load(): Promise<void> {
    const { log } = this.options;
    try {
      const { value, warning } = await this.file.load();
      if (warning !== null) log.warn('home-set-aside', { warning });
      this.home = new HomeNetworks(value.networks);
      this.isLoaded = true;
    } catch (error) {
      log.warn('home-unreadable', describeError(error));
    }
  }

  private save(): void {
    // Not worth a failure of anything: it is learnt anew at home.
    this.file
      .save(this.home.content)
      .catch((error: unknown) => this.options.log.warn('home-unwritable', describeError(error)));
  }
}

function hasRouter(links: readonly LinkSnapshot[], name: string): boolean {
  const link = links.find((candidate) => candidate.name === name);
  return link !== undefined && (link.gateways[4] ?? link.gateways[6]) !== null;
}

/** Sends one empty datagram to the discard port, so that the kernel has to find out the router's hardware address. */
function nudge(router: string, from: string): void {
  if (router.startsWith('fe80:')) return;
  const socket = createSocket(router.includes(':') ? 'udp6' : 'udp4');
  const close = (): void => void socket.close();
  // What cannot be sent now is sent at the next look.
  socket.once('error', close);
  socket.bind(0, from, () => socket.send('', DISCARD_PORT, router, close));
}

const DISCARD_PORT = 9;
