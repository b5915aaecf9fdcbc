import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { doctorCheckSchema, type DoctorCheck } from '../../src-shared/model/doctor.ts';
import type { Tunnel } from './daemons.ts';
import { HOME_RESOLVER, NameServer, setResolvConf } from './desktop/name-server.ts';
import { carrier } from './faults.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

describe('bowline doctor', () => {
  it('finds nothing wrong in a home where nothing is, and changes nothing', async () => {
    await inHome({}, async (scene) => {
      setResolvConf(scene.home, HOME_RESOLVER);
      await NameServer.start(scene, 'router');
      const tunnel = await scene.tunnel();
      await scene.until('names to be found', async () =>
        (await checked(tunnel, 'names')).verdict === 'ok' ? true : null,
      );
      const before = await scene.home.systemState('laptop');
      const checks = await doctor(tunnel, '--fix');
      const found = checks.filter(({ verdict }) => verdict !== 'ok');
      expect(found.map(({ name, evidence }) => `${name}: ${evidence}`)).toEqual([
        expect.stringMatching(/^tray: /),
      ]);
      expect(checks.filter(({ fixed }) => fixed)).toEqual([]);
      expect(await scene.home.systemState('laptop')).toBe(before);
    });
  });

  it('names what is broken, mends what it may, and a stop puts back what it mended', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const before = await home.systemState('laptop');
      const tunnel = await scene.tunnel();
      const cable = await carrier(home, 'eth0');
      await tunnel.waitFor('eth0 to be lost', ({ links }) =>
        links.some(({ name, state }) => name === 'eth0' && state === 'lost'),
      );
      await mends(scene, tunnel, 'dead-routes', 'warning', 'over eth0, which has no carrier');
      const without = await doctor(tunnel);
      expect(verdictOf(without, 'link-eth0')).toBe('warning');
      expect(verdictOf(without, 'second-link')).toBe('warning');
      await cable.undo();

      await tunnel[Symbol.asyncDispose]();
      // The kernel notices by itself that the cable is back.
      await scene.until('the carrier to be back', async () =>
        (await home.run('laptop', 'ip', ['route'])).includes('linkdown') ? null : true,
      );
      expect(await home.systemState('laptop')).toBe(before);
    });
  });

  it('names what a policy forbids, and what a fix of it runs into', async () => {
    await inHome({ rpFilter: 1 }, async (scene) => {
      const forbid = 'mount --bind -o ro /proc/sys /proc/sys && exec "$@"';
      const tunnel = await scene.tunnel({
        laptop: { through: ['unshare', '-m', 'sh', '-c', forbid, 'sh'] },
        isReady: ({ state }) => state === 'protected',
      });
      expect(await checked(tunnel, 'reverse-path-filter')).toMatchObject({
        verdict: 'failed',
        evidence: 'receive blocked by rp_filter: eth0 strict, wlan0 strict',
        fixable: true,
      });
      const refused = await checked(tunnel, 'reverse-path-filter', '--fix');
      expect(refused).toMatchObject({ verdict: 'failed', fixed: false });
      expect(refused.evidence).toContain('the system refuses net/ipv4/conf/eth0/rp_filter (EROFS)');
      expect(verdictOf(await doctor(tunnel), 'arp')).toBe('warning');
    });
  });

  it('names the software that takes traffic away', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const tunnel = await scene.tunnel();

      await home.ip('laptop', 'rule add priority 100 from all lookup main');
      expect(await checked(tunnel, 'other-rules')).toMatchObject({
        verdict: 'failed',
        evidence: 'traffic leaves over eth0 beside the tunnel; before our rules: 100: from all lookup 254',
      });
      await home.ip('laptop', 'rule del priority 100');
      expect(verdictOf(await doctor(tunnel), 'other-rules')).toBe('ok');

      await home.run('laptop', 'ip', [
        '-6',
        'rule',
        'add',
        'priority',
        '100',
        'from',
        'all',
        'lookup',
        'main',
      ]);
      expect(await checked(tunnel, 'ipv6-leak')).toMatchObject({
        verdict: 'failed',
        evidence: 'IPv6 leaves over eth0 beside the tunnel',
      });
      await home.run('laptop', 'ip', ['-6', 'rule', 'del', 'priority', '100']);
      expect(verdictOf(await doctor(tunnel), 'ipv6-leak')).toBe('ok');

      await home.ip('laptop', 'tuntap add dev work0 mode tun', 'link set dev work0 up');
      expect((await checked(tunnel, 'other-tunnels')).evidence).toContain('work0 beside ours');
      await home.ip('laptop', 'route add default dev work0 table 51820');
      expect(await checked(tunnel, 'other-tunnels')).toMatchObject({
        verdict: 'warning',
        evidence: 'work0 wants all traffic too, and ours comes first',
      });
      await home.ip('laptop', 'link delete dev work0');
      expect(verdictOf(await doctor(tunnel), 'other-tunnels')).toBe('ok');
    });
  });

  it('names a TUN device that is missing and a disk that is nearly full', async () => {
    await inHome({}, async (scene) => {
      const hide = 'mount -t tmpfs none /dev/net && mount -t tmpfs -o size=8m none "$0" && exec "$@"';
      const stateDir = `${scene.home.tempDir}/bowlined`;
      const tunnel = await scene.tunnel({
        laptop: { through: ['unshare', '-m', 'sh', '-c', hide, stateDir] },
        isReady: ({ state }) => state === 'failed',
      });
      const checks = await doctor(tunnel);
      expect(checks.find(({ name }) => name === 'tun-device')).toMatchObject({
        verdict: 'failed',
        evidence: '/dev/net/tun is missing',
      });
      expect(verdictOf(checks, 'state-folder')).toBe('warning');
      const { status, stderr } = await tunnel.tryCli('doctor');
      expect([status, stderr]).toEqual([
        1,
        'bowline: failed: box-reachable, tun-device; each check names what helps\n',
      ]);
    });
  });
});

/** Sees the check fail, lets it be fixed, and sees that it is. */
async function mends(
  scene: Scene,
  tunnel: Tunnel,
  name: string,
  verdict: DoctorCheck['verdict'],
  evidence: string,
): Promise<void> {
  scene.note(`broken: ${name}`);
  const found = await checked(tunnel, name);
  expect(found, name).toMatchObject({ verdict, fixable: true, fixed: false });
  expect(found.evidence).toContain(evidence);
  expect(await checked(tunnel, name, '--fix'), name).toMatchObject({ verdict: 'ok', fixed: true });
  expect(await checked(tunnel, name), name).toMatchObject({ verdict: 'ok', fixed: false });
}

async function checked(tunnel: Tunnel, name: string, ...options: readonly string[]): Promise<DoctorCheck> {
  const found = (await doctor(tunnel, ...options)).find((check) => check.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
}

async function doctor(tunnel: Tunnel, ...options: readonly string[]): Promise<readonly DoctorCheck[]> {
  const { stdout } = await tunnel.tryCli('doctor', '--json', ...options);
  return z.object({ checks: z.array(doctorCheckSchema) }).parse(JSON.parse(stdout)).checks;
}

function verdictOf(checks: readonly DoctorCheck[], name: string): DoctorCheck['verdict'] | undefined {
  return checks.find((check) => check.name === name)?.verdict;
}
