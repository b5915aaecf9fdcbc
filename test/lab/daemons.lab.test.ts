import { describe, expect, it } from 'vitest';
import { NewConnections } from './connections.ts';
import { BOX_WAN } from './home-plan.ts';
import { inHome } from './scene.ts';

/** The programs in bin/ have to be built. */
describe('both daemons in a virtual home', () => {
  it('carry traffic by way of the box, and a stop leaves laptop and box as they were', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const before = [await home.systemState('laptop'), await home.systemState('box')];
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(home));
      expect((await connections.open(4)).source).toBe(BOX_WAN.v4);
      expect((await connections.open(6)).source).toBe(BOX_WAN.v6);
      expect(tunnel.laptop.usage().residentBytes).toBeGreaterThan(10_000_000);
      expect(await home.systemState('laptop')).not.toBe(before[0]);
      await tunnel.laptop.stop();
      await tunnel.box.stop();
      expect([await home.systemState('laptop'), await home.systemState('box')]).toEqual(before);
    });
  });
});
