import { createHash, randomBytes } from 'node:crypto';
import { BoxPairing, type BoxPairingEvent } from '../../../src-pairing/box-pairing.ts';
import type { PairingIdentity } from '../../../src-pairing/identity.ts';
import {
  LaptopPairing,
  type LaptopPairingState,
  type PairingWay,
} from '../../../src-pairing/laptop-pairing.ts';
import type { PinOutcome } from '../../../src-pairing/messages.ts';

/** One datagram between a laptop and a box. */
export interface Carried {
  readonly direction: 'up' | 'down';
  readonly way: number;
  readonly bytes: Uint8Array;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const fingerprintOf = (key: Uint8Array): string =>
  createHash('sha256').update(key).digest('hex').slice(0, 20);

export function identity(name: string, key: number, tunnelVersion = 1): PairingIdentity {
  return { publicKey: new Uint8Array(32).fill(key), name: text(name), tunnelVersion };
}

export const LAPTOP = identity('laptop', 1);
export const BOX = identity('box', 2);
export const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));

/** Where a way leads, and what happens to datagrams on it: what is given back is delivered. */
export interface WorldWay {
  readonly box: BoxPairing;
  readonly way?: Partial<PairingWay>;
}

export interface WorldOptions {
  readonly ways: readonly WorldWay[];
  readonly code: string;
  readonly laptop?: PairingIdentity;
  /** What the network makes of a datagram; by default it arrives once. */
  readonly network?: (datagram: Carried) => readonly Uint8Array[];
  /** How storing on the box ends; `never` for a box that dies while it stores. */
  readonly pin?: (laptop: PairingIdentity) => PinOutcome | 'never';
  readonly stage?: () => boolean;
  readonly now?: number;
}

/** A laptop that pairs with boxes over a network that tests control, on a virtual clock. */
export class PairingWorld {
  now: number;
  readonly laptop: LaptopPairing;
  readonly carried: Carried[] = [];
  readonly events: BoxPairingEvent[] = [];
  readonly pinned: PairingIdentity[] = [];
  private readonly options: WorldOptions;

  constructor(options: WorldOptions) {
    this.options = options;
    this.now = options.now ?? 1_000_000;
    this.laptop = new LaptopPairing({
      identity: options.laptop ?? LAPTOP,
      code: options.code,
      ways: options.ways.map(({ way }) => ({ box: 0, fingerprint: null, ...way })),
      random,
      fingerprintOf,
      now: this.now,
    });
  }

  /** Runs until the laptop is through, or until a stage is reached. */
  run(until: (state: LaptopPairingState) => boolean = () => false): LaptopPairingState {
    for (let steps = 0; steps < 1_000; steps++) {
      this.deliver(until);
      const { state } = this.laptop;
      if (until(state) || state.kind === 'done' || state.kind === 'failed') return state;
      if (state.kind === 'staging') {
        if (this.options.stage?.() === false) return state;
        this.laptop.staged(this.now);
        continue;
      }
      this.now = Math.max(this.now, this.laptop.nextDeadline);
      for (const { box } of this.options.ways) this.settle(box, 0);
      this.laptop.onTimeout(this.now);
    }
    throw new Error('the laptop comes to no end');
  }

  private deliver(until: (state: LaptopPairingState) => boolean): void {
    for (let next = this.laptop.poll(); next !== undefined; next = this.laptop.poll()) {
      const { way, bytes } = next;
      for (const arrived of this.carry({ direction: 'up', way, bytes })) {
        const { box } = this.options.ways[way]!;
        this.toLaptop(way, box.onDatagram(arrived, text(`way ${way}`), this.now));
        this.settle(box, way);
      }
      if (until(this.laptop.state)) return;
    }
  }

  private settle(box: BoxPairing, way: number): void {
    for (let event = box.pollEvent(); event !== undefined; event = box.pollEvent()) {
      this.events.push(event);
      if (event.kind !== 'pin') continue;
      const outcome = this.options.pin?.(event.laptop) ?? 'stored';
      if (outcome === 'never') continue;
      if (outcome === 'stored') this.pinned.push(event.laptop);
      this.toLaptop(way, box.finishPin(event.attempt, outcome));
    }
  }

  private toLaptop(way: number, bytes: Uint8Array | null): void {
    if (bytes === null) return;
    for (const arrived of this.carry({ direction: 'down', way, bytes }))
      this.laptop.onDatagram(way, arrived, this.now);
  }

  private carry(datagram: Carried): readonly Uint8Array[] {
    this.carried.push(datagram);
    return this.options.network?.(datagram) ?? [datagram.bytes];
  }
}

/** A box that shows a code. */
export function openBox(identityOfBox = BOX, now = 0): { readonly box: BoxPairing; readonly code: string } {
  const box = new BoxPairing({ identity: identityOfBox, random });
  return { box, code: box.openCode(now).code };
}

/** Another code of eight digits. */
export function otherThan(code: string, by = 1): string {
  return String((Number(code) + by) % 1e8).padStart(8, '0');
}
