import { describe, expect, it } from 'vitest';
import { areBothLinksUsable } from './daemons.ts';
import { carrier } from './faults.ts';
import { inHome } from './scene.ts';

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
