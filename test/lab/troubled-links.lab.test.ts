import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LinkTrouble } from '../../src-shared/model/link.ts';
import type { Tunnel } from './daemons.ts';
import { Elsewhere } from './desktop/elsewhere.ts';
import { carrier } from './faults.ts';
import { inHome } from './scene.ts';

describe('a connected link that does not serve', () => {
  it.skipIf(!existsSync('/usr/bin/curl'))(
    'because its network wants a login is named, left alone, and the other one is used (needs curl)',
    async () => {
      await inHome({}, async (scene) => {
        const elsewhere = await Elsewhere.build(scene);
        const tunnel = await scene.tunnel();
        await tunnel.cli('portal-check', 'http://203.0.113.1/check');
        const portal = await elsewhere.serveWeb({ status: '200', body: '<html>Welcome, please sign in' });
        await elsewhere.arrive();
        const status = await withTrouble(tunnel, 'wlan0', 'portal');
        expect([status.state, status.carrying]).toEqual(['protected', ['eth0']]);
        expect(await verdictOf(tunnel, 'portal')).toMatchObject({
          verdict: 'warning',
          evidence: 'wlan0: its network wants a login',
        });
        expect(await tunnel.cli('links')).toContain('its network wants a login');

        // Somebody signs in.
        await portal.stop();
        await elsewhere.serveWeb({ status: '204', body: '' });
        await tunnel.waitFor('the login to be over', ({ links }) =>
          links.every(({ trouble }) => trouble !== 'portal'),
        );
        expect(await verdictOf(tunnel, 'portal')).toMatchObject({ verdict: 'ok' });

        await tunnel.cli('portal-check', 'off');
        await tunnel.waitFor('nothing about logins', ({ links }) =>
          links.every(({ trouble }) => trouble !== 'portal'),
        );
      });
    },
  );

  it('because its network keeps machines apart is named, and the other one is used', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      // What access points call client isolation: two ports that reach everybody but each other.
      await scene.home.ip(
        'air',
        'link set dev wlan0p type bridge_slave isolated on',
        'link set dev boxlan0 type bridge_slave isolated on',
      );
      // The laptop comes into this network: the kernel forgets what it knew of the one before.
      const left = await carrier(scene.home, 'wlan0');
      await scene.pause('out of range', 300);
      await left.undo();
      const status = await withTrouble(tunnel, 'wlan0', 'isolated');
      expect([status.state, status.carrying]).toEqual(['protected', ['eth0']]);
      expect(await verdictOf(tunnel, 'isolation')).toMatchObject({
        verdict: 'warning',
        evidence: 'wlan0: its network keeps machines apart',
        fix: 'use the main Wi-Fi, not the one for guests',
      });
      await scene.home.ip('air', 'link set dev wlan0p type bridge_slave isolated off');
      await tunnel.waitFor('no trouble', ({ links }) => links.every(({ trouble }) => trouble === null));
    });
  });

  it('because its radio dozes between packets is named', async () => {
    const dozing = { rateBitsPerSecond: 0, queueMs: 200, delayMs: 50, jitterMs: 50, lossRatio: 0 };
    const awake = { ...dozing, delayMs: 1, jitterMs: 0 };
    await inHome({ links: { wlan0: { up: awake, down: dozing } } }, async (scene) => {
      const tunnel = await scene.tunnel();
      await withTrouble(tunnel, 'wlan0', 'power-save', 40_000);
      expect(await verdictOf(tunnel, 'power-save')).toMatchObject({ verdict: 'warning' });
    });
  });
});

function withTrouble(tunnel: Tunnel, link: string, wanted: LinkTrouble, timeoutMs = 20_000) {
  return tunnel.waitFor(
    `${link}: ${wanted}`,
    ({ links }) => links.some(({ name, trouble }) => name === link && trouble === wanted),
    timeoutMs,
  );
}

async function verdictOf(tunnel: Tunnel, name: string): Promise<unknown> {
  const { checks } = JSON.parse(await tunnel.cli('doctor', '--json')) as { checks: { name: string }[] };
  return checks.find((check) => check.name === name);
}
