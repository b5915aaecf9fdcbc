import type {
  AddressEvent,
  LinkEvent,
  NativeNetlink,
  NetlinkDumpKind,
  NetlinkEvent,
  RouteEvent,
} from '../../src-native/lib/netlink-types.ts';

/** A kernel's network configuration in memory, with the events that a real one sends. */
export class FakeNetlink implements Pick<NativeNetlink, 'startPolling' | 'read' | 'dump' | 'close'> {
  links: LinkEvent[] = [];
  addresses: AddressEvent[] = [];
  routes: RouteEvent[] = [];
  dumps = 0;
  isClosed = false;
  readonly #queue: NetlinkEvent[] = [];
  #onReadable: () => void = () => undefined;

  startPolling(onReadable: () => void): void {
    this.#onReadable = onReadable;
  }

  read(): NetlinkEvent[] {
    return this.#queue.splice(0);
  }

  dump(kind: NetlinkDumpKind): NetlinkEvent[] {
    this.dumps += 1;
    if (kind === 'link') return [...this.links];
    if (kind === 'address') return [...this.addresses];
    return kind === 'route' ? [...this.routes] : [];
  }

  close(): void {
    this.isClosed = true;
  }

  /** Delivers events in one go. */
  emit(...events: NetlinkEvent[]): void {
    this.#queue.push(...events);
    this.#onReadable();
  }

  /** Changes a device and announces it. */
  changeLink(name: string, change: Partial<LinkEvent>): void {
    this.links = this.links.map((link) => (link.name === name ? { ...link, ...change } : link));
    this.emit(...this.links.filter((link) => link.name === name));
  }

  /** Removes a device with everything on it, and announces it. */
  removeLink(name: string): void {
    const gone = this.links.filter((link) => link.name === name);
    this.links = this.links.filter((link) => link.name !== name);
    this.emit(...gone.map((link) => ({ ...link, removed: true })));
  }

  /** Adds an address and announces it. */
  addAddress(event: AddressEvent): void {
    this.addresses.push(event);
    this.emit(event);
  }

  /** Removes an address and announces it. */
  removeAddress(text: string): void {
    const gone = this.addresses.filter(({ address }) => address === text);
    this.addresses = this.addresses.filter(({ address }) => address !== text);
    this.emit(...gone.map((event) => ({ ...event, removed: true })));
  }
}

/** A network device that is up and connected. */
export function linkEvent(name: string, ifindex: number, overrides: Partial<LinkEvent> = {}): LinkEvent {
  return {
    type: 'link',
    removed: false,
    ifindex,
    name,
    up: true,
    carrier: true,
    operState: 'up',
    mtuBytes: 1500,
    kind: null,
    master: 0,
    mac: `02:00:00:00:00:0${ifindex}`,
    isLoopback: false,
    isPointToPoint: false,
    ...overrides,
  };
}

/** A usable address. */
export function addressEvent(
  ifindex: number,
  address: string,
  overrides: Partial<AddressEvent> = {},
): AddressEvent {
  const family = address.includes(':') ? 6 : 4;
  return {
    type: 'address',
    removed: false,
    ifindex,
    family,
    address,
    prefixLength: family === 4 ? 24 : 64,
    scope: 'global',
    temporary: false,
    deprecated: false,
    tentative: false,
    dadFailed: false,
    ...overrides,
  };
}

/** A default route of the main table. */
export function defaultRouteEvent(
  ifindex: number,
  gateway: string,
  overrides: Partial<RouteEvent> = {},
): RouteEvent {
  const family = gateway.includes(':') ? 6 : 4;
  return {
    type: 'route',
    removed: false,
    family,
    table: 254,
    destination: family === 4 ? '0.0.0.0' : '::',
    prefixLength: 0,
    gateway,
    ifindex,
    metric: 100,
    protocol: 16,
    scope: 'global',
    routeType: 'unicast',
    requester: 0,
    ...overrides,
  };
}
