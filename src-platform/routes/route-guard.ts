import type { NativeNetlink, NetlinkEvent } from '../../src-native/lib/netlink-types.ts';
import {
  FIRST_RULE_PRIORITY,
  HOST_PROTOCOL,
  LAST_RULE_PRIORITY,
  PROGRAM_PROTOCOL,
  ROUTE_PROTOCOL,
  TUNNEL_TABLE,
} from './constants.ts';
import { RepairPace } from './repair-pace.ts';

/**
 * Collects the removals of one sweep: who flushes rules removes all of them within a millisecond or two. Until the
 * rules are back, new connections go direct, so longer would be worse.
 */
const SWEEP_MS = 5;

const OWN_PROTOCOLS: ReadonlySet<number> = new Set([ROUTE_PROTOCOL, PROGRAM_PROTOCOL, HOST_PROTOCOL]);

/** Who removed something, as far as the kernel tells. */
export interface Requester {
  readonly pid: number;
  /** Null where the process has ended meanwhile, or is not to be seen from here. */
  readonly name: string | null;
}

/** What the guard needs. */
export interface RouteGuardOptions {
  /** Subscribed to rules, routes, addresses and links. Closed together with the guard. */
  readonly netlink: Pick<NativeNetlink, 'startPolling' | 'read' | 'close'>;
  /** Our own device; without its address, or switched off, the kernel drops its route without a word. */
  readonly tunnelName: string;
  readonly isTunnelAddress: (address: string) => boolean;
  /** Name of a process that may have ended; null if so. */
  readonly processName: (pid: number) => string | null;
  /**
   * Rules or routes of ours were removed, by ourselves or by somebody else; put back what is missing.
   *
   * @param requester who asked for the first removal of the sweep; null where the kernel does not tell
   * @returns whether anything was missing
   */
  readonly onRemoved: (requester: Requester | null) => Promise<boolean>;
}

/**
 * Notices that rules or routes of ours are gone. Some network managers remove rules that they did not make, after a
 * suspend or when a cable is plugged in. Who goes on and on is answered ever more seldom.
 */
export class RouteGuard {
  readonly #options: RouteGuardOptions;
  readonly #pace = new RepairPace();
  #repair: NodeJS.Timeout | null = null;
  #requester: Requester | null = null;
  #isRepairing = false;
  /** Something was removed while the last repair was under way. */
  #isDueAgain = false;
  #isClosed = false;

  constructor(options: RouteGuardOptions) {
    this.#options = options;
    options.netlink.startPolling(() => this.#onReadable());
  }

  /** Whether somebody keeps removing what is put back. */
  get isContested(): boolean {
    return this.#pace.isContested(performance.now());
  }

  /** Stops watching. May be called twice. */
  close(): void {
    this.#isClosed = true;
    if (this.#repair !== null) clearTimeout(this.#repair);
    this.#repair = null;
    this.#options.netlink.close();
  }

  #onReadable(): void {
    const removal = this.#options.netlink.read().find((event) => this.#isRemovalOfOurs(event));
    if (removal === undefined) return;
    this.#requester ??= this.#requesterOf(removal);
    this.#plan();
  }

  /** A repair under way decides how long the next one has to wait. */
  #plan(): void {
    if (this.#isRepairing) this.#isDueAgain = true;
    if (this.#repair !== null || this.#isRepairing || this.#isClosed) return;
    const delayMs = Math.max(SWEEP_MS, this.#pace.waitMs(performance.now()));
    this.#repair = setTimeout(() => void this.#repairNow(), delayMs);
  }

  async #repairNow(): Promise<void> {
    const requester = this.#requester;
    this.#repair = null;
    this.#requester = null;
    this.#isRepairing = true;
    const wasMissing = await this.#options.onRemoved(requester);
    this.#isRepairing = false;
    if (wasMissing) this.#pace.noteRepair(performance.now());
    if (this.#isDueAgain) this.#plan();
    this.#isDueAgain = false;
  }

  /** Asked at once: a command that has done its work ends within milliseconds. */
  #requesterOf(event: NetlinkEvent): Requester | null {
    if ((event.type !== 'rule' && event.type !== 'route') || event.requester === 0) return null;
    return { pid: event.requester, name: this.#options.processName(event.requester) };
  }

  #isRemovalOfOurs(event: NetlinkEvent): boolean {
    switch (event.type) {
      case 'rule':
        return (
          event.removed &&
          OWN_PROTOCOLS.has(event.protocol) &&
          event.priority >= FIRST_RULE_PRIORITY &&
          event.priority <= LAST_RULE_PRIORITY
        );
      case 'route':
        return event.removed && event.table === TUNNEL_TABLE;
      case 'address':
        return event.removed && this.#options.isTunnelAddress(event.address);
      case 'link':
        return event.name === this.#options.tunnelName && (event.removed || !event.up);
      case 'overflow':
        return true;
      case 'neighbour':
        return false;
    }
  }
}
