import { expect, test } from 'vitest';
import { SimWorld } from '../support/sim-world.ts';

const MILLISECOND = 1_000;
const SECOND = 1_000_000;
const PACKETS = 6_000;

/**
 * On a link that loses one packet in twenty some silences look like its end. Packets of such a moment have to be sent
 * over both links all the same: each of them may be lost by the other.
 */
test('a call in mode redundant goes over two lossy links whole, all the time', () => {
  const lossy = { rateBitsPerSecond: 100e6, lossRatio: 0.05 };
  const world = new SimWorld(5, [
    { ...lossy, delayMicros: 1_000 },
    { ...lossy, delayMicros: 5_000 },
  ]);
  const nodes = [world.laptop, world.box];
  for (const { session } of nodes) session.mode = 'redundant';
  world.openPath(0);
  world.openPath(1);
  world.run(world.now + 2 * SECOND);

  const suspicions = (): number =>
    nodes.reduce(
      (sum, { session }) => sum + session.paths.reduce((all, path) => all + path.suspicions, 0),
      0,
    );
  const suspicionsBefore = suspicions();
  let uncopied = 0;
  for (let number = 0; number < PACKETS; number++) {
    for (const node of nodes) {
      const { outbox } = node.session;
      const before = outbox.bytesMirrored;
      node.send(1, number, 200);
      world.settle(node);
      if (outbox.bytesMirrored === before) uncopied++;
    }
    world.run(world.now + 20 * MILLISECOND);
  }
  world.run(world.now + SECOND);
  expect(nodes.map(({ arrivals, faults }) => [arrivals.length, faults])).toEqual([
    [PACKETS, []],
    [PACKETS, []],
  ]);
  // Else the moments that this is about never came.
  expect(suspicions() - suspicionsBefore).toBeGreaterThan(PACKETS / 500);
  expect(uncopied).toBe(0);
});
