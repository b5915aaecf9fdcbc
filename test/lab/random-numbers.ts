/** Numbers that look random and are the same for the same seed (mulberry32). */
export class RandomNumbers {
  #state: number;

  /** @param seed any integer; only its lowest 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to but not including 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A number from `least` up to but not including `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** One of several. @throws RangeError when there is none. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }
}

/** Reads a count or a seed from the environment. @throws RangeError when it is there and no whole number. */
export function numberFromEnvironment(name: string, absent: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return absent;
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${name} is "${text}"; a whole number is needed`);
  return Number(text);
}
