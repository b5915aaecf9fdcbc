import { describe, expect, test } from 'vitest';
import { SessionBench } from '../session-bench.ts';

const CHALLENGE = '06';
const PING = '01';

/** When datagrams that begin with a frame left, in milliseconds from now on. */
function timesOf(bench: SessionBench, frame: string, micros: number): number[] {
  const from = bench.now;
  const times: number[] = [];
  const until = from + micros;
  while (bench.now < until) {
    for (const datagram of bench.advance(1_000)) {
      if (datagram.frames.startsWith(frame)) times.push(Math.round((bench.now - from) / 1_000));
    }
  }
  return times;
}

describe('an unproven path', () => {
  test('is asked at once, then ever more slowly, always with the same question', () => {
    const laptop = new SessionBench('initiator');
    laptop.session.openPath(0, 0, 0, 0, 1_472, laptop.now);
    const sent = laptop.advance(2_000_000);
    expect(new Set(sent.map((datagram) => datagram.frames)).size).toBe(1);
    expect(sent.length, '0, 30, 90, 210 ms, then each 200 ms').toBe(12);
  });

  test('carries nothing but the question', () => {
    const laptop = new SessionBench('initiator');
    laptop.session.openPath(0, 0, 0, 0, 1_472, laptop.now);
    expect(laptop.sendPacket(`${'00'.repeat(10)}45${'00'.repeat(40)}`)).toBe(true);
    const frames = laptop.advance(500_000).map((datagram) => datagram.frames.slice(0, 2));
    expect(new Set(frames)).toEqual(new Set([CHALLENGE]));
  });

  test('is proven by the right answer alone', () => {
    const laptop = new SessionBench('initiator');
    laptop.session.openPath(0, 0, 0, 0, 1_472, laptop.now);
    const question = laptop.sent()[0]!.frames.slice(2, 18);
    laptop.receive(`07${question.slice(0, 14)}00`);
    expect(laptop.session.path(0).state).toBe('probing');
    laptop.receive(`07${question}`);
    expect(laptop.session.path(0).state).toBe('validated');
  });

  test('is asked by the other side for a second only, unless something is heard', () => {
    const box = new SessionBench('responder');
    box.receive(PING);
    const sent = box.advance(20_000_000).filter((datagram) => datagram.frames.startsWith(CHALLENGE));
    expect(sent.length, 'it gives up').toBeLessThan(12);
    box.receive(PING);
    expect(box.advance(50_000).some((datagram) => datagram.frames.includes(CHALLENGE))).toBe(true);
  });

  test('still validates after a day without an answer', () => {
    const laptop = new SessionBench('initiator');
    laptop.session.openPath(0, 0, 0, 0, 1_472, laptop.now);
    laptop.advance(24 * 3_600_000_000);
    const question = laptop.advance(2_000_000).at(-1)!.frames.slice(2, 18);
    laptop.receive(`07${question}`);
    expect(laptop.session.path(0).state).toBe('validated');
  });
});

describe('a path that works', () => {
  test('is asked once a second while the tunnel is idle', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    const answer = (): void => {
      const last = laptop.session.path(0).sent.next - 1;
      laptop.receive(`02000000${last.toString(16).padStart(16, '0')}000000`);
    };
    const times: number[] = [];
    for (let ms = 0; ms < 5_000; ms++) {
      const sent = laptop.advance(1_000);
      if (sent.some((datagram) => datagram.frames.includes(PING))) times.push(ms);
      if (sent.length > 0) answer();
    }
    const idle = times.filter((ms) => ms > 2_500);
    expect(idle.length, `pings at ${idle.join()}`).toBeGreaterThanOrEqual(2);
    expect(idle.length).toBeLessThanOrEqual(3);
  });

  test('that falls silent is asked within tens of milliseconds', () => {
    const laptop = new SessionBench('initiator');
    laptop.openValidated(0);
    laptop.session.suspectPath(0, 'silent', laptop.now);
    const times = timesOf(laptop, PING, 100_000);
    expect(times[0]!).toBeLessThanOrEqual(10);
    expect(times.length).toBeGreaterThanOrEqual(3);
  });
});

describe('a peer that moves to another address', () => {
  test('is followed once the new address has answered a question, not before', () => {
    const box = new SessionBench('responder');
    box.receive(PING, { remote: 1 });
    const first = box.advance(1_000).find((datagram) => datagram.frames.startsWith(CHALLENGE))!;
    box.receive(`07${first.frames.slice(2, 18)}`, { remote: 1 });
    box.sent();

    box.receive(PING, { remote: 2 });
    const asked = box.advance(1_000).filter((datagram) => datagram.frames.startsWith(CHALLENGE));
    expect(asked.map((datagram) => datagram.remote)).toEqual([2]);
    expect(box.session.path(0).remote, 'still the old one').toBe(1);

    box.receive(`07${asked[0]!.frames.slice(2, 18)}`, { remote: 2 });
    expect(box.session.path(0).remote).toBe(2);
  });

  test('is not followed by a datagram that was overtaken', () => {
    const box = new SessionBench('responder');
    box.receive(PING, { remote: 1, number: 0 });
    box.receive(PING, { remote: 1, number: 5 });
    box.receive(PING, { remote: 2, number: 3 });
    expect(box.session.path(0).candidate).toBeNull();
  });

  test('gets the answer to its own question where it asked from', () => {
    const box = new SessionBench('responder');
    box.receive(PING, { remote: 1 });
    box.sent();
    box.receive(`060011223344556677`, { remote: 7 });
    const answer = box.sent().find((datagram) => datagram.frames.startsWith('070011223344556677'));
    expect(answer?.remote).toBe(7);
  });
});
