import type { NativeApi, NativeNameTap } from '../../src-native/lib/types.ts';
import { errnoOf } from '../storage/atomic-file.ts';
import { readNamePacket, type NameMessage } from './name-packet.ts';

/** An answer to a question of this machine: what the name is called on the way, and its addresses. */
export interface NameAnswer {
  /** The name that was asked for, then those it stands for; in lower case, without a dot at the end. */
  readonly names: readonly string[];
  readonly addresses: readonly { readonly address: string; readonly ttlSeconds: number }[];
}

/** What the tap needs. */
export interface NameTapOptions {
  readonly native: Pick<NativeApi, 'NameTap'>;
  /** Monotonic microseconds. */
  readonly now: () => number;
  readonly onAnswer: (answer: NameAnswer) => void;
}

/**
 * Hears the answers that name servers give to this machine, whoever asked: on the links, and from a resolver on the
 * machine itself. Nothing is delayed or changed. An answer counts once, and only to a question that was seen: who wants
 * to forge one has to guess what a resolver makes strangers guess, too.
 */
export class NameTap {
  readonly #native: NameTapOptions['native'];
  readonly #questions: OpenQuestions;
  readonly #onAnswer: (answer: NameAnswer) => void;
  /** By interface. */
  readonly #taps = new Map<number, NativeNameTap>();

  constructor({ native, now, onAnswer }: NameTapOptions) {
    this.#native = native;
    this.#questions = new OpenQuestions(now);
    this.#onAnswer = onAnswer;
  }

  /**
   * Listens to these interfaces, and to no others any more; those that are gone already are passed over.
   *
   * @throws Error with the errno name, such as `EPERM` without CAP_NET_RAW; then some may not be heard.
   */
  follow(ifindexes: readonly number[]): void {
    for (const [ifindex, tap] of this.#taps) {
      if (ifindexes.includes(ifindex)) continue;
      tap.close();
      this.#taps.delete(ifindex);
    }
    for (const ifindex of ifindexes) if (!this.#taps.has(ifindex)) this.#open(ifindex);
  }

  /** Looks at a packet that passes elsewhere, such as through the tunnel. @param packet from the IP header on */
  hear(packet: Uint8Array): void {
    const answer = this.#questions.take(packet);
    if (answer !== null) this.#onAnswer(answer);
  }

  close(): void {
    this.follow([]);
  }

  #open(ifindex: number): void {
    try {
      const tap = new this.#native.NameTap(ifindex);
      this.#taps.set(ifindex, tap);
      tap.startPolling(() => {
        for (const packet of tap.read()) this.hear(packet);
      });
    } catch (error) {
      // It went while we were about to listen.
      if (errnoOf(error) !== 'ENODEV') throw error;
    }
  }
}

/** Questions that wait for their answer. */
export class OpenQuestions {
  readonly #now: () => number;
  /** When each was asked; the oldest first. */
  readonly #asked = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#asked.size;
  }

  /** Looks at a packet. Never throws. @returns the answer to a question that was seen before */
  take(packet: Uint8Array): NameAnswer | null {
    const message = readNamePacket(packet);
    if (message === null) return null;
    if (message.isResponse) return this.#match(message);
    this.#note(keyOf(message));
    return null;
  }

  #note(key: string): void {
    // A question that is asked again is the youngest.
    this.#asked.delete(key);
    this.#asked.set(key, this.#now());
    if (this.#asked.size <= MOST_QUESTIONS) return;
    const [oldest] = this.#asked.keys();
    if (oldest !== undefined) this.#asked.delete(oldest);
  }

  #match(message: NameMessage): NameAnswer | null {
    const key = keyOf(message);
    const askedAt = this.#asked.get(key);
    if (askedAt === undefined) return null;
    this.#asked.delete(key);
    if (this.#now() - askedAt > ANSWER_WITHIN_MICROS) return null;
    const { names, addresses } = message;
    return addresses.length === 0 ? null : { names, addresses };
  }
}

/** Resolvers give up on a server after five seconds, the slowest after ten. */
const ANSWER_WITHIN_MICROS = 10_000_000;

/** A browser that opens many pages at once asks some hundred; more are forgotten, oldest first. */
const MOST_QUESTIONS = 1_024;

function keyOf({ client, clientPort, server, id, type, names }: NameMessage): string {
  return `${client} ${clientPort} ${server} ${id} ${type} ${names[0]}`;
}
