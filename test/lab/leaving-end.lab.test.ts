import { describe, expect, it } from 'vitest';
import { areBothLinksUsable } from './daemons.ts';
import { carrier } from './faults.ts';
import { inHome } from './scene.ts';

describe('leaving the desk', () => {
  it('lasts for half a minute, and ends by itself', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const askedMs = Date.now();
      const { until } = JSON.parse(await tunnel.cli('leaving', '--json')) as { until: string };
      expect(Date.parse(until) - askedMs).toBeGreaterThanOrEqual(30_000);
      expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(30_000);
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
