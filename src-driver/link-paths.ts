import type { NativeApi } from '../src-platform/native.ts';
import { RESERVE_RANK_MICROS } from '../src-engine/path/path.ts';
import { MAX_PATHS, type Session } from '../src-engine/session.ts';
import type { SwitchReason } from '../src-engine/session-events.ts';
import type { LinkSnapshot } from '../src-platform/links/link-snapshot.ts';
import type { LinkPriority } from '../src-shared/model/link.ts';
import { type BoxAddress, candidatesOf, isLinkLocalAddress, type PathCandidate } from './box-address.ts';
import type { Pump } from './pump.ts';

/** A path as the laptop opened it. */
export interface LinkPath {
  readonly pathId: number;
  readonly linkName: string;
  readonly ifindex: number;
  readonly localAddress: string;
  readonly remote: BoxAddress;
  readonly socket: number;
  readonly remoteId: number;
  readonly openedAt: number;
}

export interface LinkPathsOptions {
  readonly native: Pick<NativeApi, 'UdpSocket' | 'addressIntern'>;
  readonly pump: Pump;
  readonly session: Session;
  /** Firewall mark that keeps the tunnel's own datagrams out of the tunnel. */
  readonly mark: number;
  /** A path could not be opened: for the log, at most once for each cause. */
  readonly onRefused: (linkName: string, error: Error) => void;
}

/**
 * Keeps one path over each link that can reach the box: opens a device-bound socket for the most promising ways,
 * keeps the first that answers, and closes what the link's state makes impossible at once.
 */
export class LinkPaths {
  private readonly options: LinkPathsOptions;
  private links: readonly LinkSnapshot[] = [];
  private priorities: ReadonlyMap<string, LinkPriority> = new Map();
  private metered: ReadonlySet<string> = new Set();
  private box: readonly BoxAddress[] = [];
  private found: readonly BoxAddress[] = [];
  private open: LinkPath[] = [];
  /** Paths that carry no more because another takes their place. */
  private readonly leaving = new Set<LinkPath>();
  private readonly attempts = new Map<string, number>();
  private nextPathId = 0;
  private isSaving = false;

  constructor(options: LinkPathsOptions) {
    this.options = options;
  }

  /** The paths that are open, in no order. */
  get paths(): readonly LinkPath[] {
    return this.open;
  }

  /** Where the box may be, as told and as found. */
  get boxAddresses(): readonly string[] {
    return [...this.box, ...this.found].map(({ address }) => address);
  }

  pathOf(pathId: number): LinkPath | undefined {
    return this.open.find((path) => path.pathId === pathId);
  }

  setBox(addresses: readonly BoxAddress[]): void {
    this.box = addresses;
    this.reconcile();
  }

  /** Further addresses, which somebody on the network says are the box's; those of the last call are forgotten. */
  setFound(addresses: readonly BoxAddress[]): void {
    // Whose turn it is stays as it is: claims that change all the time must not keep the others waiting.
    this.found = addresses;
    this.reconcile();
  }

  /** @param wishes what the user wants of the links, by name; `metered` are those that are paid by the byte */
  setLinks(
    links: readonly LinkSnapshot[],
    wishes: {
      readonly priorities: ReadonlyMap<string, LinkPriority>;
      readonly metered: ReadonlySet<string>;
    },
  ): void {
    this.links = links;
    this.priorities = wishes.priorities;
    this.metered = wishes.metered;
    this.attempts.clear();
    this.rankAll();
    this.reconcile();
  }

  /** Whether links that are paid by the byte are kept for when nothing else works. */
  setSaving(isSaving: boolean): void {
    if (this.isSaving === isSaving) return;
    this.isSaving = isSaving;
    this.rankAll();
  }

  private rankAll(): void {
    for (const path of this.open) {
      const rank = this.leaving.has(path) ? LEAVING_RANK_MICROS : this.rankOf(path.linkName);
      this.options.session.rankPath(path.pathId, rank, this.options.pump.now());
    }
  }

  /** Begins anew with all links, as if nothing had ever failed: the laptop has slept. */
  wake(): void {
    this.attempts.clear();
    this.reconcile();
    this.hurry();
  }

  /** Probes everything at once: something hints that the network has changed. */
  hurry(): void {
    const now = this.options.pump.now();
    for (const path of this.open) this.options.session.hurryPath(path.pathId, now);
    this.options.pump.flush();
  }

