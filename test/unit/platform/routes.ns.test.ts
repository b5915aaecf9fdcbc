import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  readProcessIdentity,
  revertLeftovers,
  SystemJournal,
} from '../../../src-platform/journal/system-journal.ts';
import { BoxNat } from '../../../src-platform/routes/box-nat.ts';
import { LaptopRoutes } from '../../../src-platform/routes/laptop-routes.ts';
import type { DesiredRoutes } from '../../../src-platform/routes/route-facts.ts';
import { Sysctls } from '../../../src-platform/sysctl.ts';
import { linkSysctls } from '../../../src-platform/links/link-tuning.ts';
import { NetworkNamespace, untilLinkLocalAddresses } from '../../support/network-namespace.ts';

let home: NetworkNamespace;
let stateDir: string;
let journal: SystemJournal;

beforeEach(async () => {
  home = new NetworkNamespace('ctl-routes');
  stateDir = mkdtempSync(join(tmpdir(), 'bowline-routes-'));
  journal = await SystemJournal.open(stateDir);
  home.run(`
    echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
    ip link add eth0 type veth peer name eth0-far; ip link add wlan0 type veth peer name wlan0-far
    ip link set eth0 up; ip link set eth0-far up; ip link set wlan0 up; ip link set wlan0-far up
    ip address add 192.168.1.20/24 dev eth0; ip address add 192.168.1.21/24 dev wlan0 metric 600
    ip -6 address add fd01::20/64 dev eth0 nodad
    ip route add default via 192.168.1.1 dev eth0 metric 100
    ip route add default via 192.168.1.1 dev wlan0 metric 600
    ip -6 route add default via fd01::1 dev eth0 metric 100
    ip rule add priority 32765 from 9.9.9.9 lookup main
    ip tuntap add dev bowline0 mode tun
    ${untilLinkLocalAddresses(4)}
  `);
});
afterEach(async () => {
  await journal.close();
  home.remove();
  rmSync(stateDir, { recursive: true });
});

