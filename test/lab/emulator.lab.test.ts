import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualHome } from './home.ts';
import type { DirectionShape, LinkShape } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { Traffic } from './traffic.ts';
import type { StreamWindow } from './traffic.ts';

const OPEN: DirectionShape = { rateBitsPerSecond: 0, queueMs: 0, delayMs: 0, jitterMs: 0, lossRatio: 0 };

/** Ethernet, IPv4 and UDP headers around a datagram. */
const HEADER_BYTES = 42;

let home: VirtualHome;
beforeAll(async () => {
  home = await VirtualHome.create({ links: { eth0: OPEN } });
});
afterAll(() => home[Symbol.asyncDispose]());

describe('the link emulator', () => {
  it.each([5_000_000, 50_000_000])('holds a rate of %i bit/s within a twentieth each way', async (rate) => {
    const sizeBytes = 1400;
    const packetsPerSecond = Math.ceil((rate * 1.15) / ((sizeBytes + HEADER_BYTES) * 8));
    const shape = { ...OPEN, rateBitsPerSecond: rate, queueMs: 20 };
    const { up, down, seconds } = await stream(shape, { packetsPerSecond, sizeBytes }, 3000);
    for (const direction of [up, down]) {
      const bitsPerSecond = (direction.arrivals * (sizeBytes + HEADER_BYTES) * 8) / seconds;
      expect(bitsPerSecond / rate).toBeGreaterThan(0.95);
      expect(bitsPerSecond / rate).toBeLessThan(1.05);
      expect(direction.lost).toBeGreaterThan(0);
    }
  });

  it('lets no frame wait longer than its queue', async () => {
    const shape = { ...OPEN, rateBitsPerSecond: 5_000_000, queueMs: 40 };
    const { up } = await stream(shape, { packetsPerSecond: 600, sizeBytes: 1400 }, 1500);
    expect(up.latency?.median).toBeGreaterThan(36_000);
    expect(up.latency?.median).toBeLessThan(46_000);
  });

  it('delays each direction by its own time', async () => {
    const shape = { up: { ...OPEN, delayMs: 5 }, down: { ...OPEN, delayMs: 20 } };
    const { up, down } = await stream(shape);
    expect(up.latency?.median).toBeGreaterThan(4800);
    expect(up.latency?.median).toBeLessThan(6500);
    expect(down.latency?.median).toBeGreaterThan(19_800);
    expect(down.latency?.median).toBeLessThan(21_500);
    expect([up.lost, down.lost]).toEqual([0, 0]);
  });

  it('spreads delays by the jitter without reordering', async () => {
    const { up } = await stream({ ...OPEN, delayMs: 12, jitterMs: 4 });
    expect(up.reordered).toBe(0);
    expect(up.latency?.p95).toBeGreaterThan(13_500);
    expect(up.latency?.median).toBeGreaterThan(9000);
    expect(up.latency?.median).toBeLessThan(15_000);
  });

  it('reorders by jitter where it is asked to', async () => {
    const { up } = await stream({ ...OPEN, delayMs: 12, jitterMs: 4, reorders: true });
    expect(up.reordered / up.sent).toBeGreaterThan(0.2);
    expect(up.lost).toBe(0);
  });

  it.each([1, 5])('loses a tenth of all frames, in runs of %i', async (lossBurstFrames) => {
    const { up, down } = await stream({ ...OPEN, lossRatio: 0.1, lossBurstFrames }, STEADY, 4000);
    for (const direction of [up, down]) {
      expect(direction.lost / direction.sent).toBeGreaterThan(0.06);
      expect(direction.lost / direction.sent).toBeLessThan(0.14);
    }
  });

  it('delivers a share of frames twice', async () => {
    const { up, down } = await stream({ ...OPEN, duplicateRatio: 0.2 });
    for (const direction of [up, down]) {
      expect(direction.duplicated / direction.sent).toBeGreaterThan(0.14);
      expect(direction.duplicated / direction.sent).toBeLessThan(0.26);
    }
  });

  it('changes conditions while frames flow, and counts what it does', async () => {
    await using home = await VirtualHome.create({ links: { eth0: OPEN } });
    await using traffic = await Traffic.start(home, { transferBitsPerSecond: null, echoIntervalMs: null });
    const emulator = home.emulator;
    if (emulator === null) {
      throw new Error('the home has no emulator');
    }
    await sleep(300);
    const began = await emulator.change('eth0', 'down', { delayMs: 30 });
    await sleep(500);
    const changed = await emulator.change('eth0', 'both', { delayMs: 0, blackHole: true });
    await sleep(300);
    const slow = await traffic.window({
      fromMicros: began.inForceMicros + 50_000,
      untilMicros: changed.askedMicros,
    });
    expect(slow.down?.latency?.median).toBeGreaterThan(29_800);
    expect(slow.up?.latency?.median).toBeLessThan(5000);
    const counters = await emulator.counters('eth0');
    expect(counters.up.blackHoled).toBeGreaterThan(200);
    expect(counters.down.blackHoled).toBeGreaterThan(200);
    expect(counters.up.kernelDrops).toBe(0);
  });

  it('writes down when each long frame came and is delivered, and which it loses', async () => {
    await using home = await VirtualHome.create({ links: { eth0: { ...OPEN, delayMs: 4 } } });
    await using traffic = await Traffic.start(home, {
      stream: STEADY,
      transferBitsPerSecond: null,
      echoIntervalMs: 50,
    });
    // Only now: whom a neighbour's address was asked for in vain is unreachable for seconds.
    await home.emulator?.change('eth0', 'both', { lossRatio: 0.3 });
    await home.emulator?.record('eth0', STEADY.sizeBytes + HEADER_BYTES);
    const fromMicros = monotonicMicros();
    await sleep(1000);
    const fates = await home.emulator?.fates('eth0');
    const offered = ((monotonicMicros() - fromMicros) / 1e6) * STEADY.packetsPerSecond;
    await traffic.finish();
    for (const direction of [fates?.up ?? [], fates?.down ?? []]) {
      // Requests of the echo session are shorter than what is recorded.
      expect(direction.length).toBeGreaterThan(0.7 * offered);
      expect(direction.length).toBeLessThan(1.1 * offered);
      const delivered = direction.filter(([, due]) => due > 0);
      expect(delivered.every(([arrived, due]) => Math.abs(due - arrived - 4000) <= 1)).toBe(true);
      expect(delivered.length / direction.length).toBeGreaterThan(0.6);
      expect(delivered.length / direction.length).toBeLessThan(0.8);
    }
  });

  it('refuses what it does not know', async () => {
    await expect(home.emulator?.change('wlan0', 'up', { delayMs: 1 })).rejects.toThrow('no link wlan0');
    await expect(home.emulator?.change('eth0', 'up', { delayMs: -1 })).rejects.toThrow('bad number -1');
  });
});

const STEADY = { packetsPerSecond: 1000, sizeBytes: 200 };

/**
 * Runs the numbered stream over a home's shaped link; figures leave out the first 200 ms and the packets on their way.
 */
async function stream(
  shape: LinkShape,
  packets: { readonly packetsPerSecond: number; readonly sizeBytes: number } = STEADY,
  durationMs = 1500,
): Promise<{ readonly up: StreamWindow; readonly down: StreamWindow; readonly seconds: number }> {
  await home.emulator?.shape('eth0', shape);
  await using traffic = await Traffic.start(home, {
    stream: packets,
    transferBitsPerSecond: null,
    echoIntervalMs: null,
    expectedSeconds: 30,
  });
  await sleep(200);
  const fromMicros = monotonicMicros();
  await sleep(durationMs);
  const untilMicros = monotonicMicros();
  await sleep(200);
  const { up, down } = await traffic.window({ fromMicros, untilMicros });
  if (up === null || down === null) {
    throw new Error('there is no stream');
  }
  return { up, down, seconds: (untilMicros - fromMicros) / 1e6 };
}
