import { describe, expect, it } from 'vitest';
import { ForeignVpn, foreignState, startDocker, startUfw } from './other-software.ts';
import { runRoamingCycle } from './roaming-cycle.ts';
import { inHome } from './scene.ts';

describe('both links in one subnet, strict reverse path filter, the ARP of a fresh installation', () => {
  it('the roaming cycle beside Docker, ufw and a VPN loses and closes nothing, and changes nothing of theirs', async () => {
    await inHome({ subnets: 'one', rpFilter: 1 }, async (scene) => {
      const { home } = scene;
      await startDocker(home);
      await startUfw(home);
      const vpn = scene.use(await ForeignVpn.start(home, 'network'));
      const before = { everything: await home.systemState('laptop'), foreign: await foreignState(home) };
      expect(before.everything).toContain('net.ipv4.conf.wlan0.rp_filter = 1');
      expect(before.everything).toContain('net.ipv4.conf.wlan0.arp_ignore = 0');

      const tunnel = await scene.tunnel();
      expect(await foreignState(home)).toBe(before.foreign);
      const pings = vpn.ping(400);
      const report = await runRoamingCycle(home, { tunnel, onStep: (step) => scene.note(step.title) });
      expect(report.complaints).toEqual([]);
      scene.report(`one subnet, beside others: ${await pings} of 400 answers through the other VPN`);
      expect(await vpn.ping(5), 'the other VPN works').toBe(5);
      expect(await foreignState(home)).toBe(before.foreign);

      await tunnel.laptop.stop();
      expect(await home.systemState('laptop')).toBe(before.everything);
    });
  });
});
