import { expect, test } from 'vitest';
import { readPathModel, type PathModel } from '../../../src-engine/path-model.ts';
import type { Mode } from '../../../src-engine/session-types.ts';
import { SimWorld } from '../../support/sim-world.ts';

const SECOND = 1_000_000;
const PACKET_BYTES = 60_000;

/** What the box knows of its paths after three seconds with much to send. */
function modelsAfterTraffic(mode: Mode, megabits: readonly number[]): readonly (PathModel | null)[] {
  const world = new SimWorld(
    3,
    megabits.map((rate) => ({
      rateBitsPerSecond: rate * 1e6,
      delayMicros: 500,
      queueBytes: (rate * 1e6 * 0.05) / 8,
    })),
  );
  for (const node of [world.laptop, world.box]) node.session.mode = mode;
  const { session } = world.box;
  megabits.forEach((_, link) => world.openPath(link));
  expect(readPathModel(session, session.path(0)), 'nothing is known of a path that never worked').toBeNull();
  world.run(world.now + SECOND);
  expect(readPathModel(session, session.path(0)), 'probes tell no rate').toMatchObject({
    bytesPerSecond: null,
    lossRatio: 0,
  });
  let number = 0;
  world.run(world.now + 3 * SECOND, 200, () => {
    while (session.outbox.messagesHeld < 20 && world.box.send(1, number, PACKET_BYTES)) number++;
  });
  return megabits.map((_, link) => readPathModel(session, session.path(link)));
}

test('the path that carries is a member with its learned rate, the other stands by', () => {
  const [carrying, other] = modelsAfterTraffic('seamless', [100, 100]);
  expect([carrying?.role, other?.role]).toEqual(['member', 'standby']);
  const megabits = ((carrying?.bytesPerSecond ?? 0) * 8) / 1e6;
  expect(megabits).toBeGreaterThan(85);
  expect(megabits).toBeLessThan(115);
  expect(carrying?.inFlightBytes).toBeGreaterThan(0);
  // The last datagrams of a batch may exceed the window.
  expect(carrying?.inFlightBytes).toBeLessThan(1.1 * (carrying?.windowBytes ?? 0));
  expect(carrying?.minimumRttMicros).toBeGreaterThanOrEqual(1_000);
  expect(other?.inFlightBytes, 'only probes').toBeLessThan(2_000);
});

test('paths that add up are members, and one that would harm says why', () => {
  const roles = modelsAfterTraffic('bonded', [100, 80, 2]).map((model) => [
    model?.role,
    model?.excludedBecause,
  ]);
  expect(roles).toEqual([
    ['member', null],
    ['member', null],
    ['excluded', 'too-slow'],
  ]);
});

test('in redundant mode every path takes part', () => {
  expect(modelsAfterTraffic('redundant', [50, 50]).map((model) => model?.role)).toEqual(['member', 'member']);
});
