import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { areBothLinksUsable } from './daemons.ts';
import { BUS_PROGRAM, MessageBus } from './desktop/message-bus.ts';
import { DNSMASQ_PROGRAM, NameServer } from './desktop/name-server.ts';
import { HAS_NETWORK_MANAGER, NetworkManagerService } from './desktop/network-manager-service.ts';
import { carrier } from './faults.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

const CAN_RUN = HAS_NETWORK_MANAGER && existsSync(DNSMASQ_PROGRAM) && existsSync(BUS_PROGRAM);
const LEASES = [
  '--dhcp-authoritative',
  '--dhcp-option=option:router,192.168.77.254',
  '--dhcp-leasefile=/dev/null',
];

describe.skipIf(!CAN_RUN)('beside NetworkManager (needs network-manager, dnsmasq-base, dbus)', () => {
  it('a lost cable costs nothing in the seconds that it keeps the dead routes, and its profiles stay', async () => {
    await inHome({ ipv6: false }, async (scene) => {
      const { home } = scene;
      for (const link of LINK_NAMES) await home.ip('laptop', `addr flush dev ${link}`);
      const leases = await NameServer.start(scene, 'router', [
        ...LEASES,
        '--dhcp-range=192.168.77.100,192.168.77.119,5m',
      ]);
      const bus = await MessageBus.start(scene);
      const manager = await NetworkManagerService.start(scene, bus, {
        eth0: { metric: 100, isMetered: false },
        wlan0: { metric: 600, isMetered: true },
      });
      await scene.until('leases on both links', () => hasDefaultRoutes(home), 20_000);
      const profiles = manager.profiles;
      const routes = await mainRoutes(home);
      const tunnel = await scene.tunnel({ laptop: { through: bus.environment } });
      expect(await mainRoutes(home)).toBe(routes);
      const metered = await tunnel.waitFor('what NetworkManager knows', ({ links }) =>
        links.some((link) => link.metered),
      );
      expect(metered.links.filter((link) => link.metered).map(({ name }) => name)).toEqual(['wlan0']);
      await tunnel.cli('link', 'metered', 'wlan0', 'no');
      await tunnel.waitFor('what the user says', ({ links }) => links.every((link) => !link.metered));

      const traffic = await scene.traffic();
      await scene.pause('traffic', 1000);
      const unplugged = await carrier(home, 'eth0');
      await scene.pause('unplugged', 3000);
      // It still waits for the cable to come back, and its routes are there.
      expect(await mainRoutes(home)).toContain('dev eth0');
      expect((await tunnel.status())?.carrying).toEqual(['wlan0']);
      await untilRoutesAreGone(scene);
      await unplugged.undo();
      await tunnel.waitFor('both links', areBothLinksUsable);

      // Another lease: the same link with another address.
      await leases[Symbol.asyncDispose]();
      await NameServer.start(scene, 'router', [...LEASES, '--dhcp-range=192.168.77.130,192.168.77.149,5m']);
      const again = await carrier(home, 'eth0');
      await untilRoutesAreGone(scene);
      await again.undo();
      await tunnel.waitFor('a new address in use', (status) =>
        status.links.some(
          ({ name, address, state }) =>
            name === 'eth0' &&
            /\.1[34]\d$/.test(address ?? '') &&
            (state === 'carrying' || state === 'standby'),
        ),
      );
      const report = await traffic.finish(2000);
      scene.report(`lost ${report.whole.up?.lost} up, ${report.whole.down?.lost} down`);
      expect([report.whole.up?.lost, report.whole.down?.lost]).toEqual([0, 0]);
      expect([report.download?.error, report.upload?.error, report.echo?.error]).toEqual([null, null, null]);
      expect(manager.profiles).toBe(profiles);
    });
  });
});

/** It waits for six seconds for a cable to come back. */
async function untilRoutesAreGone(scene: Scene): Promise<void> {
  await scene.until(
    'the end of its patience',
    async () => ((await mainRoutes(scene.home)).includes('dev eth0') ? null : true),
    20_000,
  );
}

/** The main table without what changes by itself. */
async function mainRoutes(home: VirtualHome): Promise<string> {
  const text = await home.run('laptop', 'ip', ['-4', 'route', 'show', 'table', 'main']);
  return text
    .split('\n')
    .map((line) => line.replace(/ linkdown/, '').trim())
    .sort()
    .join('\n');
}

async function hasDefaultRoutes(home: VirtualHome): Promise<true | null> {
  const routes = await mainRoutes(home);
  const isThere = ['eth0 proto dhcp', 'wlan0 proto dhcp'].every((part) =>
    new RegExp(`default via \\S+ dev ${part}.* metric (100|600)`).test(routes),
  );
  return isThere ? true : null;
}
