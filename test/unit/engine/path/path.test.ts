import { beforeEach, describe, expect, test } from 'vitest';
import { type ChunkFate, Path } from '../../../../src-engine/path/path.ts';
import { SENT_CAPACITY } from '../../../../src-engine/path/sent-datagrams.ts';

const RTT_MICROS = 1_000;

let now: number;
let path: Path;
let fate: ChunkFate & { log: string[] };

beforeEach(() => {
  now = 1_000_000;
  path = new Path(0);
  const log: string[] = [];
  fate = {
    log,
    acknowledge: (refs) => void log.push(`acknowledged ${refs}`),
    lose: (refs, wasSuspected) => void log.push(`${wasSuspected ? 'lost after suspicion' : 'lost'} ${refs}`),
    suspect: (refs) => void log.push(`suspected ${refs}`),
    repeat: (refs) => void log.push(`repeated ${refs}`),
  };
  path.open(0, 0, 0, 1_472, now);
  path.validate(now);
  // Questions to the path are the supervisor's; here only the path's own timers run.
  path.probeAt = 0;
});

/** Sends datagrams whose chunk list is named like their packet number. */
function send(count = 1, bytes = 1_200): void {
  for (let i = 0; i < count; i++) path.book(bytes, path.sent.next, true, false, now);
}

function ack(first: number, last = first, delayMicros = 0, isRoundTrip = true): boolean {
  const ranges = Float64Array.of(first, last);
  return path.onAck({ pathId: 0, delayMicros, count: 1, ranges }, isRoundTrip, fate, now);
}

/** Measures the path's round trip, so that timers have something to go by. */
function measure(): void {
  send();
  now += RTT_MICROS;
  ack(path.sent.next - 1);
  fate.log.length = 0;
}

function timeOut(hasAlternative = true): boolean {
  return path.onTimeout(fate, hasAlternative, now);
}

test('an acknowledgement that came over another path says nothing about the round trip', () => {
  send();
  now += RTT_MICROS / 2;
  ack(0, 0, 0, false);
  expect([path.rtt.hasSample, path.bytesInFlight]).toEqual([false, 0]);
  send();
  now += RTT_MICROS;
  ack(1);
  expect(path.rtt.minimumMicros).toBe(RTT_MICROS);
});

describe('loss', () => {
  test('three later datagrams that arrived make one lost', () => {
    measure();
    send(4);
    now += 500;
    ack(2, 3);
    expect(fate.log, 'two later ones do not').toEqual(['acknowledged 3', 'acknowledged 2']);
    ack(4);
    expect(fate.log.slice(2)).toEqual(['acknowledged 4', 'lost 1']);
  });

  test('a later one that arrived and 9/8 of a round trip make one lost', () => {
    measure();
    const sentAt = now;
    send(2);
    now += RTT_MICROS;
    ack(2);
    expect(path.nextDeadline(true)).toBe(sentAt + (RTT_MICROS * 9) / 8);
    now = sentAt + (RTT_MICROS * 9) / 8;
    timeOut();
    expect(fate.log).toEqual(['acknowledged 2', 'lost 1']);
  });

  test('one that arrives after it was believed lost widens the patience', () => {
    measure();
    send(10);
    now += 10;
    ack(9, 10);
    ack(5, 8);
    expect(fate.log).toContain('lost 1');
    fate.log.length = 0;
    ack(1);
    send(10);
    now += 10;
    ack(17, 18);
    expect(fate.log, 'seven behind is not lost any more').not.toContain('lost 11');
  });

  test('nothing is lost twice, and a second acknowledgement changes nothing', () => {
    measure();
    send(5);
    now += 500;
    for (let i = 0; i < 3; i++) ack(5);
    const expected = ['acknowledged 5', 'lost 1', 'lost 2'];
    expect(fate.log).toEqual(expected);
    expect(path.bytesInFlight).toBe(2 * 1_200);
  });

  test('the share of lost datagrams is learnt', () => {
    measure();
    for (let i = 0; i < 200; i++) {
      send(10);
      now += RTT_MICROS;
      ack(path.sent.next - 9, path.sent.next - 1);
    }
    expect(path.lossRatio).toBeCloseTo(0.1, 2);
  });
});

