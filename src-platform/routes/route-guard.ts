import type { NativeNetlink, NetlinkEvent } from '../../src-native/lib/types.ts';
import { FIRST_RULE_PRIORITY, LAST_RULE_PRIORITY, ROUTE_PROTOCOL, TUNNEL_TABLE } from './constants.ts';

/**
 * Collects the removals of one sweep: who flushes rules removes all of them within a millisecond or two. Until the
 * rules are back, new connections go direct, so longer would be worse.
 */
const SWEEP_MS = 5;

/**
 * Shortest time between two repairs. A program that removes foreign rules in a loop must not make this one loop at
 * full speed too.
 */
const REPAIR_INTERVAL_MS = 250;

/** What the guard needs. */
export interface RouteGuardOptions {
  /** Subscribed to rules and routes of both families. Closed together with the guard. */
  readonly netlink: Pick<NativeNetlink, 'startPolling' | 'read' | 'close'>;
  /** Our rules or routes were removed, by ourselves or by somebody else; call `LaptopRoutes.reassert`. */
  readonly onRemoved: () => void;
}

/**
 * Notices that rules or routes of ours are gone. Some network managers remove rules that they did not make, after a
 * suspend or when a cable is plugged in.
 */
export class RouteGuard {
  readonly #options: RouteGuardOptions;
  #repair: NodeJS.Timeout | null = null;
  #lastRepairAt = -Infinity;

  constructor(options: RouteGuardOptions) {
    this.#options = options;
    options.netlink.startPolling(() => this.#onReadable());
  }

  /** Stops watching. May be called twice. */
  close(): void {
    if (this.#repair !== null) clearTimeout(this.#repair);
    this.#repair = null;
    this.#options.netlink.close();
  }

  #onReadable(): void {
    if (!this.#options.netlink.read().some(isRemovalOfOurs) || this.#repair !== null) return;
    const now = performance.now();
    const delayMs = Math.max(SWEEP_MS, this.#lastRepairAt + REPAIR_INTERVAL_MS - now);
    this.#repair = setTimeout(() => {
      this.#repair = null;
      this.#lastRepairAt = performance.now();
      this.#options.onRemoved();
    }, delayMs);
  }
}

function isRemovalOfOurs(event: NetlinkEvent): boolean {
  switch (event.type) {
    case 'rule':
      return (
        event.removed &&
        event.protocol === ROUTE_PROTOCOL &&
        event.priority >= FIRST_RULE_PRIORITY &&
        event.priority <= LAST_RULE_PRIORITY
      );
    case 'route':
      return event.removed && event.table === TUNNEL_TABLE;
    case 'overflow':
      return true;
    case 'link':
    case 'address':
    case 'neighbour':
      return false;
  }
}
