import type { ControlServer } from '../src-control/index.ts';
import { startOrStop } from '../src-driver/run-daemon.ts';
import { undoChanges } from '../src-driver/undo-changes.ts';
import type { SessionEvent } from '../src-engine/session-events.ts';
import { native } from '../src-platform/native.ts';
import {
  type LinkMonitor,
  type SystemJournal,
  Sysctls,
  sysctlFiles,
  type LinkSnapshot,
} from '../src-platform/index.ts';
import { describeError, type Log } from '../src-platform/log.ts';
import type { DaemonContract } from '../src-shared/control/contract.ts';
import type { Settings } from '../src-shared/model/settings.ts';
import type { DaemonStatus, FailureCause } from '../src-shared/model/status.ts';
import type { TunnelConfig } from '../src-shared/tunnel/control-message.ts';
import { AppRules } from './apps/app-rules.ts';
import type { KnownBox } from './arguments.ts';
import { BoxTunnel } from './box-tunnel.ts';
import { toldHosts } from './routing/box-addresses.ts';
import { LinkTuner } from './routing/link-tuner.ts';
import { RouteKeeper } from './routing/route-keeper.ts';
import { RouteWatch } from './routing/watch-routes.ts';
import { ChangeTimer } from './change-timer.ts';
import { type Situation, countUsable, stateOf } from './connection/situation.ts';
import type { HandledDaemon } from './control/handled-daemon.ts';
import { listenForControl } from './control/listen.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { openState, type DaemonState } from './daemon-state.ts';
import { Desktop } from './desktop/desktop.ts';
import { BoxFinder } from './discovery/box-finder.ts';
import { type LinkWishes, linkWishes } from './links/link-wishes.ts';
import { PacketLoop } from './packet-loop.ts';
import { Pairings } from './pairing/pairings.ts';
import { takeSessionEvent } from './session-events.ts';
import { boxIdentity, buildStatus } from './status/build-status.ts';
import { StatusPublisher } from './status/publisher.ts';
import { RateMeter } from './status/rate-meter.ts';
import { SwitchLog } from './status/switch-log.ts';
import { SettingsKeeper, type SettingsChange } from './settings/settings-keeper.ts';
import { TimelineKeeper } from './timeline/keeper.ts';
import type { Tunnel } from './tunnel.ts';
import { watchLinks } from './watch-links.ts';

/** The laptop's daemon: wires links, tunnel, routes, settings and the control socket together. */
export class Daemon implements HandledDaemon {
  readonly finder: BoxFinder;
  readonly pairings: Pairings;
  readonly desktop: Desktop;
  readonly timeline: TimelineKeeper;
  readonly apps: AppRules;
  /** Links that the unplug test takes away. */
  readonly unplugged = new Set<string>();
  /** Called for each event of the session, after the daemon has looked at it. */
  readonly eventListeners = new Set<(event: SessionEvent) => void>();
  readonly loop: PacketLoop;
  private readonly boxTunnel: BoxTunnel;
  private readonly log: Log;
  private readonly settingsKeeper: SettingsKeeper;
  private readonly journal: SystemJournal;
  readonly sysctls: Sysctls;
  private readonly tuner: LinkTuner;
  private readonly routes: RouteKeeper;
  private readonly routeWatch: RouteWatch;
  private readonly publisher = new StatusPublisher(() =>
    this.control?.publish('status.changed', this.timeline.observe(this.status())),
  );
  private readonly rates = new RateMeter();
  private readonly monitor: LinkMonitor;
  private readonly ticker: NodeJS.Timeout;
  private control: ControlServer<DaemonContract> | null = null;
  private config: TunnelConfig | null = null;
  private failure: FailureCause | null = null;
  private failureDetail = '';
  private wantedSince = 0;
  private attempts = 0;
  private readonly switches = new SwitchLog();
  private shownState = '';
  private readonly changes = new ChangeTimer(() => this.settle());

