import { describe, expect, test } from 'vitest';
import { ReadModeration } from '../../../src-driver/read-moderation.ts';

/** Reads `packets` at a time, every `interval` microseconds, `times` times. */
function read(
  moderation: ReadModeration,
  packets: number,
  interval: number,
  times: number,
  from = 0,
): number {
  let now = from;
  for (let i = 0; i < times; i++, now += interval) moderation.onRead(packets, now);
  return now;
}

describe('reading the TUN', () => {
  test('follows wake-ups for a ping-pong at full speed and for super-packets of a fast stream', () => {
    const pingPong = new ReadModeration();
    read(pingPong, 1, 60, 1_000);
    expect(pingPong.readAt).toBe(Infinity);
    const stream = new ReadModeration();
    read(stream, 8, 400, 1_000);
    expect(stream.readAt).toBe(Infinity);
  });

  test('goes by the clock as soon as a millisecond brings a flood', () => {
    const moderation = new ReadModeration();
    read(moderation, 2, 20, 16);
    expect(moderation.readAt).toBe(300 + 500);
  });

  test('stays with the clock while each read finds many, and returns to wake-ups when it finds few', () => {
    const moderation = new ReadModeration();
    const now = read(moderation, 60, 500, 100);
    expect(moderation.readAt).toBe(now);
    moderation.onRead(7, now);
    expect(moderation.readAt).toBe(Infinity);
  });
});
