import { expect, test } from 'vitest';
import { SimWorld } from '../support/sim-world.ts';

test('a session is established and packets cross both ways in order', () => {
  const world = new SimWorld(1, [{}, { delayMicros: 2_000 }]);
  world.openPath(0);
  world.openPath(1);
  world.run(world.now + 200_000);
  expect(world.laptop.session.isEstablished, 'established').toBe(true);
  let number = 0;
  world.run(world.now + 1_000_000, 1_000, () => {
    world.laptop.send(1, number, 100);
    world.box.send(1, number, 30_000);
    number++;
  });
  world.run(world.now + 100_000);
  expect(world.laptop.faults).toEqual([]);
  expect(world.box.faults).toEqual([]);
  console.log(number, world.box.arrivals.length, world.laptop.arrivals.length, world.laptop.events, world.laptop.engine.drops.snapshot(), world.box.engine.drops.snapshot(), world.datagrams);
  expect(world.box.arrivals.length).toBe(number);
  expect(world.laptop.arrivals.length).toBe(number);
});
