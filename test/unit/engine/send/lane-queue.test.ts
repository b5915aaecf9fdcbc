import { expect, test } from 'vitest';
import { LaneQueue } from '../../../../src-engine/send/lane-queue.ts';
import { Rng } from '../../../support/rng.ts';

const DATAGRAM_BYTES = 1_440;

/** Serves the queue's own choice `turns` times; its lanes never run dry. */
function serve(queue: LaneQueue, turns: number, bytesOf: (lane: number) => number): Map<number, number> {
  const sent = new Map<number, number>();
  for (let i = 0; i < turns; i++) {
    const lane = queue.current();
    queue.spend(lane, bytesOf(lane));
    sent.set(lane, (sent.get(lane) ?? 0) + bytesOf(lane));
  }
  return sent;
}

test('eight busy lanes get equal bytes, whatever the size of their packets', () => {
  const queue = new LaneQueue();
  const lanes = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const lane of lanes) queue.activate(lane);
  const sent = serve(queue, 20_000, (lane) => (lane % 2 === 0 ? DATAGRAM_BYTES : 200));
  const shares = lanes.map((lane) => sent.get(lane)!);
  expect(Math.min(...shares) / Math.max(...shares)).toBeGreaterThan(0.99);
});

test('a lane that has just got something to send is served before busy ones', () => {
  const queue = new LaneQueue();
  for (const lane of [1, 2, 3, 4, 5, 6, 7, 8]) queue.activate(lane);
  serve(queue, 1_000, () => DATAGRAM_BYTES);
  queue.activate(100);
  expect(queue.current()).toBe(100);
});

test('a lane cannot stay ahead of the others by sending one packet at a time', () => {
  const queue = new LaneQueue();
  queue.activate(1);
  serve(queue, 10, () => DATAGRAM_BYTES);
  let served = 0;
  for (let i = 0; i < 100; i++) {
    queue.activate(2);
    const lane = queue.current();
    queue.spend(lane, DATAGRAM_BYTES);
    if (lane !== 2) continue;
    served++;
    if (queue.current() === 2) queue.retire(2);
  }
  expect(served, 'of 100').toBeLessThan(60);
});

test('an empty queue names no lane, and one that was emptied takes lanes again', () => {
  const queue = new LaneQueue();
  expect(queue.current()).toBe(-1);
  queue.activate(5);
  queue.activate(5);
  expect(queue.current()).toBe(5);
  queue.retire(5);
  expect(queue.current(), 'activated twice is listed once').toBe(-1);
  queue.activate(5);
  expect(queue.current()).toBe(5);
});

test('random work is all served, and no lane is named that is not in line', () => {
  const queue = new LaneQueue();
  const rng = new Rng(3);
  const work = new Map<number, number>();
  const serveOne = (): boolean => {
    for (let lane = queue.current(); lane >= 0; lane = queue.current()) {
      const left = work.get(lane);
      expect(left, `lane ${lane} was never in line`).toBeDefined();
      if (left! > 0) {
        queue.spend(lane, rng.int(1, 3_000));
        work.set(lane, left! - 1);
        return true;
      }
      queue.retire(lane);
    }
    return false;
  };
  for (let step = 0; step < 20_000; step++) {
    if (rng.chance(0.5)) {
      const lane = rng.int(0, 40);
      work.set(lane, (work.get(lane) ?? 0) + rng.int(1, 2));
      queue.activate(lane);
    }
    if (rng.chance(0.8)) serveOne();
  }
  while (serveOne()) continue;
  expect([...work.values()].filter((left) => left > 0)).toEqual([]);
});
