import { describe, expect, test } from 'vitest';
import type { LinkConditions } from '../support/sim-link.ts';
import { type SimNode, SimWorld } from '../support/sim-world.ts';

/** A laptop whose packets are of all sizes, over links whose size changes without a word: every ICMP is lost. */
class Journey {
  readonly world: SimWorld;
  private number = 0;
  private readonly sentAt: number[] = [];
  private readonly everyTicks: number;

  constructor(
    seed: number,
    links: readonly Partial<LinkConditions>[],
    options: { readonly maximumBytes?: readonly number[]; readonly everyTicks?: number } = {},
  ) {
    this.everyTicks = options.everyTicks ?? 1;
    this.world = new SimWorld(seed, links);
    for (const index of links.keys()) this.world.openPath(index, undefined, options.maximumBytes?.[index]);
    this.world.run(this.world.now + 1_000_000);
    this.live(2_000_000);
  }

  /** A packet that fits everywhere and one that does not, each way. */
  live(micros: number): void {
    this.world.run(this.world.now + micros, 1_000 * this.everyTicks, () => {
      for (const node of this.nodes) {
        node.send(1, this.number, 240);
        node.send(2, this.number, 1_400);
      }
      this.sentAt[this.number++] = this.world.now;
    });
  }

  /** Longest time that a large packet was on its way in either direction, ms, from the change until two seconds after. */
  delayAfter(change: () => void): number {
    const from = this.number;
    change();
    this.live(2_000_000);
    this.world.run(this.world.now + 1_000_000);
    return this.worstDelayMicros(from) / 1_000;
  }

  private worstDelayMicros(from: number): number {
    const delays = this.nodes.flatMap((node) =>
      node.arrivals
        .filter(({ flow, number }) => flow === 2 && number >= from)
        .map(({ number, at }) => at - this.sentAt[number]!),
    );
    return Math.max(...delays);
  }

  sizesOf(path: number): number[] {
    return this.nodes.map(({ session }) => session.path(path).mtu.datagramBytes);
  }

  expectNothingLost(): void {
    this.world.run(this.world.now + 1_000_000);
    for (const node of this.nodes) {
      expect(node.faults, node.name).toEqual([]);
      for (const flow of [1, 2]) {
        const arrived = node.arrivals.filter((arrival) => arrival.flow === flow).length;
        expect(arrived, `flow ${flow} at ${node.name}`).toBe(this.number);
      }
      expect(node.session.outbox.messagesDropped, node.name).toBe(0);
    }
  }

  get nodes(): readonly SimNode[] {
    return [this.world.laptop, this.world.box];
  }
}

const LINK = { rateBitsPerSecond: 1e9, delayMicros: 150, jitterMicros: 200 };

describe('a path that grows narrower without a word', () => {
  test.each([
    ['1,000 times a second', 1, 10],
    ['20 times a second', 50, 60],
    ['once a second', 1_000, 60],
  ])(
    'holds large packets up no longer than a blink and loses none, sent %s',
    (_name, everyTicks, longestMs) => {
      const journey = new Journey(5, [LINK], { everyTicks });
      expect(journey.sizesOf(0)).toEqual([1_472, 1_472]);
      const delay = journey.delayAfter(() => journey.world.setBoth(0, { mtuBytes: 1_380 }));
      journey.expectNothingLost();
      expect(delay).toBeLessThan(longestMs);
      if (everyTicks < 1_000) expect(journey.sizesOf(0), 'the usual size below').toEqual([1_372, 1_372]);
    },
  );

  test('is left for another, and found again in its new size', () => {
    const journey = new Journey(6, [LINK, { ...LINK, delayMicros: 500 }]);
    const delay = journey.delayAfter(() => journey.world.setBoth(0, { mtuBytes: 1_380 }));
    journey.live(5_000_000);
    journey.expectNothingLost();
    expect(delay).toBeLessThan(10);
    expect(journey.sizesOf(0)).toEqual([1_372, 1_372]);
  });

  test('in one direction keeps the size of the other', () => {
    const journey = new Journey(7, [LINK]);
    journey.delayAfter(() => Object.assign(journey.world.links[0]!.up.conditions, { mtuBytes: 1_380 }));
    journey.expectNothingLost();
    expect(journey.sizesOf(0)).toEqual([1_372, 1_472]);
  });

  test('from jumbo frames to plain ones keeps what plain ones carry', () => {
    const journey = new Journey(8, [{ ...LINK, mtuBytes: 8_972 }], { maximumBytes: [8_972] });
    expect(journey.sizesOf(0)).toEqual([8_972, 8_972]);
    const delay = journey.delayAfter(() => journey.world.setBoth(0, { mtuBytes: 1_472 }));
    journey.expectNothingLost();
    expect(delay).toBeLessThan(60);
    expect(journey.sizesOf(0)).toEqual([1_472, 1_472]);
  });

  test('and wide again is used to the full after a minute', () => {
    const journey = new Journey(9, [LINK], { everyTicks: 100 });
    journey.delayAfter(() => journey.world.setBoth(0, { mtuBytes: 1_380 }));
    journey.world.setBoth(0, { mtuBytes: 1_472 });
    journey.live(70_000_000);
    journey.expectNothingLost();
    expect(journey.sizesOf(0)).toEqual([1_472, 1_472]);
  });
});

describe('links of different sizes', () => {
  test('carry packets of all sizes across a switch from the large to the small and back', () => {
    const sizes = [8_972, 1_252];
    const journey = new Journey(
      10,
      sizes.map((mtuBytes) => ({ ...LINK, mtuBytes })),
      { maximumBytes: sizes },
    );
    expect([journey.sizesOf(0), journey.sizesOf(1)]).toEqual([
      [8_972, 8_972],
      [1_252, 1_232],
    ]);
    journey.world.closePath(0);
    journey.live(1_000_000);
    journey.world.openPath(0, 0, 8_972);
    journey.live(2_000_000);
    journey.expectNothingLost();
    expect(journey.world.laptop.session.scheduler.carrying?.id).toBe(0);
  });
});
