import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RuleEvent } from '../../../src-native/lib/netlink-types.ts';
import { exec } from '../../../src-platform/exec.ts';
import { BoxNat, forwardingSysctls, natRuleset } from '../../../src-platform/routes/box-nat.ts';
import { RouteGuard, type Requester } from '../../../src-platform/routes/route-guard.ts';
import { batchBetween, desiredFacts, type DesiredRoutes } from '../../../src-platform/routes/route-facts.ts';
import { Sysctls } from '../../../src-platform/sysctl.ts';
import { FakeExec } from '../../support/fake-exec.ts';
import { addressEvent, defaultRouteEvent, FakeNetlink, linkEvent } from '../../support/fake-netlink.ts';
import { FakeSysctls } from '../../support/fake-sysctls.ts';

describe('the routes of a laptop as text', () => {
  it('are these, for IPv4', () => {
    expect(batchBetween([], desiredFacts(desired(), 4))).toBe(
      [
        'link set dev bowline0 mtu 1500 up',
        'address replace 10.77.0.2/24 dev bowline0 noprefixroute',
        'route replace default dev bowline0 table 4747 proto 47 src 10.77.0.2',
        'rule add priority 32700 fwmark 0x426f lookup 254 protocol 47',
        'rule add priority 32710 from 10.77.0.2 lookup 4747 protocol 47',
        'rule add priority 32720 to 224.0.0.0/4 lookup 254 protocol 47',
        'rule add priority 32720 to 255.255.255.255 lookup 254 protocol 47',
        'rule add priority 32720 to 169.254.0.0/16 lookup 254 protocol 47',
        'rule add priority 32720 ipproto 17 dport 67 lookup 254 protocol 47',
        'rule add priority 32730 from 192.168.1.20 lookup 254 protocol 47',
        'rule add priority 32730 from 192.168.1.21 lookup 254 protocol 47',
        'rule add priority 32750 lookup 254 suppress_prefixlength 0 protocol 47',
        'rule add priority 32765 lookup 4747 protocol 47',
        '',
      ].join('\n'),
    );
  });

  describe('of IPv6 where the box offers none', () => {
    const tunnel = { ...desired().tunnel, address6: null };

    it('are none if the laptop has none either', () => {
      expect(desiredFacts(desired({ tunnel, linkAddresses: ['192.168.1.20', 'fe80::20'] }), 6)).toEqual([]);
    });

    it('refuse what would leave beside the tunnel, from the address of a link too', () => {
      const facts = desiredFacts(desired({ tunnel, linkAddresses: ['fd01::20'] }), 6);
      const lines = facts.map(({ add }) => add);
      expect(lines[0]).toBe('route replace unreachable default table 4747 proto 47');
      expect(lines.at(-1)).toMatch(/^rule add priority \d+ lookup 4747 protocol 47$/);
      expect(lines.filter((line) => line.includes('lookup 4747'))).toHaveLength(1);
      expect(lines.filter((line) => line.includes('fd01::20'))).toEqual([]);
    });

    it('refuse nothing while draining, or where the user lets IPv6 leave directly', () => {
      const linkAddresses = ['fd01::20'];
      expect(desiredFacts(desired({ tunnel, linkAddresses, active: false }), 6)).toEqual([]);
      expect(desiredFacts(desired({ tunnel, linkAddresses, isIpv6Direct: true }), 6)).toEqual([]);
    });
  });

  it('lead IPv4 alone into the tunnel where the user lets IPv6 leave directly', () => {
    const isLed = (family: 4 | 6): boolean =>
      desiredFacts(desired({ isIpv6Direct: true }), family).some(({ key }) =>
        /^rule priority \d+ lookup 4747 /.test(key),
      );
    expect([isLed(4), isLed(6)]).toEqual([true, false]);
  });

  it('send questions to a name server of the home into the tunnel, while that is active', () => {
    const more = desired({ nameServers: ['192.168.1.254', 'fd00::fe'] });
    expect(batchBetween(desiredFacts(desired(), 4), desiredFacts(more, 4))).toBe(
      [
        'rule add priority 32745 to 192.168.1.254 ipproto 17 dport 53 lookup 4747 protocol 47',
        'rule add priority 32745 to 192.168.1.254 ipproto 6 dport 53 lookup 4747 protocol 47',
        '',
      ].join('\n'),
    );
    expect(desiredFacts({ ...more, active: false }, 4)).toEqual(desiredFacts(desired({ active: false }), 4));
  });

  it('change by the difference: a new link address costs one rule', () => {
    const more = desired({ linkAddresses: ['192.168.1.20', '192.168.1.21', '10.0.0.5'] });
    expect(batchBetween(desiredFacts(desired(), 4), desiredFacts(more, 4))).toBe(
      'rule add priority 32730 from 10.0.0.5 lookup 254 protocol 47\n',
    );
  });

  it('send the local networks through the tunnel where that is wanted, while it takes new connections', () => {
    const through = desired({ tunnelledNetworks: ['192.168.1.0/24', 'fd01::/64'] });
    expect(batchBetween(desiredFacts(desired(), 4), desiredFacts(through, 4))).toBe(
      'rule add priority 32740 to 192.168.1.0/24 lookup 4747 protocol 47\n',
    );
    expect(batchBetween(desiredFacts(desired(), 6), desiredFacts(through, 6))).toBe(
      'rule add priority 32740 to fd01::/64 lookup 4747 protocol 47\n',
    );
    const draining = { ...through, active: false };
    expect(desiredFacts(draining, 4).filter(({ add }) => add.includes('32740'))).toEqual([]);
  });

  it('replace the address before anything that needs the new one', () => {
    const moved = desired({ tunnel: { ...desired().tunnel, address4: '10.77.0.9' } });
    expect(batchBetween(desiredFacts(desired(), 4), desiredFacts(moved, 4)).trim().split('\n')).toEqual([
      'address del 10.77.0.2/24 dev bowline0',
      'address replace 10.77.0.9/24 dev bowline0 noprefixroute',
      'route replace default dev bowline0 table 4747 proto 47 src 10.77.0.9',
      'rule add priority 32710 from 10.77.0.9 lookup 4747 protocol 47',
      'rule del priority 32710 from 10.77.0.2 lookup 4747 protocol 47',
    ]);
  });
});