describe('laptop routes in a real kernel', () => {
  it('send new connections into the tunnel and leave the rest where it is', async () => {
    await routes().apply(desired());
    expect(way('8.8.8.8')).toMatch(/dev bowline0 .*src 10.77.0.2/);
    expect(way('2001:db8::1')).toMatch(/dev bowline0 .*src fd77::2/);
    expect(way('8.8.8.8 from 192.168.1.20')).toMatch(/dev eth0/);
    expect(way('2001:db8::1 from fd01::20')).toMatch(/dev eth0/);
    expect(way('8.8.8.8 mark 0x426f')).toMatch(/dev eth0/);
    expect(way('8.8.8.8 mark 0x426f oif wlan0')).toMatch(/dev wlan0/);
    expect(way('192.168.1.77')).toMatch(/dev eth0/);
    expect(way('fd01::77')).toMatch(/dev eth0/);
  });

  it('leave multicast, broadcast, link-local addresses and DHCP on the links', async () => {
    await routes().apply(desired());
    for (const destination of ['224.0.0.251', '255.255.255.255', '169.254.7.7', 'ff02::fb', 'fe80::1'])
      expect(way(destination), destination).toMatch(/dev (eth0|wlan0)/);
    expect(way('10.9.9.9 ipproto udp dport 67')).toMatch(/dev eth0/);
    expect(way('10.9.9.9 ipproto udp dport 68')).toMatch(/dev bowline0/);
  });

  it('reach the local networks through the tunnel where that is wanted, but not from a link’s own address', async () => {
    await routes().apply(desired({ tunnelledNetworks: ['192.168.1.0/24', 'fd01::/64'] }));
    expect(way('192.168.1.77')).toMatch(/dev bowline0/);
    expect(way('fd01::77')).toMatch(/dev bowline0/);
    expect(way('192.168.1.77 from 192.168.1.20')).toMatch(/dev eth0/);
    expect(way('192.168.1.77 mark 0x426f')).toMatch(/dev eth0/);
  });

  it.each(['before', 'after'])('let another VPN that came %s them take everything first', async (when) => {
    const wgQuick = `
      ip tuntap add dev wg0 mode tun; ip link set wg0 up; ip address add 10.8.0.2/32 dev wg0
      ip route add default dev wg0 table 51820
      ip rule add not fwmark 51820 table 51820; ip rule add table main suppress_prefixlength 0
    `;
    if (when === 'before') home.run(wgQuick);
    await routes().apply(desired());
    if (when === 'after') home.run(wgQuick);
    expect(way('8.8.8.8')).toMatch(/dev wg0/);
    expect(way('8.8.8.8 from 10.8.0.2')).toMatch(/dev wg0/);
    expect(way('8.8.8.8 mark 51820'), 'its own datagrams ride in the tunnel').toMatch(/dev bowline0/);
    expect(way('192.168.1.1 mark 0x426f oif wlan0'), 'ours do not').toMatch(/dev wlan0/);
    home.run('ip link del dev wg0');
    expect(way('8.8.8.8')).toMatch(/dev bowline0/);
  });

  it('send questions for names into the tunnel, and nothing else to the same machine', async () => {
    const laptop = routes();
    await laptop.apply(desired({ nameServers: ['192.168.1.254', 'fd01::fe'] }));
    expect(way('192.168.1.254 ipproto udp dport 53')).toMatch(/dev bowline0/);
    expect(way('192.168.1.254 ipproto tcp dport 53')).toMatch(/dev bowline0/);
    expect(way('fd01::fe ipproto udp dport 53')).toMatch(/dev bowline0/);
    expect(way('192.168.1.254 ipproto udp dport 123')).toMatch(/dev eth0/);
    expect(way('192.168.1.253 ipproto udp dport 53')).toMatch(/dev eth0/);
    home.run('ip rule del priority 32745 ipproto tcp dport 53');
    expect(await laptop.reassert()).toContain('to 192.168.1.254 ipproto 6 dport 53');
    expect(await laptop.reassert()).toBe('');
  });

  it('keep tunnel connections in the tunnel while draining, and nothing else', async () => {
    const laptop = routes();
    await laptop.apply(desired());
    await laptop.apply(desired({ active: false }));
    expect(way('8.8.8.8')).toMatch(/dev eth0/);
    expect(way('8.8.8.8 from 10.77.0.2')).toMatch(/dev bowline0/);
    expect(way('2001:db8::1 from fd77::2')).toMatch(/dev bowline0/);
  });

  it('refuse IPv6 that the tunnel does not carry, unless it may leave directly', async () => {
    const before = home.systemState();
    const laptop = routes();
    const without = { tunnel: { ...desired().tunnel, address6: null }, linkAddresses: ['fd01::20'] };
    await laptop.apply(desired(without));
    expect(() => way('2001:db8::1')).toThrow('No route to host');
    expect(() => way('2001:db8::1 from fd01::20')).toThrow('No route to host');
    expect(way('fd01::77')).toMatch(/dev eth0/);
    expect(await afterFreshApply(without), 'a fresh object sees the same').toBe(rulesAndRoutes());
    await laptop.apply(desired({ ...without, isIpv6Direct: true }));
    expect(way('2001:db8::1')).toMatch(/dev eth0/);
    expect(way('8.8.8.8')).toMatch(/dev bowline0/);
    await laptop.apply(desired());
    expect(way('2001:db8::1')).toMatch(/dev bowline0/);
    await laptop.apply(desired(without));
    expect(() => way('2001:db8::1')).toThrow('No route to host');
    await laptop.cleanUp();
    replaceTunnel();
    expect(withoutTunnelSettings(home.systemState())).toBe(withoutTunnelSettings(before));
  });

  it('leave the system exactly as it was, whatever states came before', async () => {
    const before = home.systemState();
    const laptop = routes();
    let seed = 7;
    const next = (bound: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % bound;
    for (let round = 0; round < 12; round += 1) {
      await laptop.apply(
        desired({
          active: next(2) === 0,
          linkAddresses: ['192.168.1.20', '192.168.1.21', 'fd01::20', '192.168.1.22'].slice(next(5)),
          tunnel: {
            ...desired().tunnel,
            mtu: 1400 + next(3) * 50,
            address4: `10.77.0.${2 + next(3)}`,
            address6: next(2) === 0 ? null : 'fd77::2',
          },
        }),
      );
      if (next(4) === 0) await laptop.cleanUp();
    }
    await laptop.apply(desired());
    expect(rulesAndRoutes(), 'a fresh object sees the same rules').toBe(await afterFreshApply());
    await laptop.cleanUp();
    replaceTunnel();
    expect(withoutTunnelSettings(home.systemState())).toBe(withoutTunnelSettings(before));
  });

  it('change only the difference', async () => {
    const laptop = routes();
    await laptop.apply(desired());
    const batches: string[] = [];
    const counting = routes({
      exec: (command, args, options) => {
        if (args.includes('-batch')) batches.push(options?.input ?? '');
        return home.exec(command, args, options);
      },
    });
    await counting.apply(desired());
    expect(batches, 'the real state was read and found to be right').toEqual([]);
    await counting.apply(desired({ active: false }));
    expect(batches).toEqual([
      'rule del priority 32765 lookup 4747 protocol 47\n',
      'rule del priority 32765 lookup 4747 protocol 47\n',
    ]);
  });

  it('come back when somebody flushes the rules', async () => {
    const laptop = routes();
    await laptop.apply(desired());
    const right = rulesAndRoutes();
    home.run(
      'ip rule del priority 32765 lookup 4747; ip rule del priority 32730; ip -6 route flush table 4747',
    );
    expect(await laptop.reassert()).toContain('rule add priority 32765 lookup 4747');
    expect(rulesAndRoutes().split('\n').sort()).toEqual(right.split('\n').sort());
    expect(await laptop.reassert()).toBe('');
  });

  it('heal a difference that they did not know of', async () => {
    const laptop = routes();
    await laptop.apply(desired());
    home.run('ip rule del priority 32765 lookup 4747');
    await laptop.apply(desired({ active: false, linkAddresses: ['192.168.1.20'] }));
    expect(way('8.8.8.8')).toMatch(/dev eth0/);
  });

  it('refuse IPv6 where the laptop has it switched off on the tunnel alone', async () => {
    home.run('echo 1 > /proc/sys/net/ipv6/conf/bowline0/disable_ipv6');
    expect(await routes().apply(desired())).toBe('disabled-here');
    expect(() => way('2001:db8::1')).toThrow('No route to host');
  });

  it('never touch a rule of others in the same range', async () => {
    const laptop = routes();
    await laptop.apply(desired());
    await laptop.cleanUp();
    expect(home.run('ip rule show')).toContain('32765:\tfrom 9.9.9.9 lookup main');
  });

  it('say why the kernel refused them', async () => {
    const bad = desired({ tunnel: { ...desired().tunnel, address4: '10.77.0.300' } });
    await expect(routes().apply(bad)).rejects.toMatchObject({ code: 'ROUTES_REFUSED' });
  });
});

describe('undoing after a crash', () => {
  it('restores rules, routes, the firewall and kernel settings byte by byte', async () => {
    home.run(`
      echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter
      echo 1 > /proc/sys/net/ipv4/conf/wlan0/forwarding; echo 0 > /proc/sys/net/ipv4/conf/all/accept_redirects
      echo 1 > /proc/sys/net/ipv6/conf/wlan0/forwarding
    `);
    const before = home.systemState();
    const sysctls = new Sysctls(home.sysctls, journal);
    await routes().apply(desired());
    for (const link of ['eth0', 'wlan0']) await sysctls.apply(linkSysctls(link, sysctls));
    await nat(sysctls).apply({
      tunnelName: 'bowline0',
      net4: '10.77.0.0/24',
      net6: 'fd77::/64',
      uplink: 'auto',
    });
    expect(home.sysctls.read('net/ipv4/conf/eth0/rp_filter')).toBe('2');
    expect(home.sysctls.read('net/ipv6/conf/eth0/accept_ra')).toBe('2');
    expect(withoutTunnelSettings(home.systemState())).not.toBe(withoutTunnelSettings(before));
    await journal.close();

    const dead = { ...readProcessIdentity(), processStartOf: () => null, pid: 1 };
    const report = await revertLeftovers(stateDir, home, dead);
    expect(report.outcomes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    replaceTunnel();
    expect(withoutTunnelSettings(home.systemState())).toBe(withoutTunnelSettings(before));
    expect(await revertLeftovers(stateDir, home, dead)).toEqual({ outcomes: [], isIncomplete: false });
  });

  it('leaves a kernel setting alone that somebody else changed meanwhile', async () => {
    const sysctls = new Sysctls(home.sysctls, journal);
    await sysctls.apply([{ path: 'net/ipv4/conf/eth0/rp_filter', value: '2' }]);
    home.run('echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter');
    const report = await journal.revert(home);
    expect(report.outcomes).toMatchObject([{ outcome: 'changed-by-others' }]);
    expect(home.sysctls.read('net/ipv4/conf/eth0/rp_filter')).toBe('1');
  });

  it('removes a TUN device that was left, and spares another device of that name', async () => {
    await journal.record([
      { kind: 'tun', name: 'bowline0' },
      { kind: 'tun', name: 'eth0' },
      { kind: 'address', family: 4, interfaceName: 'wlan0', address: '192.168.1.21', prefixLength: 24 },
      { kind: 'address', family: 4, interfaceName: 'wlan0', address: '192.168.1.99', prefixLength: 24 },
    ]);
    const report = await journal.revert(home);
    expect(report.outcomes.map(({ outcome }) => outcome)).toEqual([
      'nothing-to-undo',
      'undone',
      'nothing-to-undo',
      'undone',
    ]);
    expect(home.run('ip -o link')).not.toContain('bowline0');
    expect(home.run('ip -o link')).toContain('eth0@');
  });
});

describe('box NAT in a real kernel', () => {
  it('can be applied again and again and leaves no table behind', async () => {
    const before = home.run('nft list ruleset');
    const box = nat(new Sysctls(home.sysctls, journal));
    const wanted = { tunnelName: 'bowline0', net4: '10.77.0.0/24', net6: 'fd77::/64', uplink: 'eth0' };
    await box.apply(wanted);
    const once = home.run('nft list ruleset');
    await box.apply(wanted);
    expect(home.run('nft list ruleset')).toBe(once);
    expect(once).toContain('masquerade');
    await box.cleanUp();
    await box.cleanUp();
    expect(home.run('nft list ruleset')).toBe(before);
  });
});

function desired(overrides: Partial<DesiredRoutes> = {}): DesiredRoutes {
  return {
    tunnel: {
      name: 'bowline0',
      address4: '10.77.0.2',
      prefix4: 24,
      address6: 'fd77::2',
      prefix6: 64,
      mtu: 1500,
    },
    linkAddresses: ['192.168.1.20', '192.168.1.21', 'fd01::20'],
    tunnelledNetworks: [],
    active: true,
    mark: 0x426f,
    ...overrides,
  };
}

function routes(overrides: Partial<ConstructorParameters<typeof LaptopRoutes>[0]> = {}): LaptopRoutes {
  return new LaptopRoutes({
    exec: home.exec,
    sysctls: home.sysctls,
    journal,
    tunnelName: 'bowline0',
    ...overrides,
  });
}

function nat(sysctls: Sysctls): BoxNat {
  return new BoxNat({ exec: home.exec, journal, sysctls });
}

/** The tunnel device ends with its daemon. */
function replaceTunnel(): void {
  home.run('ip link del dev bowline0; ip tuntap add dev bowline0 mode tun');
}

function way(destination: string): string {
  return home.run(`ip route get ${destination}`);
}

function rulesAndRoutes(): string {
  return home.run(`
    for family in -4 -6; do ip $family rule show; ip $family route show table 4747; done
    ip address show dev bowline0 | grep -o 'inet.*'
  `);
}

async function afterFreshApply(overrides: Partial<DesiredRoutes> = {}): Promise<string> {
  const fresh = routes();
  await fresh.cleanUp();
  await fresh.apply(desired(overrides));
  return rulesAndRoutes();
}

/** A new device may begin with other settings than an old one. */
function withoutTunnelSettings(state: string): string {
  return state
    .split('\n')
    .filter((line) => !line.includes('/bowline0/'))
    .join('\n');
}
