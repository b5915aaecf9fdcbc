import { describe, expect, it } from 'vitest';
import { REPLAY_WINDOW_PACKETS, ReplayWindow } from '../../../../src-engine/crypto/replay-window.ts';
import { seededRandom } from './handshake-fixture.ts';

const LARGEST_PACKET_NUMBER = Number.MAX_SAFE_INTEGER;

describe('the replay window', () => {
  it('is empty at first', () => {
    const window = new ReplayWindow();
    expect([window.largest, window.isReceived(0), window.check(0), ranges(window)]).toEqual([
      -1,
      false,
      true,
      [],
    ]);
  });

  it('accepts every number once, in any order', () => {
    const window = new ReplayWindow();
    for (const number of [5, 0, 3, 31, 32, 64, 33]) {
      expect(window.check(number), `first ${number}`).toBe(true);
      window.accept(number);
      expect(window.check(number), `second ${number}`).toBe(false);
    }
    expect(window.largest).toBe(64);
  });

  it.each([0, 1, 31, 32, 8_191, 1_000_000, 2 ** 31, 2 ** 32 + 5, LARGEST_PACKET_NUMBER - 8_192])(
    'reaches exactly 8,192 numbers back when the largest is 8,191 past %d',
    (oldest) => {
      const window = new ReplayWindow();
      window.accept(oldest + REPLAY_WINDOW_PACKETS - 1);
      expect([window.check(oldest - 1), window.check(oldest)]).toEqual([false, true]);
      window.accept(oldest);
      expect([window.isReceived(oldest), window.check(oldest), window.isReceived(oldest + 1)]).toEqual([
        true,
        false,
        false,
      ]);
      expect(ranges(window)).toEqual([
        [oldest + REPLAY_WINDOW_PACKETS - 1, oldest + REPLAY_WINDOW_PACKETS - 1],
        [oldest, oldest],
      ]);
    },
  );

  it('is exact at the largest packet number there is', () => {
    const window = new ReplayWindow();
    window.accept(LARGEST_PACKET_NUMBER);
    window.accept(LARGEST_PACKET_NUMBER - 1);
    expect(ranges(window)).toEqual([[LARGEST_PACKET_NUMBER - 1, LARGEST_PACKET_NUMBER]]);
    expect(window.check(LARGEST_PACKET_NUMBER - 2)).toBe(true);
  });

  it('refuses what is not a packet number, and accepting it changes nothing', () => {
    const window = new ReplayWindow();
    window.accept(100);
    for (const number of [-1, -8_000, 0.5, 99.5, 100.5, 2 ** 53, 2 ** 64, Infinity, -Infinity, NaN]) {
      expect(window.check(number), `check ${number}`).toBe(false);
      window.accept(number);
      expect(window.isReceived(number), `received ${number}`).toBe(false);
    }
    expect([window.largest, ranges(window)]).toEqual([100, [[100, 100]]]);
  });

  it('forgets everything after a jump beyond its size, whatever the ring held', () => {
    const window = new ReplayWindow();
    for (let number = 0; number < 20_000; number += 1) window.accept(number);
    window.accept(1_000_000);
    expect(ranges(window)).toEqual([[1_000_000, 1_000_000]]);
  });
});

describe('collected ranges', () => {
  it('stop at the count and at the depth asked for', () => {
    const window = new ReplayWindow();
    for (const number of [10, 11, 12, 20, 21, 40, 42, 43]) window.accept(number);
    expect(ranges(window)).toEqual([
      [42, 43],
      [40, 40],
      [20, 21],
      [10, 12],
    ]);
    expect(ranges(window, 2)).toEqual([
      [42, 43],
      [40, 40],
    ]);
    expect(ranges(window, 100, 1)).toEqual([[43, 43]]);
    expect(ranges(window, 100, 33)).toEqual([
      [42, 43],
      [40, 40],
      [20, 21],
      [11, 12],
    ]);
    expect([ranges(window, 0), ranges(window, 100, 0)]).toEqual([[], []]);
  });

  it('show one range when nothing is missing, cut at the depth of the window', () => {
    const window = new ReplayWindow();
    for (let number = 0; number < 10_000; number += 1) window.accept(number);
    expect(ranges(window)).toEqual([[10_000 - REPLAY_WINDOW_PACKETS, 9_999]]);
  });

  it('write nothing beyond the ranges they count', () => {
    const window = new ReplayWindow();
    window.accept(7);
    const out = new Float64Array(6).fill(-9);
    expect([window.collectRanges(out, 3, 8_192), [...out]]).toEqual([1, [7, 7, -9, -9, -9, -9]]);
  });
});

