import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { areBothLinksUsable } from './daemons.ts';
import { doctorCheck } from './desktop/doctor-check.ts';
import { Lookups, type Lookup } from './desktop/lookups.ts';
import { BUS_PROGRAM, MessageBus } from './desktop/message-bus.ts';
import {
  DNSMASQ_PROGRAM,
  HOME_DOMAIN,
  HOME_RESOLVER,
  NameServer,
  setResolvConf,
  WEB_DOMAIN,
} from './desktop/name-server.ts';
import { RESOLVED_PROGRAM, ResolvedService } from './desktop/resolved-service.ts';
import { carrier, silent } from './faults.ts';
import type { VirtualHome } from './home.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

const HAS_DNSMASQ = existsSync(DNSMASQ_PROGRAM);
const HAS_RESOLVED = HAS_DNSMASQ && existsSync(BUS_PROGRAM) && RESOLVED_PROGRAM !== null;
/** The C library asks again only after five seconds, so a question that is lost shows. */
const MOST_LOOKUP_MS = 1_000;
/** The box's and the laptop's own addresses in the home. */
const BOX = '192.168.77.1';
const ETH0 = '192.168.77.10';
const WLAN0 = '192.168.77.11';

describe.skipIf(!HAS_DNSMASQ)('names beside a plain resolver file (needs dnsmasq-base)', () => {
  it('are found through every switch, by the same server, without a change of the file', async () => {
    await inHome({}, async (scene) => {
      setResolvConf(scene.home, HOME_RESOLVER);
      const before = await scene.home.systemState('laptop');
      const server = await NameServer.start(scene, 'router');
      const tunnel = await scene.tunnel();
      await scene.until('questions in the tunnel', () => hasNameRule(scene.home));
      const lookups = await Lookups.start(scene, WEB_DOMAIN);
      await playSwitches(scene);
      expectAllFound(scene, lookups.all);
      expect(server.askersOf(WEB_DOMAIN)).toEqual([BOX]);

      // The file changes, as a DHCP client would change it, to a server that nobody knows.
      setResolvConf(scene.home, '192.168.77.253', HOME_RESOLVER);
      await scene.pause('a server that does not answer', 2500);
      expect(await scene.home.run('laptop', 'ip', ['rule'])).not.toContain('to 192.168.77.253');
      expect(await hasNameRule(scene.home)).toBe(true);
      setResolvConf(scene.home, HOME_RESOLVER);

      await tunnel.laptop.stop(2000);
      expect(await scene.home.systemState('laptop')).toBe(before);
    });
  });

  it('are asked for directly once the daemon is killed, and nothing is left after revert', async () => {
    await inHome({}, async (scene) => {
      setResolvConf(scene.home, HOME_RESOLVER);
      const before = await scene.home.systemState('laptop');
      const server = await NameServer.start(scene, 'router');
      const tunnel = await scene.tunnel();
      await scene.until('questions in the tunnel', () => hasNameRule(scene.home));
      await tunnel.laptop.kill();
      const lookups = await Lookups.start(scene, WEB_DOMAIN);
      expectAllFound(scene, lookups.all);
      expect(server.askersOf(WEB_DOMAIN)).toEqual([ETH0]);
      await lookups[Symbol.asyncDispose]();
      await tunnel.laptop.revert();
      expect(await scene.home.systemState('laptop')).toBe(before);
    });
  });

  it('stay on the links where the name server does not serve the box', async () => {
    await inHome({}, async (scene) => {
      setResolvConf(scene.home, HOME_RESOLVER);
      const server = await NameServer.start(scene, 'router');
      await scene.home.nft(
        'router',
        `add table ip deaf; add chain ip deaf input { type filter hook input priority 0; }; ` +
          `add rule ip deaf input ip saddr ${BOX} udp dport 53 drop;`,
      );
      const tunnel = await scene.tunnel();
      const lookups = await Lookups.start(scene, WEB_DOMAIN);
      await scene.pause('the server is asked in vain through the tunnel', 2000);
      expectAllFound(scene, lookups.all);
      expect(server.askersOf(WEB_DOMAIN)).toEqual([ETH0]);
      expect(await doctorCheck(tunnel, 'names')).toMatchObject({ verdict: 'warning' });
    });
  });
});

