import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { addressChanged, carrier, deviceRemoved, everyCarrier, flap, loss, silent } from './faults.ts';
import type { Fault } from './faults.ts';
import { VirtualHome } from './home.ts';
import { monotonicMicros } from './monotonic.ts';
import type { LinkShape } from './home-plan.ts';
import { Traffic } from './traffic.ts';
import type { TrafficWindow } from './traffic.ts';

const OPEN: LinkShape = { rateBitsPerSecond: 0, queueMs: 0, delayMs: 0, jitterMs: 0, lossRatio: 0 };

describe.each([
  ['plain', null],
  ['shaped', OPEN],
] as const)('a fault of a %s link', (_, shape) => {
  it.each([
    ['upstream', 'up', true, false],
    ['downstream', 'down', false, true],
    ['both ways', 'both', true, true],
  ] as const)(
    'silent %s stops exactly that, and the carrier stays',
    async (_name, way, stopsUp, stopsDown) => {
      await using home = await VirtualHome.create({ links: { eth0: shape } });
      const { during, after, midway } = await watchFault(home, () => silent(home, 'eth0', way), hasCarrier);
      expect(midway).toBe(true);
      expect([isCut(during.up), isCut(during.down)]).toEqual([stopsUp, stopsDown]);
      expect([isCut(after.up), isCut(after.down)]).toEqual([false, false]);
    },
  );

  it('of 30 % loss loses about 30 % each way', async () => {
    await using home = await VirtualHome.create({ links: { eth0: shape } });
    const { during, after } = await watchFault(home, () => loss(home, 'eth0', 0.3));
    for (const stream of [during.up, during.down]) {
      const ratio = (stream?.lost ?? 0) / (stream?.sent ?? 1);
      // 600 packets: four standard deviations are 7.5 points.
      expect(ratio).toBeGreaterThan(0.22);
      expect(ratio).toBeLessThan(0.38);
    }
    expect([after.up?.lost, after.down?.lost]).toEqual([0, 0]);
  });

  it('of carrier takes the carrier from the laptop and gives it back', async () => {
    await using home = await VirtualHome.create({ links: { eth0: shape } });
    const { during, after, midway } = await watchFault(home, () => carrier(home, 'eth0'), hasCarrier);
    expect(midway).toBe(false);
    expect([isCut(during.up), isCut(during.down)]).toEqual([true, true]);
    expect(await hasCarrier(home)).toBe(true);
    expect(after.down?.lost).toBe(0);
  });

  it('of the device removes it, and undo brings back name, addresses and traffic', async () => {
    await using home = await VirtualHome.create({ links: { eth0: shape } });
    const identity = async (): Promise<string> => {
      const link = await home.run('laptop', 'sh', [
        '-c',
        'cat /sys/class/net/eth0/address; ip -br addr show eth0',
      ]);
      return link.replace(/eth0@if\d+/, 'eth0');
    };
    const before = await identity();
    const { midway } = await watchFault(
      home,
      () => deviceRemoved(home, 'eth0'),
      (at) => at.run('laptop', 'ls', ['/sys/class/net']),
    );
    expect(midway).not.toContain('eth0');
    expect(await identity()).toBe(before);
    await using traffic = await Traffic.start(home, STREAM_ONLY);
    await sleep(200);
    expect((await traffic.finish(200)).whole.up?.lost).toBe(0);
  });
});

describe('a fault', () => {
  it('of address gives the link another one and takes it back', async () => {
    await using home = await VirtualHome.create();
    const addresses = (): Promise<string> => home.run('laptop', 'ip', ['-br', 'addr', 'show', 'eth0']);
    const before = await home.systemState('laptop');
    const fault = await addressChanged(home, 'eth0');
    expect(await addresses()).toContain('192.168.77.110/24');
    expect(await addresses()).not.toContain('192.168.77.10/24');
    await fault.undo();
    expect(await home.systemState('laptop')).toBe(before);
  });

  it('of flapping takes and gives the carrier at the asked rate', async () => {
    await using home = await VirtualHome.create();
    const changes = async (): Promise<number> =>
      Number(await home.run('laptop', 'cat', ['/sys/class/net/eth0/carrier_changes']));
    const before = await changes();
    const fault = await flap(home, 'eth0', 2);
    while ((await changes()) - before < 8) await sleep(20);
    const tookMicros = monotonicMicros() - fault.askedMicros;
    await fault.undo();
    // Two cycles a second are a change each quarter of a second; the first is at once.
    expect(tookMicros).toBeGreaterThan(1_700_000);
    expect(tookMicros).toBeLessThan(3_500_000);
    expect(await hasCarrier(home)).toBe(true);
  });

  it('of every carrier takes both and gives both back', async () => {
    await using home = await VirtualHome.create();
    const fault = await everyCarrier(home);
    const carriers = async (): Promise<string> =>
      (
        await home.run('laptop', 'sh', ['-c', 'cat /sys/class/net/eth0/carrier /sys/class/net/wlan0/carrier'])
      ).trim();
    expect(await carriers()).toBe('0\n0');
    await fault.undo();
    expect(await carriers()).toBe('1\n1');
  });

  it('leaves the other link alone', async () => {
    await using home = await VirtualHome.create();
    const { during } = await watchFault(home, () => silent(home, 'wlan0', 'both'));
    expect([during.up?.lost, during.down?.lost]).toEqual([0, 0]);
  });
});

const STREAM_ONLY = { transferBitsPerSecond: null, echoIntervalMs: null } as const;
const FAULT_MS = 600;

interface Watched<Midway> {
  /** From the fault until it is undone. */
  readonly during: TrafficWindow;
  /** A second later, when address resolution has come round, for half a second. */
  readonly after: TrafficWindow;
  readonly midway: Midway | null;
}

/** Runs the numbered stream through a fault and tells what it saw. */
async function watchFault<Midway>(
  home: VirtualHome,
  begin: () => Promise<Fault>,
  look?: (home: VirtualHome) => Promise<Midway>,
): Promise<Watched<Midway>> {
  await using traffic = await Traffic.start(home, STREAM_ONLY);
  await sleep(200);
  const fault = await begin();
  const midway = look === undefined ? null : await look(home);
  await sleep(FAULT_MS);
  const undone = await fault.undo();
  await sleep(1800);
  const afterFrom = undone.inForceMicros + 1_200_000;
  const during = await traffic.window({ fromMicros: fault.inForceMicros, untilMicros: undone.askedMicros });
  const after = await traffic.window({ fromMicros: afterFrom, untilMicros: afterFrom + 250_000 });
  return { during, after, midway };
}

/** True if next to nothing of a direction came through. */
function isCut(stream: TrafficWindow['up']): boolean {
  if (stream === null || stream.sent === 0) {
    throw new Error('nothing was sent');
  }
  // A few packets are on their way when a fault begins, and some wait for address resolution until it ends.
  return stream.lost > stream.sent * 0.75;
}

async function hasCarrier(home: VirtualHome): Promise<boolean> {
  return (await home.run('laptop', 'cat', ['/sys/class/net/eth0/carrier'])).trim() === '1';
}
