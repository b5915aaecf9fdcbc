import {
  askServer,
  BusServices,
  exec,
  nameServersIn,
  NetworkManagerWatch,
  PowerSave,
  Resolved,
  RESOLVED,
  SleepWatch,
  type LinkSnapshot,
  type NeighbourEvent,
  type SystemJournal,
} from '../../src-platform/index.ts';
import { native } from '../../src-platform/native.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import type { Settings } from '../../src-shared/model/settings.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { TunnelConfig } from '../../src-shared/tunnel/control-message.ts';
import type { Check } from '../doctor/check.ts';
import { routingOf, type Situation } from '../connection/situation.ts';
import { NameKeeper } from '../names/name-keeper.ts';
import { Whereabouts } from './whereabouts.ts';
import type { Tunnel } from '../tunnel.ts';
import { linkTroubleChecks } from './link-checks.ts';
import { Leaving } from './leaving.ts';
import { LinkCircumstances } from './link-circumstances.ts';

/** The daemon as far as the desktop's software has to do with it. */
export interface DesktopDaemon {
  readonly links: readonly LinkSnapshot[];
  readonly settings: Settings;
  readonly tunnel: Tunnel | null;
  status(): DaemonStatus;
  /** Routes and status follow what is known. */
  settle(): void;
  /** Links, or what is wanted of them, have changed. */
  onLinks(): Promise<void>;
}

export interface DesktopOptions {
  readonly daemon: DesktopDaemon;
  readonly log: Log;
  readonly stateDir: string;
  readonly journal: SystemJournal;
  /** Looks at all links anew. */
  readonly refreshLinks: () => void;
}

/** What the software of a desktop does to the tunnel, and what the tunnel does for it: names, sleep, networks. */
export class Desktop {
  readonly names: NameKeeper;
  readonly leaving: Leaving;
  readonly networkManager: NetworkManagerWatch;
  readonly circumstances = new LinkCircumstances();
  private readonly daemon: DesktopDaemon;
  private readonly log: Log;
  private readonly sleep: SleepWatch;
  private readonly services: BusServices;
  private readonly whereabouts: Whereabouts;
  private readonly powerSave: PowerSave;
  private readonly netlink = new native.Netlink({ groups: [] });
  private wokeAt = 0;
  private linkedAt = 0;
  private hadLinks = true;
  /** The kernel's neighbours as of this look around; null until somebody asks. */
  private neighboursNow: readonly NeighbourEvent[] | null = null;

  constructor({ daemon, log, stateDir, journal, refreshLinks }: DesktopOptions) {
    this.daemon = daemon;
    this.log = log;
    this.names = new NameKeeper({
      log,
      askServer,
      readServers: nameServersIn,
      makeResolved: (bus) => new Resolved(bus),
      now: () => native.nowMicros() / 1_000,
      onChange: () => daemon.settle(),
    });
    this.sleep = new SleepWatch({
      now: native.nowMicros,
      awake: () => Number(process.hrtime.bigint() / 1_000n),
      DeadlineTimer: native.DeadlineTimer,
      onWake: (sleptMicros) => {
        log.info('woke-up', { sleptMicros });
        this.wokeAt = native.nowMicros();
        // Links and addresses may be others, and every timer has stood still.
        refreshLinks();
        daemon.tunnel?.linkPaths.wake();
        daemon.settle();
      },
    });
    this.leaving = new Leaving({
      hurry: () => daemon.tunnel?.linkPaths.hurry(),
      onChange: () => {
        this.applyMode();
        daemon.settle();
      },
      wallClock: Date.now,
    });
    this.networkManager = new NetworkManagerWatch(() => void daemon.onLinks());
    this.whereabouts = new Whereabouts({
      stateDir,
      log,
      neighbours: () => this.neighbours(),
      resolve: (ifindex, address) => this.netlink.resolve(ifindex, address),
    });
    this.powerSave = new PowerSave(exec, journal);
    const { onResolvedUp: onUp, onResolvedDown: onDown, onResolvedSignal: onSignal } = this.names;
    this.services = new BusServices({
      services: [{ name: RESOLVED, onUp, onDown, onSignal }, this.sleep.service, this.networkManager.service],
    });
  }

  /** See {@link Situation}: what is to be known of a moment with so many usable links. */
  outlook(usableLinks: number, now: number): Pick<Situation, 'hopeSince' | 'isElsewhere'> {
    if (usableLinks > 0 && !this.hadLinks) this.linkedAt = now;
    this.hadLinks = usableLinks > 0;
    return { hopeSince: Math.max(this.wokeAt, this.linkedAt), isElsewhere: this.whereabouts.isElsewhere };
  }

  /** Uses the links as it was chosen, or as somebody who is leaving needs them. */
  applyMode(): void {
    const { mode } = this.daemon.settings;
    this.daemon.tunnel?.setMode(this.leaving.modeNow(mode), mode);
  }

  /** To be called with every change of the situation. */
  follow(situation: Situation, config: TunnelConfig | null): void {
    this.names.follow({
      isActive: routingOf(situation) === 'active' && situation.hasCarrying,
      ifindex: this.daemon.tunnel?.deviceIndex ?? 0,
      address4: config?.address4 ?? '',
      address6: config?.address6 ?? null,
      links: this.daemon.links,
    });
  }

  /** To be called once a second. */
  tick(): void {
    this.neighboursNow = null;
    this.sleep.tick();
    this.names.tick();
    const { daemon } = this;
    const { links, settings, tunnel } = daemon;
    if (!settings.wanted) {
      this.circumstances.forget();
      void this.keepAwake([]);
      return;
    }
    const { links: statuses } = daemon.status();
    const serving = statuses.filter(({ state }) => state === 'carrying' || state === 'standby');
    const isNews = this.whereabouts.look(links, new Set(serving.map(({ name }) => name)));
    if (isNews) daemon.settle();
    this.circumstances.look({
      links,
      statuses,
      tunnel,
      portalCheck: settings.portalCheck ?? 'auto',
      managerUri: this.networkManager.facts.checkUri,
      neighbours: () => this.neighbours(),
      now: native.nowMicros(),
    });
    const isAvoided = settings.wifiPowerSave === 'avoid' || this.leaving.until !== null;
    void this.keepAwake(
      isAvoided ? serving.filter(({ kind }) => kind === 'wifi').map(({ name }) => name) : [],
    );
  }

  /** What is to be said about all this. */
  get checks(): readonly Check[] {
    return [this.names.check, ...linkTroubleChecks(() => this.daemon.status())];
  }

  /** Puts everything back. */
  async close(): Promise<void> {
    this.sleep.close();
    this.leaving.stop();
    this.networkManager.close();
    await this.keepAwake([]);
    await this.names.close();
    this.services.close();
    this.netlink.close();
  }

  private keepAwake(linkNames: readonly string[]): Promise<void> {
    return this.powerSave
      .keepAwake(linkNames)
      .catch((error: unknown) => this.log.warn('power-save-refused', describeError(error)));
  }

  /** Several ask in each look around, and packets wait while the kernel tells. */
  private neighbours(): readonly NeighbourEvent[] {
    return (this.neighboursNow ??= this.netlink
      .dump('neighbour')
      .filter((event): event is NeighbourEvent => event.type === 'neighbour'));
  }
}