describe('the NAT of a box as text', () => {
  const wanted = { tunnelName: 'bowline0', net4: '10.77.0.0/24', net6: 'fd77::/64', uplink: 'auto' };

  it('is this table', () => {
    expect(natRuleset(wanted)).toBe(
      `add table inet bowline
delete table inet bowline
table inet bowline {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.77.0.0/24 oifname != "bowline0" masquerade
    ip6 saddr fd77::/64 oifname != "bowline0" masquerade
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    iifname "bowline0" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
    oifname "bowline0" tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
    iifname "bowline0" accept
    oifname "bowline0" accept
  }
}
`,
    );
  });

  it('masquerades on a chosen uplink only, and IPv6 only where there is any', () => {
    const text = natRuleset({ ...wanted, net6: null, uplink: 'ppp0' });
    expect(text.split('\n').filter((line) => line.includes('masquerade'))).toEqual([
      '    ip saddr 10.77.0.0/24 oifname "ppp0" masquerade',
    ]);
  });

  it('keeps router advertisements working before it makes the box a router', () => {
    const sysctls = new FakeSysctls({
      'net/ipv4/ip_forward': '0',
      'net/ipv4/conf/all/accept_redirects': '1',
      'net/ipv4/conf/eth0/forwarding': '0',
      'net/ipv6/conf/all/forwarding': '0',
      'net/ipv6/conf/all/accept_ra': '1',
      'net/ipv6/conf/eth0/accept_ra': '1',
      'net/ipv6/conf/eth0/forwarding': '0',
      'net/ipv6/conf/eth1/accept_ra': '0',
      'net/ipv6/conf/bowline0/accept_ra': '1',
    });
    expect(forwardingSysctls(wanted, sysctls).map(({ path, value }) => `${path}=${value}`)).toEqual([
      'net/ipv4/ip_forward=1',
      'net/ipv6/conf/eth0/accept_ra=2',
      'net/ipv6/conf/all/forwarding=1',
    ]);
    expect(forwardingSysctls({ ...wanted, net6: null }, sysctls)).toHaveLength(1);
  });

  it('is written down before it is applied and says which settings were refused', async () => {
    const commands = new FakeExec();
    const sysctls = new FakeSysctls({ 'net/ipv4/ip_forward': '0', 'net/ipv6/conf/all/forwarding': '1' });
    sysctls.refused.set('net/ipv4/ip_forward', 'EROFS');
    const order: string[] = [];
    const journal = {
      record: (entries: readonly { kind: string }[]) =>
        Promise.resolve(
          void order.push(...entries.map(({ kind }) => kind), `${commands.commands.length} run`),
        ),
    };
    const box = new BoxNat({ exec: commands.exec, journal, sysctls: new Sysctls(sysctls, journal) });
    expect(await box.apply(wanted)).toEqual({
      refusedSysctls: [{ path: 'net/ipv4/ip_forward', errno: 'EROFS' }],
    });
    expect(order).toEqual(['nft-table', '0 run', 'sysctl', '1 run']);
  });
});

