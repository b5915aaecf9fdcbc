import { describe, expect, test } from 'vitest';
import { MAX_PATHS } from '../../../src-engine/session.ts';
import { SimWorld } from '../../support/sim-world.ts';
import { SessionBench } from './session-bench.ts';

const PING = '01';
const PACKET = `${'00'.repeat(10)}45${'00'.repeat(8)}11${'00'.repeat(40)}`;

describe('a datagram', () => {
  test('for a path that cannot exist is dropped', () => {
    const box = new SessionBench('responder');
    for (const path of [MAX_PATHS, 255]) box.receive(PING, { path });
    expect(box.drops.snapshot()).toEqual({ 'unknown-path': 2 });
  });

  test('opens a path at the responder, not at the initiator', () => {
    const [laptop, box] = [new SessionBench('initiator'), new SessionBench('responder')];
    laptop.receive(PING);
    box.receive(PING);
    expect([laptop.drops.snapshot(), box.session.path(0).state]).toEqual([{ 'unknown-path': 1 }, 'probing']);
  });

  test('that comes twice counts once', () => {
    const box = new SessionBench('responder');
    box.receive(PING, { number: 5 });
    box.receive(PING, { number: 5 });
    expect(box.drops.snapshot()).toEqual({ replayed: 1 });
  });

  test.each([
    ['an unknown type', '63'],
    ['a cut CLOSE', '09'],
    ['a cut SKIP', '05000100'],
    ['a cut CHALLENGE', '0600112233'],
    ['a cut RESPONSE', '0700112233'],
    ['a cut STATUS', '080000000105'],
    ['an ACK of what was never sent', '0200000000000000000009000000'],
    ['a lane that does not exist', '0304000000000001aa'],
  ])('with %s is counted as malformed, and what stood before holds', (_name, frames) => {
    const box = new SessionBench('responder');
    box.receive(`0300010000000001aa${frames}`);
    expect([box.drops.snapshot().malformed, box.session.inbox.messagesDelivered]).toEqual([1, 1]);
    expect(box.events().filter((event) => event.kind === 'closed')).toEqual([]);
    expect(
      box.advance(2_000).some((datagram) => datagram.frames.includes('0200')),
      'acknowledged',
    ).toBe(true);
  });

  test('that found no memory is not acknowledged, so that it comes again', () => {
    const box = new SessionBench('responder');
    const waiting = (number: number): string => `030001${number.toString(16).padStart(6, '0')}0001aa`;
    for (let number = 1; number <= 64; number++) box.receive(waiting(number), { number });
    box.receive(waiting(65), { number: 65 });
    expect(box.drops.snapshot()).toEqual({ 'receive-memory': 1 });
    expect(box.session.isFresh(0, 65), 'the same datagram would be taken again').toBe(true);
  });
});

describe('acknowledgements', () => {
  test('of many datagrams in a row wait for each other, of a gap they do not', () => {
    const box = new SessionBench('responder');
    box.receive(PING, { number: 0 });
    box.sent();
    box.now += 100;
    box.receive(PING, { number: 1 });
    expect(box.sent(), 'within a millisecond of the last').toEqual([]);
    box.receive(PING, { number: 3 });
    expect(box.sent().map((datagram) => datagram.frames.slice(0, 2))).toEqual(['02']);
  });

  test('are not acknowledged themselves', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    laptop.advance(5_000);
    laptop.receive('0200000000000000000000000000');
    expect(laptop.session.path(0).acks.dueAt).toBe(0);
  });
});

describe('a session', () => {
  test('sends nothing after it was closed', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    laptop.session.close(0);
    expect(laptop.sent().map((datagram) => datagram.frames.slice(-4))).toEqual(['0900']);
    laptop.sendPacket(PACKET);
    expect(laptop.advance(5_000_000)).toEqual([]);
  });

  test('sends control messages before packets, and delivers them as events', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    laptop.sendPacket(PACKET);
    laptop.session.sendControl(Uint8Array.of(1, 2, 3), laptop.now);
    const frames = laptop.sent().map((datagram) => datagram.frames)[0]!;
    expect(frames.indexOf('0303ff0000000003010203')).toBeLessThan(frames.indexOf('45000000'));
    const box = new SessionBench('responder');
    box.receive('0303ff0000000003010203');
    expect(box.events()).toContainEqual({ kind: 'control', bytes: Uint8Array.of(1, 2, 3) });
  });

  test('takes each wish about paths once, and the newest last', () => {
    const box = new SessionBench('responder');
    for (const path of [0, 1]) box.receive(PING, { path });
    box.receive('08000000050200020101');
    box.receive('08000000040200010102');
    expect(box.session.paths.map((path) => path.peerStatus)).toEqual([2, 1]);
  });

  test('gives up a path that the other side abandoned', () => {
    const box = new SessionBench('responder');
    for (const path of [0, 1]) box.receive(PING, { path });
    box.receive('08000000050200020100');
    expect(box.session.paths.map((path) => path.state)).toEqual(['probing', 'closed']);
  });
});

test('a link that was dead for hours carries again when it heals', () => {
  const world = new SimWorld(1, [{}]);
  world.openPath(0);
  world.run(world.now + 100_000);
  world.setBoth(0, { isBlackHole: true });
  world.laptop.send(1, 0, 100);
  world.settle(world.laptop);
  // The box keeps its memory, so the session is resumed rather than begun.
  world.run(world.now + 3 * 3_600_000_000);
  world.setBoth(0, { isBlackHole: false });
  world.laptop.send(1, 1, 100);
  world.settle(world.laptop);
  world.run(world.now + 10_000_000);
  expect(world.laptop.session.path(0).state).toBe('validated');
  expect(world.box.arrivals.map((arrival) => arrival.number)).toContain(1);
  world.dispose();
});
