import { describe, expect, test } from 'vitest';
import type { SessionEvent } from '../../src-engine/session-events.ts';
import { CLOSE_SHUTDOWN } from '../../src-engine/session-types.ts';
import { SimWorld } from '../support/sim-world.ts';

type Switch = Extract<SessionEvent, { kind: 'switch' }>;

/** What the laptop tells of its switches. */
class Story {
  readonly world: SimWorld;
  private number = 0;

  constructor(seed: number) {
    const link = { rateBitsPerSecond: 1e9, delayMicros: 150 };
    this.world = new SimWorld(seed, [link, { ...link, delayMicros: 400 }]);
  }

  /** Opens both links and waits until the first one carries. */
  begin(): this {
    this.world.openPath(0);
    this.world.openPath(1);
    this.pass(2_000_000);
    this.world.laptop.events.length = 0;
    return this;
  }

  pass(micros: number): void {
    this.world.run(this.world.now + micros);
  }

  /** Lets time pass with 100 packets a second each way. */
  talk(micros: number): void {
    this.world.run(this.world.now + micros, 10_000, () => {
      for (const node of [this.world.laptop, this.world.box]) node.send(1, this.number, 100);
      this.number++;
    });
  }

  get switches(): Switch[] {
    return this.world.laptop.events.filter((event) => event.kind === 'switch');
  }
}

describe('the gap that a switch is told with', () => {
  test('is the silence after a pulled cable', () => {
    const story = new Story(1).begin();
    story.talk(500_000);
    story.world.closePath(0);
    story.talk(500_000);
    expect(story.switches).toMatchObject([{ from: 0, to: 1, reason: 'carrier-lost' }]);
    expect(story.switches[0]!.gapMicros).toBeLessThan(20_000);
  });

  test('is the whole outage while no link worked', () => {
    const story = new Story(2).begin();
    story.world.closePath(1);
    story.talk(500_000);
    story.world.closePath(0);
    story.talk(5_000_000);
    story.world.openPath(1);
    story.talk(500_000);
    expect(story.switches).toMatchObject([{ from: 0, to: 1 }]);
    expect(story.switches[0]!.gapMicros).toBeGreaterThan(5_000_000);
  });

  test('counts from the first path that fell silent when the next one is silent too', () => {
    const story = new Story(3).begin();
    story.talk(500_000);
    const silentAt = story.world.now;
    for (const link of [0, 1]) story.world.setBoth(link, { isBlackHole: true });
    story.talk(3_000_000);
    story.world.setBoth(1, { isBlackHole: false });
    story.talk(2_000_000);
    const [switched] = story.switches;
    expect(switched).toMatchObject({ from: 0, to: 1, reason: 'silent' });
    expect(switched!.gapMicros).toBeGreaterThan(2_900_000);
    expect(switched!.gapMicros).toBeLessThan(story.world.now - silentAt);
  });

  test('counts from the silence when the cable is pulled in the end', () => {
    const story = new Story(8).begin();
    story.world.closePath(1);
    story.talk(500_000);
    story.world.setBoth(0, { isBlackHole: true });
    story.talk(3_000_000);
    story.world.closePath(0);
    story.talk(1_000_000);
    story.world.openPath(1);
    story.talk(500_000);
    expect(story.switches).toMatchObject([{ from: 0, to: 1 }]);
    expect(story.switches[0]!.gapMicros).toBeGreaterThan(4_000_000);
  });

  test('has nothing of the silence of a link that carried nothing then', () => {
    const story = new Story(9).begin();
    story.talk(500_000);
    story.world.setBoth(1, { isBlackHole: true });
    story.talk(3_000_000);
    story.world.setBoth(1, { isBlackHole: false });
    story.talk(2_000_000);
    const { laptop } = story.world;
    laptop.session.rankPath(1, -20_000, story.world.now);
    story.talk(500_000);
    expect(story.switches).toMatchObject([{ from: 0, to: 1, reason: 'user' }]);
    expect(story.switches[0]!.gapMicros).toBeLessThan(20_000);
  });

  test('has nothing of an outage that the same link ended', () => {
    const story = new Story(4).begin();
    story.world.closePath(1);
    story.talk(500_000);
    story.world.setBoth(0, { isBlackHole: true });
    story.talk(3_000_000);
    story.world.setBoth(0, { isBlackHole: false });
    story.talk(2_000_000);
    expect(story.switches).toEqual([]);
    story.world.openPath(1, -20_000);
    story.talk(2_000_000);
    expect(story.switches).toMatchObject([{ from: 0, to: 1, reason: 'better-link' }]);
    expect(story.switches[0]!.gapMicros).toBeLessThan(20_000);
  });

  test('has nothing of the time in which nothing was said', () => {
    const story = new Story(5).begin();
    story.pass(20_000_000);
    story.world.closePath(0);
    story.pass(5_000_000);
    story.talk(500_000);
    expect(story.switches).toMatchObject([{ from: 0, to: 1, reason: 'carrier-lost' }]);
    expect(story.switches[0]!.gapMicros).toBeLessThan(20_000);
  });

  test('has nothing of the time in which protection was off', () => {
    const story = new Story(6).begin();
    const { laptop } = story.world;
    laptop.session.close(CLOSE_SHUTDOWN);
    story.world.settle(laptop);
    for (const link of [0, 1]) story.world.closePath(link);
    laptop.events.length = 0;
    story.pass(5_000_000);
    story.world.openPath(1);
    story.talk(1_000_000);
    expect(story.switches).toEqual([]);
    story.world.openPath(0);
    story.talk(1_000_000);
    expect(story.switches).toMatchObject([{ from: 1, to: 0, reason: 'better-link' }]);
    expect(story.switches[0]!.gapMicros).toBeLessThan(20_000);
  });
});

test('a switch that was due anyway is not called the wish of the user', () => {
  const story = new Story(7);
  story.world.openPath(1);
  story.talk(1_000_000);
  story.world.openPath(0);
  story.talk(150_000);
  story.pass(50_000);
  const { laptop } = story.world;
  expect(laptop.session.scheduler.carrying?.id).toBe(1);
  story.world.sleep(200_000);
  for (const link of [0, 1]) laptop.session.rankPath(link, link * 6_000, story.world.now);
  story.talk(500_000);
  expect(story.switches).toMatchObject([{ from: 1, to: 0, reason: 'better-link' }]);
});
