import { describe, expect, it } from 'vitest';
import { areBothLinksUsable } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

describe.each([4, 6] as const)('switching on and off, by IPv%i, is not noticed', (family) => {
  it('by a download, an upload, a session and a call that began before it', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      await switchOff(scene, tunnel, '--now');
      const traffic = await scene.traffic({ family });
      await scene.pause('plain traffic', 500);
      await switchOn(scene, tunnel);
      await switchOff(scene, tunnel);
      await switchOn(scene, tunnel);
      await switchOff(scene, tunnel, '--now');
      const report = await traffic.finish(1000);
      expect(complaintsOf(report)).toEqual([]);
      expect(report.sourceAddress, 'it stayed beside the tunnel').toBe(
        family === 4 ? ROUTER_WAN.v4 : ROUTER_WAN.v6,
      );
    });
  });

  it('by those that began in the tunnel', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic({ family });
      await scene.pause('tunnelled traffic', 500);
      await switchOff(scene, tunnel);
      await switchOn(scene, tunnel);
      await switchOff(scene, tunnel);
      const report = await traffic.finish(1000);
      expect(complaintsOf(report)).toEqual([]);
      expect(report.sourceAddress, 'it stayed in the tunnel').toBe(family === 4 ? BOX_WAN.v4 : BOX_WAN.v6);
    });
  });
});

async function switchOn(scene: Scene, tunnel: Tunnel): Promise<void> {
  await tunnel.cli('on');
  await tunnel.waitFor('both links', areBothLinksUsable);
  await scene.pause('switched on', 1000);
}

async function switchOff(scene: Scene, tunnel: Tunnel, ...args: readonly string[]): Promise<void> {
  await tunnel.cli('off', ...args);
  await tunnel.waitFor('the state off', ({ state }) => state === 'off');
  await scene.pause('switched off', 1000);
}
