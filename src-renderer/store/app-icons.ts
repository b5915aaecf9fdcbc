import type { Bridge } from '../../src-shared/bridge/bridge.ts';

/** A picture is asked for at most this often, so that scrolling through all apps stays far below what the daemon takes. */
const ASK_INTERVAL_MS = 15;

/** Pictures that are kept; the oldest goes first. At 10 kB each, as they usually are, these are 5 MB. */
const KEPT_PICTURES = 500;

interface Wish {
  readonly id: string;
  readonly tell: (picture: string | null) => void;
}

/** Pictures of apps, asked for one after the other as they come into view, and kept while the window is open. */
export class AppIcons {
  readonly #bridge: Pick<Bridge, 'call'>;
  readonly #pictures = new Map<string, string | null>();
  readonly #wishes = new Set<Wish>();
  #isAsking = false;

  constructor(bridge: Pick<Bridge, 'call'>) {
    this.#bridge = bridge;
  }

  /** The picture as a `data:` address; null if the app has none, undefined if nobody has asked yet. */
  known(id: string): string | null | undefined {
    return this.#pictures.get(id);
  }

  /** Asks for a picture until what is handed back is called. */
  want(id: string, tell: (picture: string | null) => void): () => void {
    const wish = { id, tell };
    this.#wishes.add(wish);
    if (!this.#isAsking) void this.#ask();
    return () => this.#wishes.delete(wish);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    for (const wish of this.#wishes) {
      const { id } = wish;
      const answer = await this.#bridge.call('apps.icon', { id });
      // An app whose picture cannot be had shows its letter; what is wrong is said where it matters.
      const picture = answer.ok ? answer.value.icon : null;
      this.#keep(id, picture);
      for (const other of this.#wishes) {
        if (other.id !== id) continue;
        this.#wishes.delete(other);
        other.tell(picture);
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_INTERVAL_MS));
    }
    this.#isAsking = false;
  }

  #keep(id: string, picture: string | null): void {
    this.#pictures.delete(id);
    this.#pictures.set(id, picture);
    const oldest = this.#pictures.size > KEPT_PICTURES ? this.#pictures.keys().next().value : undefined;
    if (oldest !== undefined) this.#pictures.delete(oldest);
  }
}