describe('an acknowledgement', () => {
  test('of what was never sent is refused', () => {
    send();
    expect([ack(1), ack(0)]).toEqual([false, true]);
  });

  test('gives the round trip without what the peer waited', () => {
    send();
    now += 800;
    ack(0);
    send();
    now += 1_500;
    ack(1, 1, 600);
    expect(path.rtt.latestMicros).toBe(900);
  });

  test('of old news gives no round trip', () => {
    send(2);
    now += 800;
    ack(1);
    now += 90_000;
    ack(0);
    expect(path.rtt.smoothedMicros).toBe(800);
  });
});

describe('silence', () => {
  test('makes a path suspect, and all its data may go elsewhere at once', () => {
    measure();
    send(3);
    now = path.nextDeadline(true);
    while (!timeOut()) now = Math.max(now + 1, path.nextDeadline(true));
    expect(path.state).toBe('suspect');
    expect(fate.log.filter((line) => line.startsWith('suspected'))).toEqual([
      'suspected 1',
      'suspected 2',
      'suspected 3',
    ]);
    expect(now - 1_000_000 - RTT_MICROS, 'no sooner than a busy host may pause').toBe(10_000);
  });

  test('of the only path is borne longer', () => {
    measure();
    send();
    now += 100_000;
    expect([timeOut(false), timeOut(true)]).toEqual([false, true]);
  });

  test('of an idle path is none', () => {
    measure();
    now += 60_000_000;
    expect(timeOut()).toBe(false);
  });

  test('asks for the tail before it suspects', () => {
    measure();
    send();
    now = path.nextDeadline(true);
    expect([timeOut(), path.pingDue, path.state, fate.log]).toEqual([
      false,
      true,
      'validated',
      ['repeated 1'],
    ]);
  });

  test('that ends makes the path usable again, and a short one makes it more patient', () => {
    measure();
    send();
    now += 10_000;
    expect(timeOut()).toBe(true);
    now += 5_000;
    ack(1);
    expect([path.state, fate.log.at(-1)]).toEqual(['validated', 'acknowledged 1']);
    send();
    now += 14_999;
    expect(timeOut(), '15 ms instead of 10').toBe(false);
  });

  test('that lasts for hours never takes away the room to ask', () => {
    send(10);
    now += 300_000;
    expect(timeOut(false)).toBe(true);
    for (let i = 0; i < 3 * SENT_CAPACITY; i++) {
      path.book(60, -1, true, false, now);
      now += 200_000;
      timeOut(false);
    }
    expect(path.sent.isFull).toBe(false);
    expect(fate.log.filter((line) => /^lost after suspicion \d/.test(line))).toHaveLength(10);
    ack(path.sent.next - 1);
    expect(path.state, 'the newest question is still known').toBe('validated');
  });
});

describe('closing and opening', () => {
  test('gives up everything in flight', () => {
    send(2);
    path.close(fate, now);
    expect([fate.log, path.bytesInFlight]).toEqual([['lost 0', 'lost 1'], 0]);
  });

  test('never uses a packet number again', () => {
    send(2);
    path.received.accept(41);
    path.close(fate, now);
    path.open(1, 1, 0, 1_472, now);
    expect(path.book(100, -1, true, false, now)).toBe(2);
    expect(path.received.check(41)).toBe(false);
  });

  test('an acknowledgement for before the path was closed changes nothing', () => {
    send(2);
    path.close(fate, now);
    path.open(1, 1, 0, 1_472, now);
    fate.log.length = 0;
    expect(ack(0, 1)).toBe(true);
    expect([fate.log, path.bytesInFlight]).toEqual([[], 0]);
  });
});

test('a full ring of unresolved datagrams is full, and not before', () => {
  send(SENT_CAPACITY - 2, 1);
  expect(path.sent.isFull).toBe(false);
  send(1, 1);
  expect([path.sent.isFull, path.windowRoom()]).toEqual([true, 0]);
});
