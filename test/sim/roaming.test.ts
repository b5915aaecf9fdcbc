import { describe, expect, test } from 'vitest';
import { type SimNode, SimWorld } from '../support/sim-world.ts';

/** A laptop with two links under the load of a working day: a 1,000/s stream and some 20 Mbit/s each way. */
class Day {
  readonly world: SimWorld;
  private number = 0;

  constructor(seed: number) {
    const link = { rateBitsPerSecond: 1e9, delayMicros: 150, jitterMicros: 200 };
    this.world = new SimWorld(seed, [link, { ...link, delayMicros: 400, jitterMicros: 1_000 }]);
    this.world.openPath(0);
    this.world.openPath(1);
    this.world.run(this.world.now + 1_000_000);
    this.live(2_000_000);
  }

  /** Lets time pass under load. */
  live(micros: number): void {
    this.world.run(this.world.now + micros, 1_000, () => {
      for (const node of [this.world.laptop, this.world.box]) {
        node.send(1, this.number, 240);
        if (this.number % 4 === 0) node.send(2, this.number / 4, 10_000);
      }
      this.number++;
    });
  }

  /** Longest silence of the stream in either direction, ms, while `act` happens and 500 ms after. */
  gapOf(act: () => void): number {
    const from = this.world.now;
    act();
    this.live(1_500_000);
    return Math.max(...[this.world.laptop, this.world.box].map((node) => longestGap(node, from))) / 1_000;
  }

  get carrying(): number | undefined {
    return this.world.laptop.session.scheduler.carrying?.id;
  }

  expectNothingLost(): void {
    this.world.run(this.world.now + 1_000_000);
    expect([...this.world.laptop.faults, ...this.world.box.faults]).toEqual([]);
    for (const node of [this.world.laptop, this.world.box]) {
      const stream = node.arrivals.filter(({ flow }) => flow === 1);
      expect(stream.length, `${node.name} got the whole stream`).toBe(this.number);
    }
  }
}

function longestGap(node: SimNode, from: number): number {
  let last = from;
  let longest = 0;
  for (const { flow, at } of node.arrivals) {
    if (flow !== 1 || at < from) continue;
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

describe('a switch under load', () => {
  test('carrier lost on the carrying path leaves no gap worth naming', () => {
    const day = new Day(1);
    const gap = day.gapOf(() => day.world.closePath(0));
    day.expectNothingLost();
    expect(gap).toBeLessThan(5);
  });

  test('the carrying path falls silent', () => {
    const day = new Day(2);
    const gap = day.gapOf(() => day.world.setBoth(0, { isBlackHole: true }));
    day.expectNothingLost();
    expect(day.carrying).toBe(1);
    expect(gap).toBeLessThan(16);
  });

  test('the carrying path falls silent in one direction', () => {
    for (const direction of ['up', 'down'] as const) {
      const day = new Day(3);
      const gap = day.gapOf(() => (day.world.links[0]![direction].conditions.isBlackHole = true));
      day.expectNothingLost();
      expect(gap, direction).toBeLessThan(16);
    }
  });

  test('a standby path that falls silent is not felt', () => {
    const day = new Day(4);
    const gap = day.gapOf(() => day.world.setBoth(1, { isBlackHole: true }));
    day.expectNothingLost();
    expect(gap).toBeLessThan(3);
  });

  test('the better path answers again', () => {
    const day = new Day(5);
    day.gapOf(() => day.world.setBoth(0, { isBlackHole: true }));
    const gap = day.gapOf(() => day.world.setBoth(0, { isBlackHole: false }));
    day.live(2_000_000);
    day.expectNothingLost();
    expect(day.carrying, 'back on the better path').toBe(0);
    expect(gap).toBeLessThan(5);
  });

  test('a path is opened again after its carrier came back', () => {
    const day = new Day(6);
    day.gapOf(() => day.world.closePath(0));
    const gap = day.gapOf(() => day.world.openPath(0));
    day.expectNothingLost();
    expect(day.carrying, 'back on the better path').toBe(0);
    expect(gap).toBeLessThan(5);
  });

  test('30 % loss on the carrying path moves traffic away', () => {
    const day = new Day(7);
    const gap = day.gapOf(() => day.world.setBoth(0, { lossRatio: 0.3 }));
    day.expectNothingLost();
    expect(day.carrying).toBe(1);
    expect(gap).toBeLessThan(25);
  });

  test('one path comes back in the moment in which the other falls silent', () => {
    const day = new Day(9);
    day.world.setBoth(0, { isBlackHole: true });
    day.live(3_000_000);
    const gap = day.gapOf(() => {
      day.world.setBoth(0, { isBlackHole: false });
      day.world.setBoth(1, { isBlackHole: true });
    });
    day.expectNothingLost();
    expect(gap).toBeLessThan(30);
  });

  test('after neither path worked for a while the stream goes on as soon as one does', () => {
    const day = new Day(8);
    [0, 1].forEach((link) => day.world.setBoth(link, { isBlackHole: true }));
    day.live(600_000);
    const gap = day.gapOf(() => day.world.setBoth(1, { isBlackHole: false }));
    day.expectNothingLost();
    expect(gap).toBeLessThan(260);
  });
});
