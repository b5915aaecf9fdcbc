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
  /** Has the kernel find out a neighbour's hardware address, or check what it knows of it, over one interface. */
  readonly resolve: (ifindex: number, address: string) => void;
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
    const isMissed = homeLinks.size === 0;
    const routers = new Map(connected.map((link) => [link.name, this.routerOf(link, isMissed)]));
    const known = [...routers].flatMap(([name, mac]) => (mac === null ? [] : [{ name, mac }]));
    const atHome = known.filter(({ name }) => homeLinks.has(name)).map(({ mac }) => mac);
    if (this.isLoaded && this.home.remember(atHome)) this.save();
    // A router that is not known yet may be the one at home.
    const isSure = known.length === [...routers].filter(([name]) => hasRouter(links, name)).length;
    const before = this.isElsewhere;
    this.isElsewhere = isMissed && isSure && this.home.isElsewhere(known.map(({ mac }) => mac));
    return this.isElsewhere !== before;
  }

  /** @param isMissed the box does not answer: what the kernel knows may be of another network */
  private routerOf(link: LinkSnapshot, isMissed: boolean): string | null {
    const { neighbours, resolve, log } = this.options;
    for (const family of [4, 6] as const) {
      const gateway = link.gateways[family];
      if (gateway === null) continue;
      const entry = neighbours().find(
        ({ ifindex, address, mac }) => ifindex === link.ifindex && address === gateway && mac !== null,
      );
      if (entry === undefined || isMissed) {
        try {
          resolve(link.ifindex, gateway);
        } catch (error) {
          // The link may have gone in this moment; there is another look in a second.
          log.debug('router-not-asked', describeError(error));
        }
      }
      if (entry !== undefined) return entry.mac;
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
