import { describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { VirtualHome } from './home.ts';
import { BOX_WAN, LINK_NAMES } from './home-plan.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

describe('the tunnel', () => {
  it('runs over unique local IPv6 addresses alone and carries both families', async () => {
    await inHome({}, async (scene) => {
      for (const node of ['laptop', 'box'] as const) {
        for (const device of node === 'laptop' ? LINK_NAMES : ['lan0']) {
          await scene.home.run(node, 'ip', ['-4', 'addr', 'flush', 'dev', device]);
        }
      }
      const tunnel = await scene.tunnel({ laptop: { boxHosts: ['fd00:77::1'] } });
      const status = await tunnel.waitFor('both links', areBothLinksUsable);
      for (const name of LINK_NAMES) expect(addressOf(status, name)).toMatch(/^fd00:77::/);
      await carriesBothFamilies(scene);
    });
  });

  it('runs over link-local addresses alone and carries both families', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      for (const device of LINK_NAMES) await home.ip('laptop', `addr flush dev ${device} scope global`);
      await home.ip('box', 'addr flush dev lan0 scope global');
      const address = await linkLocalOf(home, 'box', 'lan0');
      const tunnel = await scene.tunnel({
        laptop: { boxHosts: [`${address}%eth0`] },
        isReady: (status) => status.state === 'protected' && status.carrying.includes('eth0'),
      });
      // The box tells its own address, which is reached over the other link as well.
      const status = await tunnel.waitFor('both links', areBothLinksUsable);
      for (const name of LINK_NAMES) expect(addressOf(status, name)).toMatch(/^fe80::/);
      await carriesBothFamilies(scene);
    });
  });

  it('learns the box’s address in the other subnet and lets the second link stand by', async () => {
    await inHome({ subnets: 'two' }, async (scene) => {
      const tunnel = await scene.tunnel({ laptop: { boxHosts: ['192.168.77.1'] } });
      // A busy machine may let Wi-Fi carry for a moment; the cable takes over again.
      const status = await tunnel.waitFor('Wi-Fi to stand by', ({ links }) =>
        links.some(({ name, state }) => name === 'wlan0' && state === 'standby'),
      );
      expect(addressOf(status, 'eth0')).toMatch(/^192\.168\.77\./);
      expect(addressOf(status, 'wlan0')).toMatch(/^192\.168\.78\./);
      await carriesBothFamilies(scene);
    });
  });
});

async function carriesBothFamilies(scene: Scene): Promise<void> {
  for (const family of [4, 6] as const) {
    const traffic = await scene.traffic({ family });
    await scene.pause(`traffic by IPv${family}`, 1500);
    const report = await traffic.finish();
    expect(complaintsOf(report), `IPv${family}`).toEqual([]);
    expect(report.sourceAddress).toBe(family === 4 ? BOX_WAN.v4 : BOX_WAN.v6);
    expect(report.download?.receiver.bytes).toBeGreaterThan(1_000_000);
  }
}

function addressOf(status: DaemonStatus, name: string): string | null | undefined {
  return status.links.find((link) => link.name === name)?.address;
}

async function linkLocalOf(home: VirtualHome, node: 'box' | 'laptop', device: string): Promise<string> {
  const text = await home.run(node, 'ip', ['-6', '-o', 'addr', 'show', 'dev', device, 'scope', 'link']);
  const address = /inet6 (fe80::[0-9a-f:]+)\/64/.exec(text)?.[1];
  if (address === undefined) throw new Error(`${device} of ${node} has no link-local address: ${text}`);
  return address;
}
