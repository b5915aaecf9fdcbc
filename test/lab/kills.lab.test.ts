import { describe, expect, it } from 'vitest';
import { NewConnections } from './connections.ts';
import { areBothLinksUsable } from './daemons.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { inHome } from './scene.ts';

/** A stop undoes everything within this. */
const STOP_MS = 2000;
/**
 * What a box delivered and had not acknowledged when it was killed comes again: the laptop cannot know. At 1,000 packets
 * a second that is what comes in one acknowledgement interval, or in the pause of a busy machine.
 */
const UNACKNOWLEDGED_PACKETS = 30;

describe('a daemon that is killed', () => {
  it('on the box under traffic, and is started within a second, closes no connection', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic();
      await scene.pause('traffic before the kill', 1000);
      const { askedMicros } = await tunnel.box.kill();
      await scene.pause('no box', 500);
      tunnel.box.start();
      await tunnel.waitFor('both links after the box is back', areBothLinksUsable);
      const backMicros = monotonicMicros();
      await scene.pause('traffic after the restart', 2000);
      const { download, upload, echo, whole } = await traffic.finish(2000);
      scene.report(
        `box killed: both links usable again ${ms(backMicros - askedMicros)} after the kill; ` +
          `UDP lost ${whole.up?.lost} up, ${whole.down?.lost} down`,
      );
      expect([download?.error, upload?.error, echo?.error]).toEqual([null, null, null]);
      expect([download?.isIntact, upload?.isIntact]).toEqual([true, true]);
      expect(whole.down?.duplicated).toBe(0);
      expect(whole.up?.duplicated).toBeLessThanOrEqual(UNACKNOWLEDGED_PACKETS);
    });
  });

  it('on the laptop leaves the internet to the router within a second, and the next start takes it back', async () => {
    await inHome({}, async (scene) => {
      const before = await scene.home.systemState('laptop');
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(scene.home));
      expect((await connections.open()).source).toBe(BOX_WAN.v4);
      for (const family of [4, 6] as const) {
        await tunnel.laptop.kill();
        scene.note(`the laptop's daemon is killed; a connection by IPv${family}`);
        const direct = await connections.open(family);
        scene.report(`laptop killed: a new IPv${family} connection took ${ms(direct.tookMicros)}`);
        expect(direct.source).toBe(family === 4 ? ROUTER_WAN.v4 : ROUTER_WAN.v6);
        expect(direct.tookMicros).toBeLessThan(1_000_000);
        tunnel.laptop.start();
        await tunnel.waitFor('both links after a restart', areBothLinksUsable);
        const again = await connections.open(family);
        expect(again.source).toBe(family === 4 ? BOX_WAN.v4 : BOX_WAN.v6);
      }
      await tunnel.laptop.stop(STOP_MS);
      expect(await scene.home.systemState('laptop')).toBe(before);
    });
  });

  it.each(['laptop', 'box'] as const)('on the %s is tidied up by revert, once or twice', async (node) => {
    await inHome({}, async (scene) => {
      const before = await scene.home.systemState(node);
      const tunnel = await scene.tunnel();
      const daemon = tunnel[node];
      await scene.pause('the tunnel is up', 500);
      await daemon.kill();
      await daemon.revert();
      expect(await scene.home.systemState(node)).toBe(before);
      await daemon.revert();
      expect(await scene.home.systemState(node)).toBe(before);
    });
  });

  it('on the box is tidied up by its next start and stop', async () => {
    await inHome({}, async (scene) => {
      const before = await scene.home.systemState('box');
      const tunnel = await scene.tunnel();
      await tunnel.box.kill();
      tunnel.box.start();
      await scene.until('the box to answer', () => tunnel.boxStatus().catch(() => null));
      await tunnel.laptop.stop(STOP_MS);
      await tunnel.box.stop(STOP_MS);
      expect(await scene.home.systemState('box')).toBe(before);
    });
  });
});

describe('a daemon that is asked to stop under traffic', () => {
  it.each(['laptop', 'box'] as const)(
    'on the %s ends within 2 s and leaves everything as it was',
    async (node) => {
      await inHome({}, async (scene) => {
        const before = await scene.home.systemState(node);
        const tunnel = await scene.tunnel();
        await scene.traffic();
        await scene.pause('traffic before the stop', 500);
        expect(await scene.home.systemState(node), 'the tunnel has to change something').not.toBe(before);
        const startedMicros = monotonicMicros();
        await tunnel[node].stop(STOP_MS);
        scene.report(`${node} stopped within ${ms(monotonicMicros() - startedMicros)}`);
        expect(await scene.home.systemState(node)).toBe(before);
      });
    },
  );
});

function ms(micros: number): string {
  return `${(micros / 1000).toFixed(1)} ms`;
}