describe.skipIf(!HAS_RESOLVED)('names beside systemd-resolved (needs dnsmasq-base, dbus)', () => {
  it('go through the tunnel but for those of the home, survive a restart, and are put back', async () => {
    await inHome({}, async (scene) => {
      setResolvConf(scene.home, '127.0.0.53');
      const bus = await MessageBus.start(scene);
      const resolved = await ResolvedService.start(scene, bus);
      const configure = async (): Promise<void> => {
        for (const link of ['eth0', 'wlan0']) await resolved.configure(link, [HOME_RESOLVER], [HOME_DOMAIN]);
      };
      await configure();
      const server = await NameServer.start(scene, 'router');
      const tunnel = await scene.tunnel({ laptop: { through: bus.environment } });
      const isTold = async (): Promise<true | null> =>
        (await resolved.serversOf('bowline0')).join() === HOME_RESOLVER ? true : null;
      await scene.until('resolved to be told', isTold);
      const lookups = await Lookups.start(scene, WEB_DOMAIN);
      await playSwitches(scene);
      expectAllFound(scene, lookups.all);
      expect(server.askersOf(WEB_DOMAIN)).toEqual([BOX]);
      await lookups[Symbol.asyncDispose]();

      // Names of the home are asked for in the home, by the links themselves.
      await scene.home.run('laptop', 'getent', ['ahostsv4', `nas.${HOME_DOMAIN}`]);
      const askers = server.askersOf(HOME_DOMAIN);
      expect(askers.length).toBeGreaterThan(0);
      expect([ETH0, WLAN0]).toEqual(expect.arrayContaining([...askers]));
      expect(await doctorCheck(tunnel, 'names')).toMatchObject({ verdict: 'ok' });

      await resolved.restart();
      await configure();
      await scene.until('a restarted resolved to be told', isTold);

      await tunnel.cli('off', '--now');
      await scene.until('resolved to have forgotten', async () =>
        (await resolved.foreignServers(['eth0', 'wlan0'])) === '' ? true : null,
      );
      await tunnel.cli('on');
      await tunnel.waitFor('both links again', areBothLinksUsable);
      await scene.until('resolved to be told again', isTold);
      await tunnel.laptop.kill();
      await scene.until('resolved to have forgotten a killed daemon', async () =>
        (await resolved.foreignServers(['eth0', 'wlan0'])) === '' ? true : null,
      );
      expect(await resolved.serversOf('eth0')).toEqual([HOME_RESOLVER]);
      await scene.home.run('laptop', 'getent', ['ahostsv4', `direct.${WEB_DOMAIN}`]);
    });
  });
});

async function playSwitches(scene: Scene): Promise<void> {
  const { home } = scene;
  for (const begin of [() => carrier(home, 'eth0'), () => silent(home, 'eth0', 'both')]) {
    const fault = await begin();
    await scene.pause(fault.name, 1500);
    await fault.undo();
    await scene.pause('both links', 1000);
  }
}

function expectAllFound(scene: Scene, lookups: readonly Lookup[]): void {
  const longestMs = Math.max(...lookups.map(({ tookMs }) => tookMs));
  scene.report(`${lookups.length} lookups, the longest ${longestMs.toFixed(1)} ms`);
  expect(lookups.filter(({ address }) => address !== '203.0.113.1')).toEqual([]);
  expect(longestMs).toBeLessThan(MOST_LOOKUP_MS);
}

async function hasNameRule(home: VirtualHome): Promise<true | null> {
  const rules = await home.run('laptop', 'ip', ['rule']);
  return rules.includes(`to ${HOME_RESOLVER} ipproto udp dport 53`) ? true : null;
}
