import type {
  AddressEvent,
  LinkEvent,
  NativeNetlink,
  NetlinkEvent,
  RouteEvent,
} from '../../src-native/lib/netlink-types.ts';
import type { NativeApi } from '../../src-native/lib/types.ts';
import { MAIN_TABLE } from '../routes/constants.ts';
import type { LinkKind } from '../../src-shared/model/link.ts';
import {
  kindOfLink,
  kindOfPorts,
  reasonToIgnore,
  type LinkSelection,
  type ReadInterfaceDetails,
} from './classify-link.ts';
import { diffLinks, isConnected, type LinkDelta, type LinkSnapshot } from './link-snapshot.ts';

/*
 * The monitor never patches its picture with events. An event only says that it is time to look again; then links,
 * addresses and routes are read as a whole, which takes a fraction of a millisecond and cannot drift from the truth
 * when events are lost, late or missing (the kernel does not announce IPv4 routes that vanish with their device).
 *
 * A loss is looked at and told at once. Everything else waits until a burst of events is over.
 */

/** A DHCP client or `ip addr` makes its changes within a millisecond or two of each other. */
const QUIET_MS = 5;

/** An interface that flaps without end must not hide the rest. */
const LONGEST_WAIT_MS = 50;

/**
 * The kernel holds back announcements of a lost carrier for up to a second when another came shortly before, so the
 * carrier is asked for as well. Half of this is the mean delay of a switch then; asking costs about a microsecond.
 */
const ACTIVE_POLL_MS = 20;

/** With no tunnel, nobody waits for the answer. */
const IDLE_POLL_MS = 1000;

/** What the monitor needs. */
export interface LinkMonitorOptions {
  /** Subscribed to links, addresses and routes of both families. Closed together with the monitor. */
  readonly netlink: Pick<NativeNetlink, 'startPolling' | 'read' | 'dump' | 'close'>;
  readonly carrierUp: NativeApi['carrierUp'];
  readonly readInterfaceDetails: ReadInterfaceDetails;
  readonly selection: LinkSelection;
  /** Name of our own device, which is never a link. */
  readonly tunnelName: string;
  /** Called with all links whenever anything changed; never during construction. */
  readonly onChange: (delta: LinkDelta) => void;
}

/** Watches the network interfaces of this network namespace. */
export class LinkMonitor {
  readonly #options: LinkMonitorOptions;
  /** Links whose driver says "no carrier", although the kernel has not noticed yet. */
  readonly #downByDriver = new Set<string>();
  /** Links whose driver says "carrier" and the kernel does not even after another look; the kernel decides. */
  readonly #disputed = new Set<string>();
  #links: readonly LinkSnapshot[];
  #quiet: NodeJS.Timeout | null = null;
  #longestWait: NodeJS.Timeout | null = null;
  #poll: NodeJS.Timeout;
  #isActive = false;

