import { beforeEach, describe, expect, it } from 'vitest';
import { runDoctor } from '../../../../src-daemon/doctor/doctor.ts';
import type { DoctorCheck } from '../../../../src-shared/model/doctor.ts';
import { DoctorMachine, linkSnapshot } from '../../../support/doctor-subject.ts';
import { offStatus, protectedStatus } from '../../../support/status.ts';

let machine: DoctorMachine;
beforeEach(() => void (machine = new DoctorMachine()));

const examine = async (name: string, fix = false): Promise<DoctorCheck> => {
  const found = (await runDoctor(machine.subject, fix)).find((check) => check.name === name);
  if (found === undefined) throw new Error(`there is no check ${name}`);
  return found;
};

describe('the checks', () => {
  it('find nothing wrong on a machine where nothing is wrong, and each has a name of its own', async () => {
    const checks = await runDoctor(machine.subject, true);
    expect(checks.filter(({ verdict }) => verdict !== 'ok').map(({ name }) => name)).toEqual(['tray']);
    expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
    expect(checks.filter(({ fixed }) => fixed)).toEqual([]);
  });

  it('blame nothing on a laptop on which protection is off', async () => {
    machine.status = offStatus();
    machine.goesBy(4, 'eth0');
    machine.goesBy(6, 'eth0');
    machine.sysctlFiles.values.set('net/ipv4/conf/eth0/rp_filter', '1');
    machine.sysctlFiles.values.set('net/ipv4/conf/eth0/arp_ignore', '0');
    const bad = (await runDoctor(machine.subject, true)).filter(
      ({ verdict, fixed }) => verdict === 'failed' || verdict === 'warning' || fixed,
    );
    expect(bad).toEqual([]);
  });

  it('tell versions apart', async () => {
    machine.status = { ...protectedStatus(), version: { daemon: '0.1.0', box: '0.0.1', protocol: 1 } };
    expect(await examine('box-version')).toMatchObject({
      verdict: 'warning',
      evidence: 'the box is 0.0.1, this laptop 0.1.0',
    });
  });

  it('see strict reverse path filtering, from whichever setting it comes, and loosen the link alone', async () => {
    machine.sysctlFiles.values.set('net/ipv4/conf/all/rp_filter', '1');
    machine.sysctlFiles.values.set('net/ipv4/conf/wlan0/rp_filter', '0');
    expect(await examine('reverse-path-filter')).toMatchObject({
      verdict: 'failed',
      evidence: 'receive blocked by rp_filter: eth0 loose, wlan0 strict',
      fix: 'sysctl -w net.ipv4.conf.wlan0.rp_filter=2',
    });
    expect(await examine('reverse-path-filter', true)).toMatchObject({ verdict: 'ok', fixed: true });
    expect(machine.sysctlFiles.read('net/ipv4/conf/all/rp_filter')).toBe('1');
  });

  it('name the setting that a policy does not let go', async () => {
    machine.sysctlFiles.values.set('net/ipv4/conf/eth0/rp_filter', '1');
    machine.sysctlFiles.refused.set('net/ipv4/conf/eth0/rp_filter', 'EROFS');
    const check = await examine('reverse-path-filter', true);
    expect(check).toMatchObject({ verdict: 'failed', fixed: false });
    expect(check.evidence).toContain('the system refuses net/ipv4/conf/eth0/rp_filter (EROFS)');
  });

  it('see a link that answers for the other’s address, and mend it', async () => {
    machine.sysctlFiles.values.set('net/ipv4/conf/eth0/arp_ignore', '0');
    machine.sysctlFiles.values.set('net/ipv4/conf/wlan0/arp_announce', '0');
    expect(await examine('arp')).toMatchObject({
      verdict: 'warning',
      evidence: 'eth0 arp_ignore 0, arp_announce 2; wlan0 arp_ignore 1, arp_announce 0',
    });
    expect(await examine('arp', true)).toMatchObject({ verdict: 'ok', fixed: true });
  });

  it('see a default route into a pulled cable, and let the kernel pass over it', async () => {
    const routes = [
      { dst: 'default', dev: 'eth0', flags: ['dead', 'linkdown'] },
      { dst: 'default', dev: 'wlan0' },
    ];
    machine.exec.prints(/^ip -4 .* route show table all default/, JSON.stringify(routes));
    expect(await examine('dead-routes')).toMatchObject({
      verdict: 'warning',
      evidence: 'a default route leads over eth0, which has no carrier',
    });
    expect(await examine('dead-routes', true)).toMatchObject({ verdict: 'ok', fixed: true });
    expect(machine.sysctlFiles.read('net/ipv4/conf/eth0/ignore_routes_with_linkdown')).toBe('1');
    expect(machine.sysctlFiles.read('net/ipv4/conf/wlan0/ignore_routes_with_linkdown')).toBe('0');
  });

  it('see a path on which only the smallest datagrams arrive', async () => {
    const status = protectedStatus();
    const links = status.links.map((link) => ({
      ...link,
      datagramBytes: link.name === 'eth0' ? 1_200 : 1_472,
    }));
    machine.status = { ...status, links };
    expect(await examine('path-mtu')).toMatchObject({
      verdict: 'warning',
      evidence:
        'eth0 1228 of 1500 bytes, wlan0 1500 of 1500 bytes: larger packets vanish between eth0 and the box',
    });
  });

  it('see IPv6 beside the tunnel, and tell it from IPv6 that is refused or not there', async () => {
    machine.goesBy(6, 'wlan0');
    expect(await examine('ipv6-leak')).toMatchObject({
      verdict: 'failed',
      evidence: 'IPv6 leaves over wlan0 beside the tunnel',
    });
    machine.sysctlFiles.values.set('net/ipv6/conf/bowline0/disable_ipv6', '1');
    expect((await examine('ipv6-leak')).fix).toBe('sysctl -w net.ipv6.conf.bowline0.disable_ipv6=0');
    machine.exec.fails(/^ip -6 -j route get/, 'RTNETLINK answers: No route to host');
    expect(await examine('ipv6-leak')).toMatchObject({
      verdict: 'ok',
      evidence: 'the tunnel carries no IPv6, so programs are refused at once',
    });
    machine.exec.fails(/^ip -6 -j route get/, 'RTNETLINK answers: Network is unreachable');
    expect(await examine('ipv6-leak')).toMatchObject({
      verdict: 'ok',
      evidence: 'this laptop has no way into the internet by IPv6',
    });
  });

  it('name the rule that takes traffic away, and not those that come before ours in peace', async () => {
    const rules = [
      { priority: 0, src: 'all', table: '255' },
      { priority: 100, src: 'all', fwmark: '0x80000', table: '52' },
      { priority: 32_700, src: 'all', fwmark: '0x128b', table: '254', protocol: '47' },
      { priority: 32_765, src: 'all', table: '4747', protocol: '47' },
      { priority: 32766, src: 'all', table: '254' },
    ];
    machine.exec.prints(/^ip -4 -N -j rule show/, JSON.stringify(rules));
    expect(await examine('other-rules')).toMatchObject({
      verdict: 'ok',
      evidence: 'traffic enters the tunnel beside 100: from all fwmark 0x80000 lookup 52',
    });
    machine.goesBy(4, 'eth0');
    expect(await examine('other-rules')).toMatchObject({
      verdict: 'failed',
      evidence:
        'traffic leaves over eth0 beside the tunnel; before our rules: 100: from all fwmark 0x80000 lookup 52',
    });
  });

  it('name what rules about programs lack, and what helps', async () => {
    expect((await examine('program-rules')).evidence).toBe('programs can be told apart');
    machine.missing = [
      { facility: 'cgroup-bpf', because: 'EPERM: bpf(BPF_PROG_LOAD)' },
      { facility: 'proc-connector', because: 'ECONNREFUSED: send' },
    ];
    const check = await examine('program-rules');
    expect(check).toMatchObject({
      verdict: 'warning',
      evidence: 'cgroup-bpf: EPERM: bpf(BPF_PROG_LOAD); proc-connector: ECONNREFUSED: send',
    });
    expect(check.fix).toContain('CONFIG_CGROUP_BPF');
  });

  it('see another tunnel, and say which of the two gets the traffic', async () => {
    expect((await examine('other-tunnels')).evidence).toBe('there is no other tunnel');
    machine.links.push({ ...linkSnapshot('wg0', 9), ignoredBecause: 'virtual interface (wireguard)' });
    machine.links.push({ ...linkSnapshot('tun0', 10), ignoredBecause: 'virtual interface (tun)' });
    machine.texts.set('/sys/class/net/wg0/uevent', 'DEVTYPE=wireguard\nINTERFACE=wg0');
    machine.texts.set('/sys/class/net/tun0/tun_flags', '0x1001');
    expect(await examine('other-tunnels')).toMatchObject({
      verdict: 'ok',
      evidence: 'wg0, tun0 beside ours, for its own networks',
    });
    const routes = JSON.stringify([{ dst: 'default', dev: 'wg0', table: '51820' }]);
    machine.exec.prints(/^ip -4 .* route show table all default/, routes);
    expect(await examine('other-tunnels')).toMatchObject({
      verdict: 'warning',
      evidence: 'wg0 wants all traffic too, and ours comes first',
    });
    machine.goesBy(4, 'wg0');
    expect(await examine('other-tunnels')).toMatchObject({ verdict: 'ok' });
  });

  it('see a clock that is behind the last use of the machine', async () => {
    machine.writtenAt.set('/var/log', machine.wallClock - 1_000);
    expect((await examine('clock')).verdict).toBe('ok');
    machine.writtenAt.set('/var/log', machine.wallClock + 40 * 24 * 3_600_000);
    expect(await examine('clock')).toMatchObject({
      verdict: 'warning',
      evidence: 'it is 2031-05-03 12:00 UTC by this machine, which was used on 2031-06-12 already',
    });
  });

  it('say of a domain that nobody was heard to ask for what may hide the questions', async () => {
    expect(await examine('domain-rules')).toMatchObject({
      verdict: 'ok',
      evidence: 'no rule is about a domain',
    });
    machine.domains.named = ['example.org', 'example.net'];
    machine.domains.heard = ['example.net'];
    expect(await examine('domain-rules')).toMatchObject({
      verdict: 'ok',
      evidence:
        'no program has been heard to ask for example.org yet, and no encrypted question has been seen',
    });
    machine.sockets = [
      { remote: '203.0.113.1', remotePort: 443 },
      { remote: '1.1.1.1', remotePort: 443 },
    ];
    expect(await examine('domain-rules')).toMatchObject({
      verdict: 'warning',
      evidence: expect.stringContaining('connections to 1.1.1.1, as browsers have them') as string,
      fix: expect.stringContaining('switch off DNS over HTTPS') as string,
    });
    machine.sockets = [{ remote: '192.0.2.53', remotePort: 853 }];
    expect(await examine('domain-rules')).toMatchObject({
      evidence: expect.stringContaining('port 853') as string,
    });
    machine.isResolvedEncrypting = true;
    expect(await examine('domain-rules')).toMatchObject({
      fix: expect.stringContaining('/etc/nsswitch.conf') as string,
    });
    machine.domains.heard = ['example.org', 'example.net'];
    expect(await examine('domain-rules')).toMatchObject({ verdict: 'ok' });
    machine.domains.failure = 'EPERM: socket';
    expect(await examine('domain-rules')).toMatchObject({
      verdict: 'failed',
      evidence: 'answers cannot be heard: EPERM: socket',
    });
  });

  it('see that the TUN file is missing, or that the service may not use it', async () => {
    machine.devices.clear();
    expect(await examine('tun-device')).toMatchObject({
      verdict: 'failed',
      evidence: '/dev/net/tun is missing',
    });
    machine.devices.set('/dev/net/tun', '10:200');
    const { degraded: _, ...common } = protectedStatus();
    machine.status = { ...common, state: 'failed', cause: 'tun-unavailable', detail: 'EPERM' };
    expect(await examine('tun-device')).toMatchObject({ verdict: 'failed', evidence: 'EPERM' });
  });

  it.each([
    [{ bytes: 5e9, files: 1e6 }, 'ok', '5.0 GB free in /var/lib/bowline'],
    [{ bytes: 9e6, files: Infinity }, 'warning', '9 MB free in /var/lib/bowline'],
    [{ bytes: 4_096, files: 1e6 }, 'failed', '0 MB free in /var/lib/bowline'],
    [{ bytes: 5e9, files: 0 }, 'failed', 'no more files can be made in /var/lib/bowline'],
  ] as const)('judge the room %j: %s', async (free, verdict, evidence) => {
    machine.free = free;
    expect(await examine('state-folder')).toMatchObject({ verdict, evidence });
  });

  it('tell who may use the control socket', async () => {
    const path = '/run/bowline/daemon.sock';
    expect(await examine('control-socket')).toMatchObject({
      verdict: 'ok',
      evidence: `${path} 0660 bowline:bowline: ada`,
    });
    machine.access = { mode: 0o660, owner: 'bowline', group: 'bowline', groupMembers: [] };
    expect(await examine('control-socket')).toMatchObject({
      verdict: 'warning',
      evidence: `${path} 0660 bowline:bowline: nobody is in the group bowline`,
    });
    machine.access = { mode: 0o666, owner: 'bowline', group: 'bowline', groupMembers: ['ada'] };
    expect((await examine('control-socket')).verdict).toBe('failed');
    machine.access = null;
    expect(await examine('control-socket')).toMatchObject({ verdict: 'failed', evidence: `${path} is gone` });
  });

  it('know what the window’s sandbox needs of this kernel', async () => {
    const { values } = machine.sysctlFiles;
    expect((await examine('app-sandbox')).evidence).toBe('user namespaces are not restricted');
    values.set('kernel/apparmor_restrict_unprivileged_userns', '1');
    expect((await examine('app-sandbox')).verdict).toBe('skipped');
    machine.writtenAt.set('/opt/Bowline/bowline-app', 1);
    expect(await examine('app-sandbox')).toMatchObject({
      verdict: 'warning',
      evidence: 'user namespaces need a profile, and /etc/apparmor.d/bowline-app is missing',
    });
    machine.writtenAt.set('/etc/apparmor.d/bowline-app', 1);
    expect((await examine('app-sandbox')).verdict).toBe('ok');
    values.set('user/max_user_namespaces', '0');
    expect(await examine('app-sandbox')).toMatchObject({
      verdict: 'warning',
      evidence: 'user namespaces are switched off',
    });
  });
});
