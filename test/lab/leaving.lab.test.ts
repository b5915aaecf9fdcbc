import { describe, expect, it } from 'vitest';
import { carrier } from './faults.ts';
import { inHome } from './scene.ts';

describe('leaving the desk', () => {
  it('loses nothing when the cable is pulled, and sends everything twice', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic({ transferBitsPerSecond: null });
      await scene.pause('traffic', 1000);
      await tunnel.cli('leaving');
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
    });
  });
});
