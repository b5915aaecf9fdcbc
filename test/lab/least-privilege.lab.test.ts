import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DaemonProcess } from './daemons.ts';
import { areBothLinksUsable } from './daemons.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import { asUser, capabilitiesOf, NOBODY } from './service-rights.ts';

describe('with the rights that the service files give, and no others', () => {
  it('both daemons start, carry traffic over a pulled cable, and undo what they changed', async () => {
    const units = { laptop: capabilitiesOf('bowlined'), box: capabilitiesOf('bowline-box') };
    await inHome({}, async (scene) => {
      const before = await systemOf(scene.home, 'laptop');
      const tunnel = await scene.tunnel({
        laptop: { through: asUser(NOBODY, scene.home.tempDir, units.laptop) },
        box: { through: asUser(NOBODY, scene.home.tempDir, units.box) },
      });
      await tunnel.waitFor('both links', areBothLinksUsable);
      expect(rightsOf(tunnel.laptop)).toEqual(units.laptop.mask);
      expect(rightsOf(tunnel.box)).toEqual(units.box.mask);

      const traffic = await scene.traffic({});
      await scene.home.ip('laptop', 'link set eth0 down');
      await tunnel.waitFor('the other link', (status) => status.carrying.includes('wlan0'));
      await scene.home.ip('laptop', 'link set eth0 up');
      await scene.pause('traffic over the other link', 1000);
      expect(complaintsOf(await traffic.finish())).toEqual([]);
      expect(log(tunnel.laptop)).not.toMatch(/EPERM|EACCES|refused/);
      expect(log(tunnel.box)).not.toMatch(/EPERM|EACCES|refused/);

      await tunnel.laptop.stop();
      expect(await systemOf(scene.home, 'laptop')).toEqual(before);
    });
  });
});

/** Effective capabilities of a running daemon. */
function rightsOf({ pid }: DaemonProcess): string | undefined {
  return /^CapEff:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

function log({ logPath }: DaemonProcess): string {
  return readFileSync(logPath, 'utf8');
}

async function systemOf(
  home: { run(node: 'laptop', file: string, args: readonly string[]): Promise<string> },
  node: 'laptop',
): Promise<readonly string[]> {
  return Promise.all([
    home.run(node, 'ip', ['rule']),
    home.run(node, 'ip', ['-o', 'link', 'show', 'type', 'tun']),
    home.run(node, 'sysctl', ['-a', '-r', 'net.ipv4.conf.*.(rp_filter|arp_ignore|arp_announce)$']),
  ]);
}