describe('the route guard', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('reports one sweep once, and not more often than four times a second', async () => {
    const { netlink, repairs } = guard();
    netlink.emit(rule({}), rule({ priority: 32_730 }));
    netlink.emit(rule({ priority: 32_765 }));
    await vi.advanceTimersByTimeAsync(5);
    expect(repairs()).toBe(1);
    for (let ms = 0; ms < 245; ms += 5) {
      netlink.emit(rule({}));
      vi.advanceTimersByTime(5);
    }
    expect(repairs()).toBe(1);
    vi.advanceTimersByTime(5);
    expect(repairs()).toBe(2);
  });

  it.each([
    ['a lost route', defaultRouteEvent(5, '10.77.0.1', { table: 4747, removed: true })],
    ['lost events', { type: 'overflow', removed: false } as const],
    ['a lost address of the tunnel', addressEvent(5, '10.77.0.2', { removed: true })],
    ['a tunnel device that was switched off', linkEvent('bowline0', 5, { kind: 'tun', up: false })],
  ])('notices %s', (_, event) => {
    const { netlink, repairs } = guard();
    netlink.emit(event);
    vi.advanceTimersByTime(5);
    expect(repairs()).toBe(1);
  });

  it('says who asked for the first removal of a sweep, with the name of a process that still runs', async () => {
    const { netlink, requesters } = guard();
    netlink.emit(rule({ requester: 812 }), rule({ requester: 5 }));
    await vi.advanceTimersByTimeAsync(5);
    netlink.emit(rule({ requester: 813 }));
    await vi.advanceTimersByTimeAsync(250);
    netlink.emit(rule({ requester: 0 }));
    await vi.advanceTimersByTimeAsync(250);
    expect(requesters).toEqual([{ pid: 812, name: 'systemd-network' }, { pid: 813, name: null }, null]);
  });

  it('answers somebody who goes on and on ever more seldom, and says so', async () => {
    const { netlink, guard: routeGuard, repairs } = guard();
    for (let second = 0; second < 600; second += 1) {
      netlink.emit(rule({}));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(routeGuard.isContested).toBe(true);
    expect(repairs()).toBeLessThan(40);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(routeGuard.isContested).toBe(false);
    const before = repairs();
    netlink.emit(rule({}));
    await vi.advanceTimersByTimeAsync(5);
    expect(repairs(), 'after a calm minute it is quick again').toBe(before + 1);
  });

  it('takes removals of our own for no contest', async () => {
    const { netlink, guard: routeGuard, repairs } = guard(() => false);
    for (let i = 0; i < 100; i += 1) {
      netlink.emit(rule({}));
      await vi.advanceTimersByTimeAsync(5);
    }
    expect({ isContested: routeGuard.isContested, repairs: repairs() }).toEqual({
      isContested: false,
      repairs: 100,
    });
  });

  it('does not care for what others do with their own', () => {
    const { netlink, repairs } = guard();
    netlink.emit(
      rule({ protocol: 2 }),
      rule({ priority: 32_766 }),
      rule({ removed: false }),
      defaultRouteEvent(5, '10.77.0.1', { removed: true }),
      addressEvent(2, '192.168.1.20', { removed: true }),
      linkEvent('eth0', 2, { up: false }),
      linkEvent('bowline0', 5, { kind: 'tun' }),
    );
    vi.advanceTimersByTime(1000);
    expect(repairs()).toBe(0);
  });
});

describe('running a program', () => {
  it('gives its output and feeds its input', async () => {
    expect(await exec('cat', [], { input: 'text' })).toBe('text');
  });

  it('names the exit status and the first line of the complaint', async () => {
    await expect(exec('sh', ['-c', 'echo no >&2; echo more >&2; exit 3'])).rejects.toMatchObject({
      code: 'EXEC_FAILED',
      exitCode: 3,
      stderr: 'no\nmore\n',
      message: 'sh -c echo no >&2; echo more >&2; exit 3 failed (3): no',
    });
  });

  it('tells a program that is not there, or hangs, from one that failed', async () => {
    await expect(exec('no-such-program', [])).rejects.toMatchObject({ code: 'EXEC_FAILED', exitCode: null });
    await expect(exec('sleep', ['60'], { timeoutMs: 1 })).rejects.toMatchObject({ exitCode: null });
  });

  it('does not break when the program ends without reading its input', async () => {
    expect(await exec('true', [], { input: 'x'.repeat(1_000_000) })).toBe('');
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
    linkAddresses: ['192.168.1.21', '192.168.1.20', '192.168.1.20'],
    tunnelledNetworks: [],
    active: true,
    mark: 0x426f,
    ...overrides,
  };
}

function guard(wasMissing = () => true) {
  const netlink = new FakeNetlink();
  const requesters: (Requester | null)[] = [];
  const routeGuard = new RouteGuard({
    netlink,
    tunnelName: 'bowline0',
    isTunnelAddress: (address) => address === '10.77.0.2',
    processName: (pid) => (pid === 812 ? 'systemd-network' : null),
    onRemoved: (requester) => {
      requesters.push(requester);
      return Promise.resolve(wasMissing());
    },
  });
  return { netlink, guard: routeGuard, requesters, repairs: () => requesters.length };
}

function rule(overrides: Partial<RuleEvent>): RuleEvent {
  return {
    type: 'rule',
    removed: true,
    family: 4,
    priority: 32_765,
    table: 4747,
    action: 'table',
    inverted: false,
    source: '0.0.0.0',
    sourceLength: 0,
    destination: '0.0.0.0',
    destinationLength: 0,
    mark: 0,
    markMask: 0,
    inputInterface: null,
    outputInterface: null,
    suppressPrefixLength: null,
    protocol: 47,
    requester: 0,
    ...overrides,
  };
}
