import {
  exec,
  LaptopRoutes,
  sysctlFiles,
  type LinkSnapshot,
  type SystemJournal,
} from '../../src-platform/index.ts';
import type { LanAccess } from '../../src-shared/model/link.ts';
import type { TunnelConfig } from '../../src-shared/tunnel/control-message.ts';
import { TUNNEL_MARK, TUNNEL_NAME } from '../tunnel.ts';
import { networkOf } from './network-of.ts';
import { hasOpenConnections } from './open-connections.ts';
import { type Situation, routingOf } from '../connection/situation.ts';

export interface RouteKeeperOptions {
  /** {@link RouteKeeper.isLeading} has changed. */
  readonly onApplied: () => void;
  readonly onRefused: (error: unknown) => void;
}

/** Lets the system's routes follow the situation, one change after the other, and knows when draining is over. */
export class RouteKeeper {
  private readonly routes: LaptopRoutes;
  private readonly options: RouteKeeperOptions;
  /** Name servers in the links' own networks that are asked through the tunnel. */
  nameServers: readonly string[] = [];
  private draining: TunnelConfig | null = null;
  private isPresent = false;
  private isClosed = false;
  private lastKey = '';
  private leads = false;
  /** The tunnel's own addresses in the last session; empty before the first. */
  tunnelAddresses: readonly string[] = [];

  constructor(journal: SystemJournal, options: RouteKeeperOptions) {
    this.routes = new LaptopRoutes({ exec, journal, sysctls: sysctlFiles(), tunnelName: TUNNEL_NAME });
    this.options = options;
  }

  /** Whether new connections are led into the tunnel: the system has taken the routes, not only been asked to. */
  get isLeading(): boolean {
    return this.leads;
  }

  get isDraining(): boolean {
    return this.draining !== null;
  }

  /** The tunnel was switched off: it stays for the connections it has. */
  startDraining(config: TunnelConfig): void {
    this.draining = config;
  }

  endDraining(): void {
    this.draining = null;
  }

  /** @returns true if draining was on and has come to its end. */
  async checkDrained(): Promise<boolean> {
    if (this.draining === null) return false;
    if (await hasOpenConnections(this.draining.address4, this.draining.address6)) return false;
    this.draining = null;
    return true;
  }

  /** Applies what the situation asks for; the same as before costs nothing. */
  follow(
    situation: Situation,
    config: TunnelConfig | null,
    links: readonly LinkSnapshot[],
    lan: LanAccess,
  ): void {
    if (this.isClosed) return;
    if (situation.isWanted) this.draining = null;
    const routing = routingOf({ ...situation, isDraining: this.isDraining });
    if (routing === 'absent' || config === null) {
      if (this.isPresent) this.settle(this.cleanUp(), false);
      return;
    }
    const addresses = links.filter((link) => link.ignoredBecause === null).flatMap((link) => link.addresses);
    const networks = addresses.filter(({ scope }) => scope === 'global').map(networkOf);
    const { address4, prefix4, address6, prefix6, mtuBytes } = config;
    const desired = {
      tunnel: { name: TUNNEL_NAME, address4, prefix4, address6, prefix6, mtu: mtuBytes },
      linkAddresses: addresses.map(({ address }) => address),
      tunnelledNetworks: lan === 'tunnel' ? networks : [],
      nameServers: this.nameServers,
      active: routing === 'active',
      isIpv6Direct: situation.ipv6 === 'direct',
      mark: TUNNEL_MARK,
    };
    const key = JSON.stringify(desired);
    if (key === this.lastKey) return;
    this.lastKey = key;
    this.tunnelAddresses = address6 === null ? [address4] : [address4, address6];
    this.isPresent = true;
    this.settle(this.routes.apply(desired), desired.active);
  }

  /** Whether an address is the tunnel's own. */
  isTunnelAddress(address: string): boolean {
    return this.tunnelAddresses.includes(address);
  }

  /** Puts back what somebody else removed. @returns the lines that took, empty if nothing was missing. */
  async repair(): Promise<string> {
    if (!this.isPresent) return '';
    try {
      return await this.routes.reassert();
    } catch (error) {
      this.lastKey = '';
      this.options.onRefused(error);
      return '';
    }
  }

  /** Removes everything of ours. */
  async cleanUp(): Promise<void> {
    this.isPresent = false;
    this.lastKey = '';
    await this.routes.cleanUp();
  }

  /** Removes everything of ours for good: a situation that changes while the daemon stops brings nothing back. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.cleanUp();
  }

  /** Changes are worked off in turn, so the last one that was asked for is the last to come here. */
  private settle(change: Promise<unknown>, leads: boolean): void {
    change.then(
      () => {
        if (this.leads === leads || this.isClosed) return;
        this.leads = leads;
        this.options.onApplied();
      },
      (error: unknown) => {
        this.lastKey = '';
        this.options.onRefused(error);
      },
    );
  }
}
