import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { Elsewhere } from './desktop/elsewhere.ts';
import { carrier } from './faults.ts';
import { monotonicMicros } from './monotonic.ts';
import { inHome } from './scene.ts';

/** From the home network being there to being protected again; asking for the status takes a third of a second. */
const MOST_RETURN_MICROS = 2_000_000;

describe('a laptop that is taken away', () => {
  it('says so once, leaves traffic to the network there, and is protected again without a click', async () => {
    await inHome({}, async (scene) => {
      const elsewhere = await Elsewhere.build(scene);
      const tunnel = await scene.tunnel();
      await scene.until('the home network to be known', () =>
        existsSync(`${tunnel.laptop.stateDir}/home.json`) ? true : null,
      );
      const unplugged = await carrier(scene.home, 'eth0');
      await elsewhere.arrive();
      const away = await tunnel.waitFor('being away', ({ state }) => state === 'away');
      expect(away).toMatchObject({ state: 'away', reason: 'other-network', internet: 'direct' });
      await scene.pause('away', 3000);
      expect((await tunnel.status())?.state).toBe('away');
      expect(await scene.home.run('laptop', 'ip', ['route', 'get', '203.0.113.1'])).not.toContain('bowline0');

      const homeMicros = await elsewhere.goHome();
      await tunnel.waitFor('protection', ({ state }) => state === 'protected');
      const tookMicros = monotonicMicros() - homeMicros;
      scene.report(`protected ${(tookMicros / 1000).toFixed(0)} ms after coming home`);
      expect(tookMicros).toBeLessThan(MOST_RETURN_MICROS);
      await unplugged.undo();
      // One word about being away, and none about a box that does not answer.
      const states = statesOf(tunnel);
      expect(states.filter((state) => state === 'away' || state === 'box-unreachable')).toEqual(['away']);
    });
  });

  it('is at home where the box alone is down, also after a restart', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      await scene.until('the home network to be known', () =>
        existsSync(`${tunnel.laptop.stateDir}/home.json`) ? true : null,
      );
      await tunnel.box.kill();
      const isMissing = ({ state }: DaemonStatus): boolean => state === 'box-unreachable' || state === 'away';
      expect((await waitWithoutBox(tunnel, isMissing)).state).toBe('box-unreachable');
      await tunnel.laptop.stop();
      tunnel.laptop.start();
      expect((await waitWithoutBox(tunnel, isMissing)).state).toBe('box-unreachable');
    });
  });
});

describe('leaving the desk', () => {
  it('loses nothing when the cable is pulled, sends everything twice for half a minute, and ends', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic({ transferBitsPerSecond: null });
      await scene.pause('traffic', 1000);
      const { until } = JSON.parse(await tunnel.cli('leaving', '--json')) as { until: string };
      const secondsLeft = (Date.parse(until) - Date.now()) / 1000;
      expect(secondsLeft).toBeGreaterThan(28);
      expect(secondsLeft).toBeLessThanOrEqual(30);
      const both = await tunnel.waitFor('copies on Wi-Fi', ({ links }) =>
        links.every(({ state, txBitsPerSecond }) => state === 'ignored' || txBitsPerSecond > 1_000_000),
      );
      expect(both.mode).toBe('seamless');
      const unplugged = await carrier(scene.home, 'eth0');
      await scene.pause('unplugged', 2000);
      await unplugged.undo();
      const { whole } = await traffic.finish(2000);
      scene.report(`lost ${whole.up?.lost} up, ${whole.down?.lost} down`);
      expect([whole.up?.lost, whole.down?.lost]).toEqual([0, 0]);
      const after = await tunnel.waitFor('the end', ({ leavingUntil }) => leavingUntil === null, 35_000);
      expect(after.mode).toBe('seamless');
      expect(Date.now() - Date.parse(until)).toBeLessThan(2000);
    });
  });

  it('is refused with one clear line where there is nothing to go on with', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      await carrier(scene.home, 'wlan0');
      await tunnel.waitFor('one link', (status) => !areBothLinksUsable(status));
      const refused = await tunnel.tryCli('leaving');
      expect([refused.status, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toContain('only one link reaches the box; switch Wi-Fi on first');
    });
  });
});

/** Like `Tunnel.waitFor`, which takes the end of the box for a fault. */
async function waitWithoutBox(
  tunnel: Tunnel,
  isWanted: (status: DaemonStatus) => boolean,
): Promise<DaemonStatus> {
  const deadline = monotonicMicros() + 15_000_000;
  for (;;) {
    const status = await tunnel.status();
    if (status !== null && isWanted(status)) return status;
    if (monotonicMicros() > deadline) throw new Error(`still ${status?.state ?? 'nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function statesOf(tunnel: Tunnel): string[] {
  return [
    ...readFileSync(tunnel.laptop.logPath, 'utf8').matchAll(/"event":"state".*?"state":"([\w-]+)"/g),
  ].map(([, state = '']) => state);
}