  /** Brings open paths in line with links and addresses; also to be called once a second, for ways that did not answer. */
  reconcile(): void {
    for (const path of [...this.open]) {
      const reason = this.reasonToClose(path);
      if (reason !== null) this.close(path, reason);
      else this.followSize(path);
    }
    for (const link of this.links) if (this.isUsable(link)) this.reconcileLink(link);
    this.options.pump.pinRemotes(this.options.session);
    this.options.pump.flush();
  }

  private isUsable(link: LinkSnapshot): boolean {
    return (
      link.ignoredBecause === null && link.up && link.carrier && this.priorities.get(link.name) !== 'never'
    );
  }

  private reasonToClose(path: LinkPath): SwitchReason | null {
    const link = this.links.find((candidate) => candidate.name === path.linkName);
    if (link === undefined || link.ifindex !== path.ifindex) return 'device-gone';
    if (!link.up || !link.carrier) return 'carrier-lost';
    if (link.ignoredBecause !== null || this.priorities.get(link.name) === 'never') return 'user';
    return link.addresses.some(({ address }) => address === path.localAddress) ? null : 'address-gone';
  }

  /** A link may be set to carry less or more while a path is open. */
  private followSize(path: LinkPath): void {
    const link = this.links.find(({ name }) => name === path.linkName);
    const maximumBytes = link === undefined ? 0 : maximumOn(link, path.localAddress);
    if (maximumBytes === 0 || this.options.session.path(path.pathId).maximumDatagramBytes === maximumBytes)
      return;
    this.options.session.resizePath(path.pathId, maximumBytes, this.options.pump.now());
  }

  private reconcileLink(link: LinkSnapshot): void {
    const mine = this.open.filter((path) => path.linkName === link.name);
    const now = this.options.pump.now();
    const passing = mine.find(
      (path) => isPassing(link, path) && this.options.session.path(path.pathId).isUsable,
    );
    if (passing !== undefined && this.succeed(link, passing, mine, now)) return;
    const working = mine.find((path) => this.options.session.path(path.pathId).state === 'validated');
    if (working !== undefined) {
      for (const path of mine)
        if (path !== working && now - path.openedAt > RIVAL_GRACE_MICROS) this.close(path, 'user');
      return;
    }
    // A path that once worked is given time to work again; only what was found meanwhile is tried beside it.
    const suspects = mine.filter((path) => this.options.session.path(path.pathId).state === 'suspect');
    const untried = this.found.filter(({ address, port }) =>
      suspects.every(({ remote }) => remote.address !== address || remote.port !== port),
    );
    const addresses = suspects.length > 0 ? untried : withoutDoubles([...this.box, ...this.found]);
    const candidates = candidatesOf(link, addresses);
    if (suspects.length > 0 && candidates.length === 0) return;
    const rivals = mine.filter((path) => !suspects.includes(path));
    if (rivals.some((path) => now - path.openedAt < ANSWER_WITHIN_MICROS)) return;
    for (const path of rivals) this.close(path, 'silent');
    if (candidates.length === 0) return;
    const attempt = this.attempts.get(link.name) ?? 0;
    this.attempts.set(link.name, attempt + 1);
    for (let i = 0; i < Math.min(CANDIDATES_AT_ONCE, candidates.length); i++) {
      this.tryOpen(link, candidates[(attempt * CANDIDATES_AT_ONCE + i) % candidates.length]!, now);
    }
  }

  /**
   * Replaces a path whose address is about to go while both work: opens another beside it, lets that carry, and closes
   * the old one when nothing of it is on its way any more.
   *
   * @returns whether there is another address to go on from.
   */
  private succeed(link: LinkSnapshot, passing: LinkPath, mine: readonly LinkPath[], now: number): boolean {
    const { session } = this.options;
    const successor = mine.find((path) => !isPassing(link, path));
    if (successor !== undefined && session.path(successor.pathId).isUsable) {
      if (this.leaving.has(passing)) {
        this.close(passing, 'user');
      } else if (now - session.path(successor.pathId).validatedAt > RIVAL_GRACE_MICROS) {
        this.leaving.add(passing);
        this.rankAll();
      }
      return true;
    }
    if (successor !== undefined && now - successor.openedAt < ANSWER_WITHIN_MICROS) return true;
    if (successor !== undefined) this.close(successor, 'silent');
    const candidates = candidatesOf(link, withoutDoubles([...this.box, ...this.found])).filter(
      ({ localAddress }) => !isPassing(link, { localAddress }),
    );
    if (candidates.length === 0) return false;
    const attempt = this.attempts.get(link.name) ?? 0;
    this.attempts.set(link.name, attempt + 1);
    this.tryOpen(link, candidates[attempt % candidates.length]!, now);
    return true;
  }

