import { describe, expect, test } from 'vitest';
import { SimWorld } from '../support/sim-world.ts';

const SECOND = 1_000_000;

function connected(seed: number): SimWorld {
  const world = new SimWorld(seed, [{}, { delayMicros: 1_000 }]);
  world.openPath(0);
  world.openPath(1);
  world.run(world.now + SECOND);
  return world;
}

/** Sends a packet each way every `everyMicros` for a while. @returns how many each side sent. */
function chat(world: SimWorld, micros: number, everyMicros: number, from = 0): number {
  let number = from;
  world.run(world.now + micros, everyMicros, () => {
    world.laptop.send(1, number, 200);
    world.box.send(1, number, 200);
    number++;
  });
  return number;
}

function expectAllArrived(world: SimWorld, count: number): void {
  world.run(world.now + SECOND);
  for (const node of [world.laptop, world.box]) {
    expect(node.faults, node.name).toEqual([]);
    expect(node.arrivals.length, `${node.name} got everything`).toBe(count);
  }
}

describe('a session outlives', () => {
  test('the renewal of its keys, again and again', () => {
    const world = connected(1);
    const count = chat(world, 400 * SECOND, 20_000);
    expectAllArrived(world, count);
    const renewals = world.laptop.events.filter((event) => event.kind === 'established');
    expect(renewals.length, 'the first handshake and three renewals').toBe(4);
    expect(renewals.slice(1).every((event) => event.isResumed)).toBe(true);
    world.run(world.now + 20 * SECOND);
    expect([world.laptop.aead.liveKeys, world.box.aead.liveKeys], 'old keys are wiped').toEqual([2, 2]);
  });

  test('eight hours of sleep', () => {
    const world = connected(2);
    const before = chat(world, SECOND, 10_000);
    world.sleep(8 * 3_600 * SECOND);
    expectAllArrived(world, chat(world, 2 * SECOND, 10_000, before));
  });

  test('a restart of the box: what was not acknowledged arrives in the new process', () => {
    const world = connected(3);
    const before = chat(world, SECOND, 5_000);
    world.run(world.now + 100_000);
    world.box.isRunning = false;
    for (let number = before; number < before + 50; number++) world.laptop.send(1, number, 200);
    world.settle(world.laptop);
    world.run(world.now + 800_000);
    world.box.restart();
    world.settle(world.box);
    const restartedAt = world.now;
    world.run(world.now + SECOND);
    expect(world.box.faults).toEqual([]);
    expect(world.box.arrivals.length, 'the box got everything').toBe(before + 50);
    const first = world.box.arrivals[before]!.at - restartedAt;
    expect(first, 'within a quarter second of the restart').toBeLessThan(250_000);
  });

  test('a restart of the laptop', () => {
    const world = connected(4);
    const before = chat(world, SECOND, 5_000);
    world.run(world.now + 100_000);
    world.laptop.restart();
    world.openPath(0);
    world.openPath(1);
    world.run(world.now + 300_000);
    const after = chat(world, SECOND, 5_000, before);
    world.run(world.now + SECOND);
    expect([...world.laptop.faults, ...world.box.faults]).toEqual([]);
    expect(world.box.arrivals.length).toBe(after);
    expect(world.laptop.arrivals.length).toBe(after);
  });
});

test('an idle session asks little: five datagrams a second and path at most', () => {
  const world = connected(5);
  world.run(world.now + 10 * SECOND);
  const before = world.datagrams;
  world.run(world.now + 20 * SECOND);
  expect((world.datagrams - before) / 20 / 2).toBeLessThan(5);
});
