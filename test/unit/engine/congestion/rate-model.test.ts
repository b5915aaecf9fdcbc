import { describe, expect, test } from 'vitest';
import { RateModel } from '../../../../src-engine/congestion/rate-model.ts';
import { RttEstimator } from '../../../../src-engine/path/rtt.ts';

const DATAGRAM_BYTES = 1_400;

interface Sent {
  readonly bytes: number;
  readonly sentAt: number;
  readonly deliveredThen: number;
  readonly deliveredAtThen: number;
  readonly firstSentThen: number;
  readonly isAppLimited: boolean;
  readonly isClean: boolean;
  readonly acknowledgedAt: number;
}

/** A sender with the model's window and pacing, over a bottleneck with a rate, an endless queue and a round trip. */
class Bottleneck {
  readonly model = new RateModel();
  readonly rtt = new RttEstimator();
  now = 1;
  delivered = 0;
  bytesPerSecond: number;
  /** Bytes per second that the program offers. */
  offered = Infinity;
  private readonly rttMicros: number;
  private freeAt = 0;
  private owed = 0;
  private inFlight = 0;
  private readonly flights: Sent[] = [];

  constructor(bytesPerSecond: number, rttMicros: number) {
    this.bytesPerSecond = bytesPerSecond;
    this.rttMicros = rttMicros;
    this.model.reset();
  }

  /** Highest time that data queued in the bottleneck during the run. */
  run(micros: number): { queueMicros: number; bytesPerSecond: number } {
    const until = this.now + micros;
    const from = this.delivered;
    let queueMicros = 0;
    for (; this.now < until; this.now += 100) {
      if (this.offered < Infinity) this.owed += (this.offered * 100) / 1e6;
      while ((this.flights[0]?.acknowledgedAt ?? Infinity) <= this.now)
        this.acknowledge(this.flights.shift()!);
      this.send();
      queueMicros = Math.max(queueMicros, this.freeAt - this.now);
    }
    return { queueMicros, bytesPerSecond: ((this.delivered - from) / micros) * 1e6 };
  }

  allowance(now: number): number {
    return this.model.pacingAllowance(this.rtt.minimumMicros, this.rtt.smoothedMicros, now);
  }

  private send(): void {
    const { model } = this;
    while (model.windowBytes(this.rtt.minimumMicros) > this.inFlight && this.allowance(this.now) > 0) {
      if (this.offered < Infinity && this.owed < DATAGRAM_BYTES) return;
      if (this.offered < Infinity) this.owed -= DATAGRAM_BYTES;
      const firstSentThen = model.sendIntervalStart(this.inFlight, this.now);
      this.freeAt = Math.max(this.freeAt, this.now) + (DATAGRAM_BYTES / this.bytesPerSecond) * 1e6;
      this.flights.push({
        bytes: DATAGRAM_BYTES,
        sentAt: this.now,
        deliveredThen: model.delivered,
        deliveredAtThen: model.deliveredAt,
        firstSentThen,
        isAppLimited: this.offered < Infinity && this.owed < DATAGRAM_BYTES,
        isClean: this.inFlight <= 2 * DATAGRAM_BYTES,
        acknowledgedAt: this.freeAt + this.rttMicros,
      });
      this.inFlight += DATAGRAM_BYTES;
      model.spend(DATAGRAM_BYTES, false);
    }
  }

  private acknowledge(sent: Sent): void {
    const { model } = this;
    this.inFlight -= sent.bytes;
    this.delivered += sent.bytes;
    model.delivered += sent.bytes;
    model.onDelivered(sent.bytes, this.now);
    model.deliveredAt = this.now;
    this.rtt.update(this.now - sent.sentAt, 0, sent.isClean, this.now);
    const { deliveredThen, deliveredAtThen, sentAt, firstSentThen, isAppLimited } = sent;
    model.onSample(deliveredThen, deliveredAtThen, sentAt, firstSentThen, isAppLimited, this.now);
  }
}

describe.each([
  ['20 Mbit/s and 20 ms', 2.5e6, 20_000],
  ['100 Mbit/s and 2 ms', 12.5e6, 2_000],
  ['1 Gbit/s and 0.5 ms', 125e6, 500],
])('over %s', (_name, bytesPerSecond, rttMicros) => {
  test('the sender climbs to the rate of the path', () => {
    const path = new Bottleneck(bytesPerSecond, rttMicros);
    path.run(1_000_000);
    expect(path.run(1_000_000).bytesPerSecond / bytesPerSecond).toBeGreaterThan(0.95);
  });

  test('a full path queues no longer than the model allows', () => {
    const path = new Bottleneck(bytesPerSecond, rttMicros);
    path.run(2_000_000);
    // Besides 4 ms the window has a fixed part and room for a burst of acknowledgements.
    const allowedMicros = 8_000 + (50_000 / bytesPerSecond) * 1e6;
    expect(path.run(1_000_000).queueMicros).toBeLessThan(allowedMicros);
  });
});

