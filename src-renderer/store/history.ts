import type { LinkStatus } from '../../src-shared/model/link.ts';

/** One sample a second for five minutes. */
export const HISTORY_SECONDS = 300;

/** What is kept of a link, one value a second, oldest first; null where nothing was known. */
export interface LinkHistory {
  readonly downBitsPerSecond: readonly (number | null)[];
  readonly upBitsPerSecond: readonly (number | null)[];
  readonly rttMicros: readonly (number | null)[];
  readonly lossRatio: readonly (number | null)[];
}

type Series = { -readonly [Name in keyof LinkHistory]: (number | null)[] };

/** The last minutes of every link, in memory. It never holds more than {@link HISTORY_SECONDS} samples. */
export class History {
  readonly #links = new Map<string, Series>();
  readonly #listeners = new Set<() => void>();
  readonly #times: number[] = [];
  #version = 0;

  /** Seconds since 1970 of the samples, oldest first. */
  get times(): readonly number[] {
    return this.#times;
  }

  /** Grows with each sample. */
  get version(): number {
    return this.#version;
  }

  /** Names of the links that have samples. */
  get linkNames(): readonly string[] {
    return [...this.#links.keys()];
  }

  link(name: string): LinkHistory | null {
    return this.#links.get(name) ?? null;
  }

  /** Adds one sample; links that are not told have none in it. Listeners hear of it by {@link tell}. */
  record(atSeconds: number, links: readonly LinkStatus[]): void {
    const length = this.#times.length;
    this.#times.push(atSeconds);
    const told = new Map(links.map((link) => [link.name, link]));
    for (const name of told.keys()) {
      if (!this.#links.has(name)) this.#links.set(name, emptySeries(length));
    }
    for (const [name, series] of this.#links) {
      const link = told.get(name);
      const isUp = link !== undefined && link.state !== 'lost' && link.state !== 'ignored';
      series.downBitsPerSecond.push(isUp ? link.rxBitsPerSecond : null);
      series.upBitsPerSecond.push(isUp ? link.txBitsPerSecond : null);
      series.rttMicros.push(isUp ? link.rttMicros : null);
      series.lossRatio.push(isUp ? link.lossRatio : null);
    }
    if (this.#times.length > HISTORY_SECONDS) this.#forgetOldest(told);
    this.#version += 1;
  }

  /** Tells all listeners that there are samples that they may not know. */
  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #forgetOldest(told: ReadonlyMap<string, LinkStatus>): void {
    this.#times.shift();
    for (const [name, series] of this.#links) {
      for (const values of Object.values(series)) values.shift();
      if (!told.has(name) && series.downBitsPerSecond.every((value) => value === null)) {
        this.#links.delete(name);
      }
    }
  }
}

function emptySeries(length: number): Series {
  const nothing = (): null[] => Array.from({ length }, () => null);
  return {
    downBitsPerSecond: nothing(),
    upBitsPerSecond: nothing(),
    rttMicros: nothing(),
    lossRatio: nothing(),
  };
}