describe('against a plain set of numbers', () => {
  it.each([1, 2, 3, 4, 5, 6])('agrees on 6,000 random steps of seed %d', (seed) => {
    const random = seededRandom(seed * 7_919);
    const window = new ReplayWindow();
    const model = new NaiveWindow();
    let next = seed % 2 === 0 ? 0 : 2 ** 32 - 3_000;
    for (let step = 0; step < 6_000; step += 1) {
      next += jump(random);
      const number = random() % 3 === 0 ? next : next - (random() % spread(random));
      expect(window.check(number), `seed ${seed} step ${step}: check ${number}`).toBe(model.check(number));
      expect(window.isReceived(number), `seed ${seed} step ${step}`).toBe(model.received.has(number));
      if (random() % 10 > 0) {
        window.accept(number);
        model.accept(number);
      }
      if (step % 40 === 0) {
        const maxRanges = 1 + (random() % 60);
        const maxDepth = 1 + (random() % (REPLAY_WINDOW_PACKETS + 100));
        expect(ranges(window, maxRanges, maxDepth), `seed ${seed} step ${step}`).toEqual(
          model.ranges(maxRanges, maxDepth),
        );
      }
    }
    expect(window.largest).toBe(model.largest);
  });
});

/** The same behaviour in the plainest form: a set, and a walk over every number. */
class NaiveWindow {
  readonly received = new Set<number>();
  largest = -1;

  check(number: number): boolean {
    return number >= 0 && number > this.largest - REPLAY_WINDOW_PACKETS && !this.received.has(number);
  }

  accept(number: number): void {
    if (!this.check(number)) return;
    this.received.add(number);
    this.largest = Math.max(this.largest, number);
    for (const old of this.received) {
      if (old <= this.largest - REPLAY_WINDOW_PACKETS) this.received.delete(old);
    }
  }

  ranges(maxRanges: number, maxDepth: number): number[][] {
    const found: number[][] = [];
    const lowest = Math.max(0, this.largest - Math.min(maxDepth, REPLAY_WINDOW_PACKETS) + 1);
    for (let number = this.largest; number >= lowest; number -= 1) {
      if (!this.received.has(number)) continue;
      const range = found.at(-1);
      if (range !== undefined && range[0] === number + 1) range[0] = number;
      else if (found.length === maxRanges) break;
      else found.push([number, number]);
    }
    return found;
  }
}

function ranges(window: ReplayWindow, maxRanges = 100, maxDepth = REPLAY_WINDOW_PACKETS): number[][] {
  const out = new Float64Array(2 * maxRanges);
  const count = window.collectRanges(out, maxRanges, maxDepth);
  return Array.from({ length: count }, (_, index) => [...out.subarray(2 * index, 2 * index + 2)]);
}

/** Mostly the next number, sometimes a hole, rarely a jump around the size of the window. */
function jump(random: () => number): number {
  const choice = random() % 1_000;
  if (choice < 900) return 1;
  if (choice < 998) return random() % 100;
  return REPLAY_WINDOW_PACKETS - 40 + (random() % 400);
}

/** How far behind a late packet may be: mostly near, sometimes to the end of the window and past it. */
function spread(random: () => number): number {
  return random() % 4 === 0 ? REPLAY_WINDOW_PACKETS + 200 : 40;
}
