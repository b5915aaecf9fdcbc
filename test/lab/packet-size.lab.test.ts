import { describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { areBothLinksUsable } from './daemons.ts';
import { carrier, narrowed } from './faults.ts';
import { BOX_WAN } from './home-plan.ts';
import type { LinkShape } from './home-plan.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';

const OPEN: LinkShape = { rateBitsPerSecond: 0, queueMs: 0, delayMs: 0, jitterMs: 0, lossRatio: 0 };

describe('packet sizes', () => {
  it('of a jumbo link and a small one mixed: nothing is lost from one to the other and back', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      await home.ip('box', 'link set dev lan0 mtu 9000');
      await home.ip('laptop', 'link set dev eth0 mtu 9000', 'link set dev wlan0 mtu 1400');
      await home.ip('air', ...['boxlan0', 'eth0p', 'br0'].map((name) => `link set dev ${name} mtu 9000`));
      await home.ip('air', 'link set dev wlan0p mtu 1400');
      const tunnel = await scene.tunnel();
      await tunnel.waitFor('the sizes of both', hasSizes({ eth0: 8_972, wlan0: 1_372 }));
      await tunnel.waitFor('the jumbo link', ({ carrying }) => carrying.join() === 'eth0');
      const traffic = await scene.traffic();
      await scene.pause('traffic over the jumbo link', 1_000);
      const cable = await carrier(home, 'eth0');
      await tunnel.waitFor('the small link', ({ carrying }) => carrying.includes('wlan0'));
      await scene.pause('traffic over the small link', 1_000);
      await cable.undo();
      await tunnel.waitFor('the jumbo link', ({ carrying }) => carrying.includes('eth0'));
      await scene.pause('traffic over the jumbo link', 500);
      expect(complaintsOf(await traffic.finish())).toEqual([]);
    });
  });

  it('of a link that is set to less and to more again in mid-session are followed at once', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const tunnel = await scene.tunnel();
      await tunnel.waitFor('the whole size', hasSizes({ eth0: 1_472 }));
      const traffic = await scene.traffic();
      await home.ip('laptop', 'link set dev eth0 mtu 1280');
      await tunnel.waitFor('the small size', hasSizes({ eth0: 1_252 }));
      await scene.pause('traffic in small datagrams', 1_000);
      await home.ip('laptop', 'link set dev eth0 mtu 1500');
      await tunnel.waitFor('the whole size again', hasSizes({ eth0: 1_472 }));
      expect(complaintsOf(await traffic.finish())).toEqual([]);
    });
  });

  it('that stop passing in mid-session without a word, on the only link, are found out in a blink', async () => {
    await inHome({ links: { eth0: OPEN } }, async (scene) => {
      const { home } = scene;
      const tunnel = await scene.tunnel();
      await tunnel.waitFor('the whole size', hasSizes({ eth0: 1_472 }));
      await carrier(home, 'wlan0');
      await tunnel.waitFor('one link only', ({ links }) =>
        links.some(({ name, state }) => name === 'wlan0' && state === 'lost'),
      );
      const traffic = await scene.traffic();
      await scene.pause('traffic in full datagrams', 1_000);
      const narrow = await narrowed(home, 'eth0', 1_414);
      await tunnel.waitFor('the size that fits', hasSizes({ eth0: 1_372 }));
      await scene.pause('traffic in smaller datagrams', 1_000);
      const whole = await traffic.window({
        fromMicros: narrow.inForceMicros - 200_000,
        untilMicros: narrow.inForceMicros + 800_000,
      });
      scene.report(
        `black hole: longest silence up ${whole.up?.longest?.correctedMicros ?? 0} us, down ` +
          `${whole.down?.longest?.correctedMicros ?? 0} us, download stalled ${whole.downloadStallMicros} us, ` +
          `upload ${whole.uploadStallMicros} us`,
      );
      expect(whole.downloadStallMicros).toBeLessThan(500_000);
      expect(whole.uploadStallMicros).toBeLessThan(500_000);
      await narrow.undo();
      await narrowed(home, 'eth0', 1_250);
      await tunnel.waitFor('the smallest size', hasSizes({ eth0: 1_200 }));
      expect((await tunnel.tryCli('doctor')).stdout).toContain(
        'eth0 1228 of 1500 bytes: larger packets vanish between eth0 and the box',
      );
      expect(complaintsOf(await traffic.finish())).toEqual([]);
    });
  });

  it('of the box’s way out are kept by TCP in both directions, although no router says a word', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      // What the box would say of packets that are too large is lost, as it is behind many firewalls.
      const silence = 'icmp type destination-unreachable drop; icmpv6 type packet-too-big drop;';
      await home.nft(
        'box',
        `add table inet quiet; add chain inet quiet out { type filter hook output priority 0; ${silence} };`,
      );
      await home.ip('box', 'link set dev wan0 mtu 1400');
      const tunnel = await scene.tunnel();
      await tunnel.waitFor('both links', areBothLinksUsable);
      for (const family of [4, 6] as const) {
        const traffic = await scene.traffic({ family });
        await scene.pause(`large transfers both ways by IPv${family}`, 1_500);
        const report = await traffic.finish();
        expect(complaintsOf(report), `IPv${family}`).toEqual([]);
        expect(report.sourceAddress).toBe(family === 4 ? BOX_WAN.v4 : BOX_WAN.v6);
        expect(report.download?.receiver.bytes).toBeGreaterThan(1_000_000);
        expect(report.upload?.receiver.bytes).toBeGreaterThan(1_000_000);
      }
    });
  });
});

function hasSizes(sizes: Readonly<Record<string, number>>): (status: DaemonStatus) => boolean {
  return ({ links }) =>
    Object.entries(sizes).every(([name, bytes]) =>
      links.some((link) => link.name === name && link.datagramBytes === bytes),
    );
}
