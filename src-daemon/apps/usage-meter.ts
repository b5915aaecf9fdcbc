import { setImmediate as nextTurn } from 'node:timers/promises';
import type { InetSocket } from '../../src-platform/native.ts';
import { MAX_APPS, type AppUsage } from '../../src-shared/model/app-rule.ts';

/** What measuring asks of the daemon. */
export interface UsageSource {
  readonly sockets: () => readonly InetSocket[];
  /** `tunnel`, or the link that an own address belongs to; null for addresses of neither. */
  readonly wayOf: (address: string) => string | null;
  /** Id and name of the app that a process belongs to; null if it is none. */
  readonly appOf: (pid: number) => { readonly id: string; readonly name: string } | null;
  readonly processes: () => readonly number[];
  /** Inodes of the sockets that a process holds. */
  readonly socketsOf: (pid: number) => readonly string[];
  /** Path of a process's executable; null if it has ended. */
  readonly executableOf: (pid: number) => string | null;
  /** Monotonic microseconds. */
  readonly now: () => number;
}

interface Owner {
  readonly app: string | null;
  readonly name: string;
}

interface Totals {
  readonly sent: number;
  readonly received: number;
}

/**
 * Tells who uses which way now. Whose a socket is takes a look at every process, so that is done only when a socket is
 * new, a few processes at a time: packets of all programs wait while the daemon looks.
 */
export class UsageMeter {
  readonly #source: UsageSource;
  /** Owner of each socket; null where no process was found. */
  #owners = new Map<number, Owner | null>();
  #totals = new Map<number, Totals>();
  #usage: readonly AppUsage[] = [];
  #measuredAt = -Infinity;
  #running: Promise<void> | null = null;

  constructor(source: UsageSource) {
    this.#source = source;
  }

  /** Measures anew if the last time is long enough ago. Rates are those since then; nothing the first time. */
  async measure(): Promise<readonly AppUsage[]> {
    if (this.#source.now() - this.#measuredAt >= SHORTEST_INTERVAL_MICROS) {
      this.#running ??= this.#measure().finally(() => (this.#running = null));
      await this.#running;
    }
    return this.#usage;
  }

  async #measure(): Promise<void> {
    const { sockets, wayOf, now } = this.#source;
    const measuredAt = now();
    const seconds = (measuredAt - this.#measuredAt) / 1e6;
    const used = sockets().flatMap((socket) => {
      const way = socket.inode === 0 ? null : wayOf(socket.local);
      return way === null ? [] : [{ ...socket, way }];
    });
    await this.#learn(used.map(({ inode }) => inode));

    const rows = new Map<string, AppUsage>();
    const totals = new Map<number, Totals>();
    for (const { inode, way, sentBytes, receivedBytes } of used) {
      const owner = this.#owners.get(inode) ?? null;
      if (owner === null) continue;
      totals.set(inode, { sent: sentBytes, received: receivedBytes });
      const last = this.#totals.get(inode) ?? { sent: sentBytes, received: receivedBytes };
      const key = `${way} ${owner.app ?? ''} ${owner.name}`;
      const row = rows.get(key);
      rows.set(key, {
        ...owner,
        way,
        connections: (row?.connections ?? 0) + 1,
        txBitsPerSecond: (row?.txBitsPerSecond ?? 0) + (Math.max(0, sentBytes - last.sent) * 8) / seconds,
        rxBitsPerSecond:
          (row?.rxBitsPerSecond ?? 0) + (Math.max(0, receivedBytes - last.received) * 8) / seconds,
      });
    }
    this.#totals = totals;
    this.#usage = [...rows.values()]
      .sort((one, other) => traffic(other) - traffic(one) || one.name.localeCompare(other.name))
      .slice(0, MAX_APPS);
    this.#measuredAt = measuredAt;
  }

  /** Finds out whose new sockets are, and forgets those that are gone. */
  async #learn(inodes: readonly number[]): Promise<void> {
    const { processes, socketsOf } = this.#source;
    const owners = new Map(inodes.map((inode) => [inode, this.#owners.get(inode)]));
    const unknown = new Set(inodes.filter((inode) => owners.get(inode) === undefined));
    for (const [index, pid] of (unknown.size === 0 ? [] : processes()).entries()) {
      if (index % PROCESSES_AT_ONCE === PROCESSES_AT_ONCE - 1) await nextTurn();
      if (pid === process.pid) continue;
      const own = socketsOf(pid)
        .map(Number)
        .filter((inode) => unknown.has(inode));
      if (own.length === 0) continue;
      const owner = this.#ownerOf(pid);
      for (const inode of own) owners.set(inode, owner);
    }
    this.#owners = new Map([...owners].map(([inode, owner]) => [inode, owner ?? null]));
  }

  #ownerOf(pid: number): Owner {
    const app = this.#source.appOf(pid);
    if (app !== null) return { app: app.id, name: app.name };
    const executable = this.#source.executableOf(pid) ?? '';
    return { app: null, name: executable.slice(executable.lastIndexOf('/') + 1).slice(0, 300) };
  }
}

/** Whoever asks more often gets the same again. */
const SHORTEST_INTERVAL_MICROS = 900_000;

/** Some tens of microseconds each. */
const PROCESSES_AT_ONCE = 10;

function traffic({ txBitsPerSecond, rxBitsPerSecond }: AppUsage): number {
  return txBitsPerSecond + rxBitsPerSecond;
}