test('a program that sends little does not make the path look slow', () => {
  const path = new Bottleneck(12.5e6, 2_000);
  path.run(2_000_000);
  const before = path.model.bytesPerSecond;
  path.offered = 50_000;
  expect(path.run(10_000_000).bytesPerSecond, 'the little arrives').toBeGreaterThan(45_000);
  expect(path.model.bytesPerSecond).toBeGreaterThan(0.9 * before);
});

test('a path that slows down is followed within a second', () => {
  const path = new Bottleneck(12.5e6, 2_000);
  path.run(2_000_000);
  path.bytesPerSecond = 2.5e6;
  path.run(1_500_000);
  expect(path.model.bytesPerSecond).toBeLessThan(1.2 * 2.5e6);
});

test('a path that speeds up is followed', () => {
  const path = new Bottleneck(2.5e6, 2_000);
  path.run(2_000_000);
  path.bytesPerSecond = 12.5e6;
  path.run(4_000_000);
  expect(path.run(1_000_000).bytesPerSecond / 12.5e6).toBeGreaterThan(0.9);
});

test('an unknown path may take half a super-packet at once', () => {
  const model = new RateModel();
  model.reset();
  expect([model.windowBytes(0) >= 32_768, model.pacingAllowance(0, 0, 0) >= 32_768]).toEqual([true, true]);
});

test('pacing says when the next datagram may leave', () => {
  const path = new Bottleneck(2.5e6, 2_000);
  path.run(2_000_000);
  const { model } = path;
  while (path.allowance(path.now) > 0) model.spend(DATAGRAM_BYTES, false);
  const at = model.nextSendAt(path.now);
  expect(at).toBeGreaterThan(path.now);
  expect(path.allowance(at)).toBeGreaterThan(0);
});

test('a queue that overflows ends the search for the rate; loss on a short queue, or of little, does not', () => {
  const { model } = new Bottleneck(2.5e6, 40_000);
  sample(model, 2.5e6);
  const searching = model.windowBytes(40_000);
  expect(model.noteOverflow(0.3, 400_000, 40_000, 50_000), 'nothing waits').toBe(false);
  expect(model.noteOverflow(0.3, 150_000, 40_000, 90_000), 'it holds that much').toBe(false);
  expect(model.noteOverflow(0.04, 400_000, 40_000, 90_000), 'radio').toBe(false);
  expect(model.windowBytes(40_000)).toBe(searching);
  expect(model.noteOverflow(0.3, 400_000, 40_000, 90_000)).toBe(true);
  expect(model.windowBytes(40_000)).toBeLessThan(0.7 * searching);
});

test('a queue that overflows because the path has slowed down makes the latest rate count at once', () => {
  const { model } = new Bottleneck(25e6, 2_000);
  sample(model, 25e6);
  sample(model, 2.5e6);
  expect(model.bytesPerSecond).toBe(25e6);
  expect(model.noteOverflow(0.2, 80_000, 2_000, 30_000)).toBe(true);
  expect(model.bytesPerSecond).toBe(2.5e6);
  sample(model, 5e6);
  expect(model.bytesPerSecond, 'and it may rise again').toBe(5e6);
});

/** Lets a model see a tenth of a second of this rate. */
function sample(model: RateModel, bytesPerSecond: number): void {
  const before = model.delivered;
  model.delivered += bytesPerSecond / 10;
  model.onSample(before, 0, 0, 0, false, 100_000);
}

test('a call beside it gets the room back that bursts of acknowledgements were given', () => {
  const line = new Bottleneck(12_500_000, 2_000);
  line.run(1_000_000);
  // Acknowledgements held back for 8 ms and released at once.
  line.model.onDelivered(1, line.now);
  line.model.onDelivered(100_000, line.now + 1);
  const alone = line.model.windowBytes(2_000);
  line.model.keepsShort = true;
  const beside = line.model.windowBytes(2_000);
  const shortMicros = ((alone - beside) / line.model.bytesPerSecond) * 1e6;
  expect(shortMicros).toBeGreaterThan(5_000);
  line.model.keepsShort = false;
  expect(line.model.windowBytes(2_000)).toBe(alone);
});