  private constructor(options: DaemonOptions, log: Log, state: DaemonState) {
    const { key, journal, settingsFile, settings } = state;
    this.log = log;
    this.journal = journal;
    this.settingsKeeper = new SettingsKeeper(settingsFile, settings);
    this.timeline = new TimelineKeeper(options.stateDir, log);
    this.sysctls = new Sysctls(sysctlFiles(), journal);
    this.tuner = new LinkTuner(journal, log, (error) => this.fail('state-unwritable', error));
    this.loop = new PacketLoop(key);
    this.boxTunnel = new BoxTunnel(this.loop, log, (event) => this.onEvent(event));
    this.boxTunnel.use(state.box);
    this.finder = new BoxFinder(this, log);
    this.pairings = new Pairings({
      loop: this.loop,
      state,
      log,
      isGiven: options.box !== null,
      findBoxes: () => this.finder.findForPairing(),
      daemon: this,
    });
    this.routes = new RouteKeeper(journal, {
      onApplied: () => this.settle(),
      onRefused: (error) => this.fail('routes-refused', error),
    });
    this.apps = new AppRules(this, this.routes, journal, log);
    this.routeWatch = new RouteWatch(this.routes, this.apps, log);
    this.monitor = watchLinks(options.links, log, () => void this.onLinks());
    const refreshLinks = (): void => this.monitor.refresh();
    this.desktop = new Desktop({ daemon: this, log, stateDir: options.stateDir, journal, refreshLinks });
    this.ticker = setInterval(() => this.onTick(), TICK_MS);
  }

  /** Starts a daemon. @throws a named error that says what is missing. */
  static async start(options: DaemonOptions, log: Log): Promise<Daemon> {
    const state = await openState(options, log);
    const daemon = new Daemon(options, log, state);
    return startOrStop(daemon, async () => {
      await daemon.routes.cleanUp();
      await daemon.apps.start();
      daemon.control = await listenForControl(daemon, options, log);
      log.info('started', { publicKey: state.key.publicKeyText, wanted: state.settings.wanted });
      await daemon.applyWanted();
    });
  }

  get settings(): Settings {
    return this.settingsKeeper.value;
  }

  // ---- what users ask for --------------------------------------------------------------------------------------

  /** Saves changed settings. @throws StorageError; then nothing has changed. */
  async changeSettings(change: SettingsChange): Promise<void> {
    await this.settingsKeeper.change(change);
    this.publisher.touch();
  }

  /** Switches on or off; off waits for the tunnel's connections unless `isNow`. */
  async setWanted(wanted: boolean, isNow: boolean): Promise<void> {
    await this.changeSettings({ wanted });
    this.log.info('wanted', { wanted, isNow });
    if (wanted || isNow) this.routes.endDraining();
    else if (this.config !== null) this.routes.startDraining(this.config);
    await this.applyWanted();
  }

  /** Applies what is wanted to the tunnel, and mode and priorities with it. */
  async applyWanted(): Promise<void> {
    const { tunnel, settings } = this;
    this.desktop.applyMode();
    if (tunnel !== null) {
      if (settings.wanted) {
        if (this.wantedSince === 0) this.wantedSince = native.nowMicros();
        if (this.boxTunnel.open((error) => this.fail('tun-unavailable', error))) this.failure = null;
      } else {
        this.wantedSince = 0;
      }
    }
    await this.onLinks();
  }

  /** Ends the tunnel after the last connection, or at once. */
  private closeTunnel(): void {
    this.tunnel?.disconnect();
    this.tunnel?.closeDevice();
    this.config = null;
    this.log.info('tunnel-closed');
  }

  // ---- what happens --------------------------------------------------------------------------------------------

  get tunnel(): Tunnel | null {
    return this.boxTunnel.tunnel;
  }

  get box(): KnownBox | null {
    return this.boxTunnel.box;
  }

  /** Has to do with another box from now on, or with none. */
  useBox(box: KnownBox | null): void {
    if (box?.publicKey !== this.box?.publicKey) {
      this.config = null;
      this.routes.endDraining();
    }
    this.failure = null;
    this.boxTunnel.use(box);
    this.settle();
  }

  /** Links as they are for the tunnel: those that the unplug test took away have no carrier. */
  get links(): readonly LinkSnapshot[] {
    return this.monitor.links.map((link) =>
      this.unplugged.has(link.name) ? { ...link, carrier: false } : link,
    );
  }

  get priorities(): LinkWishes['priorities'] {
    return this.wishes.priorities;
  }

  private get isInUse(): boolean {
    return this.settings.wanted || this.routes.isDraining;
  }

  private get wishes(): LinkWishes {
    return linkWishes(this.settings, this.monitor.links, this.desktop.networkManager.facts.metered);
  }

  /** Brings paths, settings of the kernel and routes in line with links and wishes. */
  async onLinks(): Promise<void> {
    const { isInUse } = this;
    if (isInUse) this.tunnel?.linkPaths.setLinks(this.links, this.wishes);
    this.settle();
    await this.tuner.follow(this.links, isInUse);
  }

