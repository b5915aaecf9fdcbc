import type { AskAddresses } from '../../src-platform/index.ts';

export interface NameAskerOptions {
  readonly askAddresses: AskAddresses;
  /** Monotonic microseconds. */
  readonly now: () => number;
}

/**
 * Asks for the domains of rules before programs do, so that their first connection finds the addresses known: when a
 * rule comes, in a new network, and again before they would be forgotten. One after the other; nobody waits for it.
 */
export class NameAsker {
  readonly #options: NameAskerOptions;
  #domains: readonly string[] = [];
  /** When each is to be asked for next. */
  readonly #dueAt = new Map<string, number>();
  #asked = { name: '', until: 0 };
  #isAsking = false;

  constructor(options: NameAskerOptions) {
    this.#options = options;
  }

  /** To be called with every change, and from time to time. @param isElsewhere the network is another one */
  follow(domains: readonly string[], isElsewhere: boolean): void {
    this.#domains = domains;
    if (isElsewhere) this.#dueAt.clear();
    for (const name of this.#dueAt.keys()) if (!domains.includes(name)) this.#dueAt.delete(name);
    if (!this.#isAsking) void this.#askAll();
  }

  /** Whether an answer about a name is likely to be to a question of ours. */
  hasAskedFor(name: string): boolean {
    return this.#asked.name === name && this.#options.now() < this.#asked.until;
  }

  async #askAll(): Promise<void> {
    const { askAddresses, now } = this.#options;
    this.#isAsking = true;
    for (;;) {
      const name = this.#domains.find((each) => (this.#dueAt.get(each) ?? 0) <= now());
      if (name === undefined) break;
      const dueAt = now() + INTERVAL_MICROS;
      this.#dueAt.set(name, dueAt);
      this.#asked = { name, until: Infinity };
      const isAnswered = await askAddresses(name);
      this.#asked = { name, until: now() + HEARD_WITHIN_MICROS };
      // The network may only just be coming up, or have changed meanwhile.
      if (!isAnswered && this.#dueAt.get(name) === dueAt) this.#dueAt.set(name, now() + RETRY_MICROS);
    }
    this.#isAsking = false;
  }
}

/** Well before the shortest time for which addresses are kept is over. */
const INTERVAL_MICROS = 10 * 60e6;
/** A resolver that is away is asked about twice a minute. */
const RETRY_MICROS = 20e6;
/** The same answer comes to us by two ways, and not at the same moment. */
const HEARD_WITHIN_MICROS = 200_000;
