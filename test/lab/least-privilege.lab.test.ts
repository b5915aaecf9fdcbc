import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DaemonProcess } from './daemons.ts';
import { areBothLinksUsable } from './daemons.ts';
import { projectDir } from './programs.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';

/** Nobody: a user that owns nothing here but what the test gives it. */
const NOBODY = '65534';

describe('with the rights that the service files give, and no others', () => {
  it('both daemons start, carry traffic over a pulled cable, and undo what they changed', async () => {
    const units = { laptop: capabilitiesOf('bowlined'), box: capabilitiesOf('bowline-box') };
    await inHome({}, async (scene) => {
      const before = await systemOf(scene.home, 'laptop');
      const tunnel = await scene.tunnel({
        laptop: { through: asNobody(scene.home.tempDir, units.laptop) },
        box: { through: asNobody(scene.home.tempDir, units.box) },
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

interface Capabilities {
  readonly names: readonly string[];
  /** As /proc shows it. */
  readonly mask: string;
}

/** Numbers of linux/capability.h. */
const NUMBERS: Readonly<Record<string, number>> = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 };

function capabilitiesOf(unit: string): Capabilities {
  const text = readFileSync(join(projectDir(), `packaging/systemd/${unit}.service`), 'utf8');
  const names = /^AmbientCapabilities=(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const bits = names.reduce((sum, name) => sum + 2 ** (NUMBERS[name] ?? Number.NaN), 0);
  return { names, mask: bits.toString(16).padStart(16, '0') };
}

/** Does what the service manager does with user and capabilities. The keys were made by root and change hands. */
function asNobody(tempDir: string, { names }: Capabilities): readonly string[] {
  const set = ['-all', ...names.map((name) => `+${name.slice('CAP_'.length).toLowerCase()}`)].join(',');
  const drop = [
    ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'],
    ...[`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`, '--'],
  ];
  const script = `chown -R ${NOBODY}:${NOBODY} "$1"; shift; exec ${drop.join(' ')} "$@"`;
  return ['sh', '-c', script, 'sh', tempDir];
}

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
