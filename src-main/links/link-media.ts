import type { LinkMedium } from '../../src-shared/bridge/link-medium.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';

/**
 * How often speeds are read while nothing else changes: radios change theirs all the time, and one reading stops the
 * main process for a tenth of a second, since `systeminformation` waits for the programs that it starts.
 */
const SPEEDS_EVERY_MS = 60_000;

/** The part of `systeminformation`'s answer that is used. */
export interface SpeedFacts {
  readonly iface: string;
  readonly type: string;
  /** In Mbit/s; null or below zero if the driver does not say. */
  readonly speed: number | null;
}

/** A wireless interface and the name of its network. */
export interface WirelessFacts {
  readonly iface: string;
  readonly ssid: string;
}

/** Where the facts come from. */
export interface LinkMediaSources {
  readonly now: () => WallClockMs;
  /** Addresses of each interface; cheap. */
  readonly readAddresses: () => ReadonlyMap<string, readonly string[]>;
  readonly readSpeeds: () => Promise<readonly SpeedFacts[]>;
  readonly readNetworks: () => Promise<readonly WirelessFacts[]>;
  /** The text of `/proc/net/wireless`; cheap. */
  readonly readSignals: () => string;
}

/**
 * Tells what carries each link, with as little work as possible. The name of a wireless network is asked for only when
 * the interfaces have changed: the question can make the radio look for other networks, which takes it off its channel
 * for long enough to be felt.
 */
export class LinkMedia {
  readonly #sources: LinkMediaSources;
  #interfaces = '';
  #readAt = -Infinity;
  #speeds: readonly SpeedFacts[] = [];
  #networks: readonly WirelessFacts[] = [];

  constructor(sources: LinkMediaSources) {
    this.#sources = sources;
  }

  /** Reads what may have changed. */
  async read(): Promise<readonly LinkMedium[]> {
    const { now, readAddresses, readSpeeds, readNetworks, readSignals } = this.#sources;
    const addresses = readAddresses();
    const interfaces = JSON.stringify([...addresses]);
    const hasChanged = interfaces !== this.#interfaces;
    if (hasChanged || now() - this.#readAt >= SPEEDS_EVERY_MS) {
      this.#interfaces = interfaces;
      this.#readAt = now();
      this.#speeds = await readSpeeds();
      const hasRadio = this.#speeds.some(({ type }) => type === 'wireless');
      if (hasChanged) this.#networks = hasRadio ? await readNetworks() : [];
    }
    const signals = parseSignals(readSignals());
    return [...addresses].map(([name, own]) => ({
      name,
      addresses: own,
      speedBitsPerSecond: speedOf(this.#speeds.find(({ iface }) => iface === name)),
      network: this.#networks.find(({ iface }) => iface === name)?.ssid ?? null,
      signalDbm: signals.get(name) ?? null,
    }));
  }
}

/**
 * Reads the strength of each radio's signal from `/proc/net/wireless`: after two lines of headings, the third number
 * behind the name. Drivers that count otherwise than in dBm give numbers that no receiver has; they are left out.
 */
export function parseSignals(text: string): ReadonlyMap<string, number> {
  const signals = new Map<string, number>();
  for (const line of text.split('\n').slice(2)) {
    const [name = '', , , level = ''] = line.trim().split(/\s+/);
    const dbm = Number.parseFloat(level);
    if (name.endsWith(':') && dbm < 0 && dbm > -120) signals.set(name.slice(0, -1), dbm);
  }
  return signals;
}

function speedOf(facts: SpeedFacts | undefined): number | null {
  const speed = facts?.speed ?? null;
  return speed === null || speed <= 0 ? null : speed * 1e6;
}
