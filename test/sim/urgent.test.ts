import { describe, expect, test } from 'vitest';
import { HEAD_ROOM_BYTES } from '../../src-engine/inner-head.ts';
import { RESERVE_RANK_MICROS } from '../../src-engine/path/path.ts';
import type { Mode } from '../../src-engine/session-types.ts';
import { SimWorld } from '../support/sim-world.ts';

const SECOND = 1_000_000;
const RATE = { rateBitsPerSecond: 50e6, queueBytes: 500_000 };

function connected(mode: Mode, secondRank?: number): SimWorld {
  const world = new SimWorld(11, [RATE, { ...RATE, delayMicros: 3_000 }]);
  for (const node of [world.laptop, world.box]) node.session.mode = mode;
  world.openPath(0);
  world.openPath(1, secondRank);
  world.run(world.now + 2 * SECOND);
  return world;
}

/** Sends one packet after a pause each way. @returns how many bytes went out twice. */
function speak(world: SimWorld): number[] {
  const nodes = [world.laptop, world.box];
  const before = nodes.map(({ session }) => session.outbox.bytesMirrored);
  for (const node of nodes) node.send(1, 0, 200);
  world.run(world.now + SECOND);
  expect(nodes.map(({ arrivals, faults }) => [arrivals.length, faults])).toEqual([
    [1, []],
    [1, []],
  ]);
  return nodes.map(({ session }, index) => session.outbox.bytesMirrored - before[index]!);
}

describe('what is urgent', () => {
  test.each<Mode>(['seamless', 'bonded'])('goes over both links in mode %s', (mode) => {
    const copies = speak(connected(mode));
    expect(Math.min(...copies)).toBeGreaterThanOrEqual(200 - HEAD_ROOM_BYTES);
  });

  test('goes out once in mode saver', () => {
    expect(speak(connected('saver'))).toEqual([0, 0]);
  });

  test.each<Mode>(['seamless', 'bonded', 'redundant'])('never uses a reserve link in mode %s', (mode) => {
    expect(speak(connected(mode, RESERVE_RANK_MICROS))).toEqual([0, 0]);
  });
});

test('a reserve link takes no part in the sum, in either direction, until it is all there is', () => {
  const world = connected('bonded', RESERVE_RANK_MICROS);
  let number = 0;
  const feed = (): void => {
    for (const node of [world.laptop, world.box]) {
      while (node.session.outbox.messagesHeld < 20 && node.send(1, number, 20_000)) number++;
    }
  };
  world.run(world.now + 2 * SECOND, 1_000, feed);
  for (const node of [world.laptop, world.box]) {
    const [first, second] = node.session.paths;
    expect(first!.bytesSent).toBeGreaterThan(5e6);
    expect(second!.bytesSent).toBeLessThan(20_000);
  }
  world.laptop.session.closePath(0, 'carrier-lost', world.now);
  world.run(world.now + SECOND, 1_000, feed);
  expect(world.laptop.session.path(1).bytesSent).toBeGreaterThan(2e6);
});
