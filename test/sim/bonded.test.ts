import { expect, test } from 'vitest';
import type { Mode } from '../../src-engine/session-types.ts';
import type { LinkConditions } from '../support/sim-link.ts';
import { SimWorld } from '../support/sim-world.ts';

const SECOND = 1_000_000;
const PACKET_BYTES = 60_000;

/** Payload that a box which always has something to send brings over, in Mbit/s. */
function goodput(mode: Mode, links: readonly Partial<LinkConditions>[]): number {
  const world = new SimWorld(7, links);
  for (const node of [world.laptop, world.box]) node.session.mode = mode;
  links.forEach((_, link) => world.openPath(link));
  world.run(world.now + SECOND);
  let number = 0;
  const feed = (): void => {
    // What a TCP connection with a megabyte of window would have under way.
    while (world.box.session.outbox.messagesHeld < 20 && world.box.send(1, number, PACKET_BYTES)) number++;
  };
  world.run(world.now + SECOND, 200, feed);
  const before = world.laptop.arrivals.length;
  world.run(world.now + 3 * SECOND, 200, feed);
  expect(world.laptop.faults).toEqual([]);
  return ((world.laptop.arrivals.length - before) * PACKET_BYTES * 8) / 3 / 1e6;
}

const link = (
  megabits: number,
  delayMs: number,
  more: Partial<LinkConditions> = {},
): Partial<LinkConditions> => ({
  rateBitsPerSecond: megabits * 1e6,
  delayMicros: (delayMs * 1_000) / 2,
  queueBytes: (megabits * 1e6 * 0.05) / 8,
  ...more,
});

test('two equal links give their sum', () => {
  expect(goodput('bonded', [link(100, 1), link(100, 1)])).toBeGreaterThan(185);
});

test('unequal links give nearly their sum', () => {
  const links = [link(200, 1), link(80, 12, { jitterMicros: 4_000 })];
  expect(goodput('bonded', links)).toBeGreaterThan(250);
});

test('a hopeless second link takes nothing away', () => {
  const links = [link(100, 1), link(2, 80)];
  const alone = goodput('seamless', links);
  expect(alone).toBeGreaterThan(92);
  expect(goodput('bonded', links)).toBeGreaterThan(0.97 * alone);
});

test('one per cent of loss is repaired without slowing down', () => {
  const clean = goodput('seamless', [link(100, 1)]);
  expect(goodput('seamless', [link(100, 1, { lossRatio: 0.01 })])).toBeGreaterThan(0.93 * clean);
});

test('small packets cross in bonded mode, too', () => {
  const world = new SimWorld(9, [link(100, 1), link(100, 1)]);
  for (const node of [world.laptop, world.box]) node.session.mode = 'bonded';
  world.openPath(0);
  world.openPath(1);
  world.run(world.now + SECOND);
  let number = 0;
  world.run(world.now + 5 * SECOND, 200_000, () => {
    world.box.send(1, number, 70);
    world.laptop.send(1, number++, 70);
  });
  world.run(world.now + SECOND);
  expect([world.laptop.arrivals.length, world.box.arrivals.length]).toEqual([number, number]);
});
