import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { areBothLinksUsable, startTunnel } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { everyCarrier } from './faults.ts';
import { VirtualHome } from './home.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { Traffic } from './traffic.ts';

/** The programs in bin/ have to be built. */
describe('both daemons in a virtual home', () => {
  it('carry traffic by way of the box, and a stop leaves laptop and box as they were', async () => {
    await using home = await VirtualHome.create();
    const before = [await home.systemState('laptop'), await home.systemState('box')];
    {
      await using tunnel = await startTunnel(home);
      expect(await sourceOf(home)).toBe(BOX_WAN.v4);
      expect(tunnel.laptop.usage().residentBytes).toBeGreaterThan(10_000_000);
      expect(await home.systemState('laptop')).not.toBe(before[0]);
    }
    expect([await home.systemState('laptop'), await home.systemState('box')]).toEqual(before);
  });

  it('leave the internet to the router when the laptop’s is killed, and take it again', async () => {
    await using home = await VirtualHome.create();
    await using tunnel = await startTunnel(home);
    await tunnel.laptop.kill();
    expect(await tunnel.status()).toBeNull();
    expect(await sourceOf(home)).toBe(ROUTER_WAN.v4);
    tunnel.laptop.start();
    await tunnel.waitFor('both links after a restart', areBothLinksUsable);
    expect(await sourceOf(home)).toBe(BOX_WAN.v4);
  });

  it('find each other again when the box’s is killed and comes back', async () => {
    await using home = await VirtualHome.create();
    await using tunnel = await startTunnel(home);
    await using traffic = await Traffic.start(home, { stream: null });
    await tunnel.box.kill();
    await sleep(500);
    tunnel.box.start();
    await flowsAgain(tunnel);
    const { download, upload, echo } = await traffic.finish(5000);
    expect([download?.error, upload?.error, echo?.error]).toEqual([null, null, null]);
  });

  it('keep connections over a minute without any link', async () => {
    await using home = await VirtualHome.create();
    await using tunnel = await startTunnel(home);
    await using traffic = await Traffic.start(home, { stream: null, echoIntervalMs: null });
    const fault = await everyCarrier(home);
    await sleep(60_000);
    await fault.undo();
    await flowsAgain(tunnel);
    const { download, upload } = await traffic.finish(30_000);
    expect([download?.error, upload?.error]).toEqual([null, null]);
  });
});

/** Tells which address the server sees for new traffic from the laptop. */
async function sourceOf(home: VirtualHome): Promise<string | null> {
  await using traffic = await Traffic.start(home, { transferBitsPerSecond: null, echoIntervalMs: null });
  await sleep(200);
  return (await traffic.finish(200)).sourceAddress;
}

async function flowsAgain(tunnel: Tunnel): Promise<void> {
  await tunnel.waitFor('both links again', areBothLinksUsable, 30_000);
}