  constructor(options: LinkMonitorOptions) {
    this.#options = options;
    // Listening starts before the first look, so that nothing falls in between.
    options.netlink.startPolling(() => this.#onReadable());
    this.#links = this.#look();
    this.#poll = this.#startPoll();
  }

  /** All interfaces, ignored ones too, in the order of the chosen names or of their index. */
  get links(): readonly LinkSnapshot[] {
    return this.#links;
  }

  /** While active, a lost carrier is noticed within 20 ms whatever the kernel announces. */
  setActive(isActive: boolean): void {
    if (isActive === this.#isActive) return;
    this.#isActive = isActive;
    clearInterval(this.#poll);
    this.#poll = this.#startPoll();
  }

  /** Looks again at once, for example after a suspend or a failed send. */
  refresh(): void {
    this.#cancelWait();
    const before = this.#links;
    this.#links = this.#look();
    const changes = diffLinks(before, this.#links);
    if (changes.length > 0) this.#options.onChange({ links: this.#links, changes });
  }

  /** Stops watching. May be called twice. */
  close(): void {
    clearInterval(this.#poll);
    this.#cancelWait();
    this.#options.netlink.close();
  }

  #onReadable(): void {
    const events = this.#options.netlink.read();
    if (events.some((event) => this.#isLoss(event))) {
      this.refresh();
      return;
    }
    if (!events.some(isRelevant)) return;
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.refresh(), QUIET_MS);
    this.#longestWait ??= setTimeout(() => this.refresh(), LONGEST_WAIT_MS);
  }

  #isLoss(event: NetlinkEvent): boolean {
    if (event.type === 'overflow') return true;
    if (event.type === 'address') return event.removed && this.#isUsed(event.ifindex);
    if (event.type !== 'link') return false;
    const known = this.#links.find((link) => link.ifindex === event.ifindex);
    if (known === undefined || known.ignoredBecause !== null) return false;
    return event.removed || (isConnected(known) && !isConnected(event));
  }

  #isUsed(ifindex: number): boolean {
    return this.#links.some((link) => link.ifindex === ifindex && link.ignoredBecause === null);
  }

  #startPoll(): NodeJS.Timeout {
    return setInterval(() => this.#pollCarriers(), this.#isActive ? ACTIVE_POLL_MS : IDLE_POLL_MS);
  }

  #pollCarriers(): void {
    let isNews = false;
    for (const link of this.#links) {
      if (link.ignoredBecause !== null) continue;
      const isUp = this.#options.carrierUp(link.name) ?? false;
      if (isUp === isConnected(link)) {
        this.#disputed.delete(link.name);
        continue;
      }
      if (!isUp) this.#downByDriver.add(link.name);
      else if (!this.#downByDriver.delete(link.name)) {
        if (this.#disputed.has(link.name)) continue;
        this.#disputed.add(link.name);
      }
      isNews = true;
    }
    if (isNews) this.refresh();
  }

  #look(): readonly LinkSnapshot[] {
    const { netlink, selection } = this.#options;
    const devices = netlink.dump('link').filter((event): event is LinkEvent => event.type === 'link');
    const addresses = netlink
      .dump('address')
      .filter((event): event is AddressEvent => event.type === 'address');
    const defaults = netlink
      .dump('route')
      .filter(isDefaultRoute)
      .sort((a, b) => a.metric - b.metric);
    const links = devices.map((device) => this.#snapshot(device, devices, addresses, defaults));
    for (const link of links) {
      // The kernel has caught up with the driver.
      if (!link.up || !devices.some((device) => device.name === link.name && device.carrier)) {
        this.#downByDriver.delete(link.name);
      }
    }
    const rank = (link: LinkSnapshot): number =>
      selection === 'auto' || !selection.includes(link.name) ? Infinity : selection.indexOf(link.name);
    return links.sort((a, b) => compare(rank(a), rank(b)) || a.ifindex - b.ifindex);
  }

  #snapshot(
    device: LinkEvent,
    devices: readonly LinkEvent[],
    addresses: readonly AddressEvent[],
    defaults: readonly RouteEvent[],
  ): LinkSnapshot {
    const { name, ifindex, up, mtuBytes, mac, master } = device;
    const { selection, tunnelName } = this.#options;
    const masterName =
      master === 0
        ? null
        : (devices.find((other) => other.ifindex === master)?.name ?? `interface ${master}`);
    const ports = devices.filter((other) => other.master === ifindex);
    const gateway = (family: 4 | 6): string | null =>
      defaults.find((route) => route.ifindex === ifindex && route.family === family)?.gateway ?? null;
    return {
      name,
      ifindex,
      kind: this.#kindOf(device, ports),
      up,
      carrier: device.carrier && !this.#downByDriver.has(name),
      mtuBytes,
      mac,
      addresses: addresses
        .filter((address) => address.ifindex === ifindex && !address.tentative && !address.dadFailed)
        .map(({ family, address, prefixLength, scope, temporary, deprecated }) => ({
          family,
          address,
          prefixLength,
          scope,
          temporary,
          deprecated,
        })),
      gateways: { 4: gateway(4), 6: gateway(6) },
      ignoredBecause: reasonToIgnore(device, masterName, ports, selection, tunnelName),
    };
  }

  /** A bond is what its ports are; everything else tells itself. */
  #kindOf({ name }: LinkEvent, ports: readonly LinkEvent[]): LinkKind {
    const { readInterfaceDetails } = this.#options;
    const hardware = ports
      .map((port) => kindOfLink(port.name, readInterfaceDetails(port.name)))
      .filter((kind) => kind !== 'other');
    return hardware.length > 0 ? kindOfPorts(hardware) : kindOfLink(name, readInterfaceDetails(name));
  }

  #cancelWait(): void {
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    if (this.#longestWait !== null) clearTimeout(this.#longestWait);
    this.#quiet = null;
    this.#longestWait = null;
  }
}

function isRelevant(event: NetlinkEvent): boolean {
  return (
    event.type === 'link' || event.type === 'address' || (event.type === 'route' && isDefaultRoute(event))
  );
}

function isDefaultRoute(event: NetlinkEvent): event is RouteEvent {
  return (
    event.type === 'route' && event.table === MAIN_TABLE && event.prefixLength === 0 && event.gateway !== null
  );
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