  private onEvent(event: SessionEvent): void {
    takeSessionEvent(event, {
      log: this.log,
      switches: this.switches,
      tunnel: () => this.tunnel,
      noteSwitch: (happened) => this.timeline.noteSwitch(happened),
      onEstablished: () => {
        this.attempts++;
        if (this.failure === 'box-refused-key') this.failure = null;
      },
      onConfig: (config) => {
        this.config = config;
        void this.pairings.remember(toldHosts(config));
        void this.boxTunnel.locate(config);
      },
      fail: (cause, error) => this.fail(cause, error),
    });
    this.settle();
    for (const listener of this.eventListeners) listener(event);
  }

  private onTick(): void {
    this.desktop.tick();
    if (this.tunnel === null) return;
    this.monitor.setActive(native.nowMicros() - this.tunnel.session.lastDataAt < ACTIVE_MICROS);
    this.rates.measure(this.tunnel.session, this.tunnel.linkPaths, native.nowMicros());
    if (this.settings.wanted) this.tunnel.linkPaths.reconcile();
    void this.tuner.follow(this.links, this.isInUse);
    if (this.routes.isDraining) void this.routes.checkDrained().then((isOver) => isOver && this.settle());
    this.publisher.touch();
  }

  private get situation(): Situation {
    const { tunnel } = this;
    const now = native.nowMicros();
    const usableLinks = countUsable(this.links, this.wishes.priorities);
    return {
      now,
      isWanted: this.settings.wanted,
      isDraining: this.routes.isDraining,
      ipv6: this.settings.ipv6,
      hasBox: tunnel !== null,
      failure: this.failure,
      isConfigured: this.config !== null,
      isRouted: this.routes.isLeading,
      hasCarrying: tunnel?.session.isEstablished === true && tunnel.session.hasCarrying,
      lostSince: tunnel?.session.lostSince ?? 0,
      wantedSince: this.wantedSince,
      ...this.desktop.outlook(usableLinks, now),
      usableLinks,
    };
  }

  /** Lets routes and status follow the situation. */
  settle(): void {
    this.switches.learn(this.tunnel?.linkPaths.paths ?? []);
    const situation = this.situation;
    const state = stateOf(situation);
    if (state !== this.shownState) {
      this.log.info('state', { state, from: this.shownState });
      this.shownState = state;
    }
    this.desktop.follow(situation, this.config);
    this.routes.nameServers = this.desktop.names.routedServers;
    this.routes.follow(situation, this.config, this.links, this.settings.lan);
    this.finder.follow(state);
    this.apps.follow(this.links);
    if (!situation.isWanted && !situation.isDraining && this.config !== null) this.closeTunnel();
    this.changes.follow(situation);
    this.timeline.observe(this.status());
    this.publisher.touch();
  }

  private fail(cause: FailureCause, error: unknown): void {
    this.failure = cause;
    this.failureDetail = (error as Error).message;
    this.log.error(cause, describeError(error));
    this.publisher.touch();
  }

  /** The status of this moment. */
  status(): DaemonStatus {
    return buildStatus({
      situation: this.situation,
      mode: this.settings.mode,
      box: boxIdentity(this.box, this.config, this.tunnel?.linkPaths ?? null),
      boxVersion: this.config?.version ?? null,
      links: this.links,
      ...this.wishes,
      lan: this.settings.lan,
      contestedBy: this.routeWatch.contestedBy,
      tunnel: this.tunnel,
      rates: this.rates,
      switches: this.switches,
      leavingUntil: this.desktop.leaving.until,
      troubles: this.desktop.circumstances.troubles,
      timelineLength: this.timeline.length,
      attempts: this.attempts,
      failureDetail: this.failureDetail,
    });
  }

  /** Ends the tunnel, undoes every change on the system and frees everything. */
  async stop(): Promise<void> {
    clearInterval(this.ticker);
    await this.timeline.close();
    this.monitor.close();
    await this.tuner.close();
    this.routeWatch.close();
    this.finder.close();
    await this.desktop.close();
    await this.apps.close();
    await this.routes.close();
    this.boxTunnel.close();
    this.loop.close();
    // Closing the tunnel is a change of the situation, too: timers are set until here.
    this.changes.clear();
    this.publisher.close();
    await this.control?.close();
    await undoChanges(this.journal, this.log);
    this.log.info('stopped');
  }
}

/** Once a second: ways to the box that did not answer, rates, and whether draining is over. */
const TICK_MS = 1_000;
/** Carriers are watched closely while packets flow; an idle tunnel's next packet finds out by itself. */
const ACTIVE_MICROS = 2_000_000;