  private tryOpen(link: LinkSnapshot, candidate: PathCandidate, now: number): void {
    const { native, pump, session, mark } = this.options;
    const pathId = this.freePathId();
    if (pathId < 0) return;
    try {
      const socket = new native.UdpSocket({
        family: candidate.family,
        localAddress: candidate.localAddress,
        localPort: 0,
        device: link.name,
        scopeId: link.ifindex,
        mark,
        receiveBufferBytes: SOCKET_BUFFER_BYTES,
        sendBufferBytes: SOCKET_BUFFER_BYTES,
      });
      const { address, port } = candidate.remote;
      const remoteId = native.addressIntern(address, port, isLinkLocalAddress(address) ? link.ifindex : 0);
      const handle = pump.addSocket(socket);
      this.open.push({
        pathId,
        linkName: link.name,
        ifindex: link.ifindex,
        localAddress: candidate.localAddress,
        remote: candidate.remote,
        socket: handle,
        remoteId,
        openedAt: now,
      });
      const maximumBytes = maximumOn(link, candidate.localAddress);
      session.openPath(pathId, handle, remoteId, this.rankOf(link.name), maximumBytes, now);
    } catch (error) {
      this.options.onRefused(link.name, error as Error);
    }
  }

  private freePathId(): number {
    for (let i = 0; i < MAX_PATHS; i++) {
      const id = (this.nextPathId + i) % MAX_PATHS;
      if (this.open.some((path) => path.pathId === id)) continue;
      this.nextPathId = id + 1;
      return id;
    }
    return -1;
  }

  private close(path: LinkPath, reason: SwitchReason): void {
    const { pump, session } = this.options;
    this.open = this.open.filter((other) => other !== path);
    this.leaving.delete(path);
    session.closePath(path.pathId, reason, pump.now());
    pump.removeSocket(path.socket);
  }

  private rankOf(linkName: string): number {
    const link = this.links.find((candidate) => candidate.name === linkName);
    const kind = link?.kind ?? 'other';
    const priority = this.priorities.get(linkName) ?? 'auto';
    const isSpared = this.isSaving && this.metered.has(linkName) && priority === 'auto';
    return TIER_MICROS[isSpared ? 'backup' : priority] + KIND_MICROS[kind];
  }
}

/** Whether the path's address is still valid, but not for long. */
function isPassing(link: LinkSnapshot, { localAddress }: Pick<LinkPath, 'localAddress'>): boolean {
  return link.addresses.some(({ address, deprecated }) => address === localAddress && deprecated);
}

/** UDP payload that the link itself carries, from an address of either family. */
function maximumOn(link: LinkSnapshot, localAddress: string): number {
  return link.mtuBytes - (localAddress.includes(':') ? IPV6_UDP_BYTES : IPV4_UDP_BYTES);
}

/** The same address may be told and found. */
function withoutDoubles(addresses: readonly BoxAddress[]): BoxAddress[] {
  return [...new Map(addresses.map((box) => [`${box.address} ${box.port} ${box.zone}`, box])).values()];
}

/** What a priority is worth in microseconds of round trip: more than any difference between links. */
const TIER_MICROS: Record<LinkPriority, number> = {
  prefer: 0,
  auto: 10_000_000,
  backup: RESERVE_RANK_MICROS,
  never: RESERVE_RANK_MICROS,
};
/** Behind everything else, a reserve too. */
const LEAVING_RANK_MICROS = 2 * RESERVE_RANK_MICROS;
/** A cable is preferred unless its round trip is this much worse: radio varies, and costs battery. */
const KIND_MICROS: Record<LinkSnapshot['kind'], number> = {
  ethernet: 0,
  usb: 500,
  wifi: 6_000,
  other: 8_000,
  cellular: 20_000,
};
/** The kernel's limit for one burst at 3 Gbit/s while the process is scheduled out for 20 ms. */
const SOCKET_BUFFER_BYTES = 8 * 1024 * 1024;
const IPV4_UDP_BYTES = 28;
const IPV6_UDP_BYTES = 48;
/** Two ways are tried at once, so that one dead address of the box costs no time. */
const CANDIDATES_AT_ONCE = 2;
/** Others that answered a little later are closed after this time. */
const RIVAL_GRACE_MICROS = 500_000;
/** A way that has not answered by then is exchanged for the next. */
const ANSWER_WITHIN_MICROS = 1_500_000;
