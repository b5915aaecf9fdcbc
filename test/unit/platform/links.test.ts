import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kindOfLink, reasonToIgnore, type LinkSelection } from '../../../src-platform/links/classify-link.ts';
import { LinkMonitor } from '../../../src-platform/links/link-monitor.ts';
import type { LinkChange, LinkDelta } from '../../../src-platform/links/link-snapshot.ts';
import { linkSysctls } from '../../../src-platform/links/link-tuning.ts';
import { addressEvent, defaultRouteEvent, FakeNetlink, linkEvent } from '../../support/fake-netlink.ts';
import { FakeSysctls } from '../../support/fake-sysctls.ts';

const NO_DETAILS = { deviceType: null, bus: null };

describe('the kind of a link', () => {
  it.each([
    ['wlp3s0', { deviceType: 'wlan', bus: 'pci' }, 'wifi'],
    ['wlx0013', { deviceType: 'wlan', bus: 'usb' }, 'wifi'],
    ['wwan0', { deviceType: 'wwan', bus: 'usb' }, 'cellular'],
    ['enx0013', { deviceType: null, bus: 'usb' }, 'usb'],
    ['enp0s31f6', { deviceType: null, bus: 'pci' }, 'ethernet'],
    ['lan', { deviceType: null, bus: 'platform' }, 'ethernet'],
    ['wlan0', NO_DETAILS, 'wifi'],
    ['eth0', NO_DETAILS, 'ethernet'],
    ['usb0', NO_DETAILS, 'usb'],
    ['ppp0', NO_DETAILS, 'other'],
  ])('of %s with %j is %s', (name, details, kind) => expect(kindOfLink(name, details)).toBe(kind));
});

describe('ignoring an interface', () => {
  const reason = (
    name: string,
    overrides: Parameters<typeof linkEvent>[2] = {},
    master: string | null = null,
  ) => reasonToIgnore(linkEvent(name, 2, overrides), master, [], 'auto', 'bowline0');

  it.each([
    ['lo', { isLoopback: true }, null, 'loopback'],
    ['bowline0', { kind: 'tun' }, null, 'the tunnel itself'],
    ['eth0', {}, 'br0', 'part of br0'],
    ['docker0', { kind: 'bridge' }, null, 'belongs to containers or virtual machines'],
    ['veth12ab', { kind: 'veth' }, null, 'belongs to containers or virtual machines'],
    ['br0', { kind: 'bridge' }, null, 'virtual interface (bridge)'],
    ['wg0', { kind: 'wireguard' }, null, 'another tunnel (wireguard)'],
    ['tailscale0', { kind: 'tun' }, null, 'another tunnel (tun)'],
    ['lab0', { kind: 'veth' }, null, 'virtual interface (veth)'],
    ['eth0', { kind: 'veth' }, null, null],
    ['wlan0', { kind: 'veth' }, null, null],
    ['bond0', { kind: 'bond' }, null, null],
    ['enp1s0', {}, null, null],
  ])('%s with %j in %s: %s', (name, overrides, master, expected) => {
    expect(reason(name, overrides, master)).toBe(expected);
  });

  it('is decided by the chosen names alone where there are any', () => {
    const chosen = (name: string) =>
      reasonToIgnore(linkEvent(name, 2, { kind: 'bridge' }), 'br0', [], ['br1'], 'bowline0');
    expect([chosen('br1'), chosen('eth0')]).toEqual([null, 'not one of the chosen links']);
  });
});

describe('the link monitor', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('knows everything about each link from the start', () => {
    const { monitor } = start();
    expect(monitor.links.find(({ name }) => name === 'eth0')).toEqual({
      name: 'eth0',
      ifindex: 2,
      kind: 'ethernet',
      up: true,
      carrier: true,
      mtuBytes: 1500,
      mac: '02:00:00:00:00:02',
      addresses: [
        {
          family: 4,
          address: '192.168.1.20',
          prefixLength: 24,
          scope: 'global',
          temporary: false,
          deprecated: false,
        },
      ],
      gateways: { 4: '192.168.1.1', 6: null },
      ignoredBecause: null,
    });
    expect(monitor.links.map(({ name, ignoredBecause }) => [name, ignoredBecause])).toEqual([
      ['lo', 'loopback'],
      ['eth0', null],
      ['wlan0', null],
    ]);
  });

  it('tells a lost carrier at once', () => {
    const { netlink, changes } = start();
    netlink.changeLink('eth0', { carrier: false, operState: 'down' });
    expect(changes).toEqual([[{ kind: 'carrier-lost', name: 'eth0' }]]);
  });

  it('tells a removed device at once, and the same name with another device as replaced', () => {
    const { netlink, changes } = start();
    netlink.removeLink('eth0');
    netlink.links.push(linkEvent('wlan0', 9));
    netlink.removeLink('wlan0');
    expect(changes).toEqual([
      [{ kind: 'device-gone', name: 'eth0' }],
      [{ kind: 'device-gone', name: 'wlan0' }],
    ]);
    netlink.links.push(linkEvent('wlan0', 9));
    netlink.emit(linkEvent('wlan0', 9));
    vi.advanceTimersByTime(5);
    netlink.links = netlink.links.map((link) => (link.name === 'wlan0' ? { ...link, ifindex: 10 } : link));
    netlink.emit({ type: 'overflow', removed: false });
    expect(changes.slice(2)).toEqual([
      [{ kind: 'device-appeared', name: 'wlan0' }],
      [{ kind: 'device-replaced', name: 'wlan0' }],
    ]);
  });

  it('tells a lost address at once', () => {
    const { netlink, changes } = start();
    netlink.removeAddress('192.168.1.20');
    expect(changes).toEqual([[{ kind: 'address-gone', name: 'eth0', address: '192.168.1.20' }]]);
  });

  it('tells gains in one go when the burst is over', () => {
    const { netlink, changes } = start();
    netlink.addAddress(addressEvent(3, '192.168.1.21'));
    vi.advanceTimersByTime(4);
    netlink.addAddress(addressEvent(3, 'fd01::21'));
    vi.advanceTimersByTime(4);
    expect(changes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(changes).toEqual([
      [
        { kind: 'address-added', name: 'wlan0', address: '192.168.1.21' },
        { kind: 'address-added', name: 'wlan0', address: 'fd01::21' },
      ],
    ]);
  });

  it('does not wait for ever for the end of a burst', () => {
    const { netlink, changes } = start();
    netlink.addAddress(addressEvent(3, '192.168.1.21'));
    for (let ms = 0; ms < 50; ms += 2) {
      netlink.emit(linkEvent('eth0', 2));
      vi.advanceTimersByTime(2);
    }
    expect(changes).toHaveLength(1);
  });

  it('leaves an address out until the check for duplicates is over', () => {
    const { netlink, monitor, changes } = start();
    netlink.addAddress(addressEvent(3, 'fd01::21', { tentative: true }));
    vi.advanceTimersByTime(5);
    expect(changes).toEqual([]);
    netlink.addresses = netlink.addresses.map((address) => ({ ...address, tentative: false }));
    netlink.emit(addressEvent(3, 'fd01::21'));
    vi.advanceTimersByTime(5);
    expect(changes).toEqual([[{ kind: 'address-added', name: 'wlan0', address: 'fd01::21' }]]);
    expect(monitor.links.find(({ name }) => name === 'wlan0')?.addresses).toHaveLength(1);
  });

  it('names deprecated addresses, new gateways and sizes', () => {
    const { netlink, changes } = start();
    netlink.addresses = [addressEvent(2, '192.168.1.20', { deprecated: true })];
    netlink.routes = [
      defaultRouteEvent(2, '192.168.1.1', { metric: 900 }),
      defaultRouteEvent(2, '192.168.1.254'),
    ];
    netlink.changeLink('eth0', { mtuBytes: 1400 });
    vi.advanceTimersByTime(5);
    expect(changes).toEqual([
      [
        { kind: 'address-changed', name: 'eth0', address: '192.168.1.20' },
        { kind: 'gateway-changed', name: 'eth0', family: 4 },
        { kind: 'mtu-changed', name: 'eth0' },
      ],
    ]);
  });

  it('believes the driver within 20 ms while active, although the kernel says nothing', () => {
    const { monitor, carriers, changes } = start();
    monitor.setActive(true);
    carriers.set('eth0', false);
    vi.advanceTimersByTime(20);
    expect(changes).toEqual([[{ kind: 'carrier-lost', name: 'eth0' }]]);
    carriers.set('eth0', true);
    vi.advanceTimersByTime(20);
    expect(changes.slice(1)).toEqual([[{ kind: 'carrier-found', name: 'eth0' }]]);
  });

  it('asks the driver once a second while idle', () => {
    const { carriers, changes } = start();
    carriers.set('eth0', false);
    vi.advanceTimersByTime(999);
    expect(changes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(changes).toHaveLength(1);
  });

  it('does not look again and again where driver and kernel disagree for good', () => {
    const { netlink, monitor, changes } = start();
    monitor.setActive(true);
    netlink.changeLink('eth0', { carrier: false });
    vi.advanceTimersByTime(20);
    const { dumps } = netlink;
    vi.advanceTimersByTime(2000);
    expect({ dumps: netlink.dumps, changes: changes.length }).toEqual({ dumps, changes: 1 });
  });

  it('asks nobody about interfaces that it ignores', () => {
    const { asked } = start();
    vi.advanceTimersByTime(1000);
    expect([...asked].sort()).toEqual(['eth0', 'wlan0']);
  });

  it.each(['bond', 'team'])('counts a %s of the kernel as one link, of the kind of its ports', (kind) => {
    const { monitor, netlink } = start('auto', (fake) => {
      fake.links = [
        linkEvent('eth0', 2, { master: 9 }),
        linkEvent('eth1', 3, { master: 9 }),
        linkEvent('bond0', 9, { kind }),
      ];
      fake.addresses = [addressEvent(9, '192.168.1.20')];
    });
    const seen = () => monitor.links.map((link) => [link.name, link.kind, link.ignoredBecause]);
    expect(seen()).toEqual([
      ['eth0', 'ethernet', 'part of bond0'],
      ['eth1', 'ethernet', 'part of bond0'],
      ['bond0', 'ethernet', null],
    ]);
    netlink.changeLink('eth1', { master: 0 });
    vi.advanceTimersByTime(5);
    expect(seen()).toEqual([
      ['eth0', 'ethernet', 'part of bond0'],
      ['eth1', 'ethernet', null],
      ['bond0', 'ethernet', null],
    ]);
  });

  it('says nothing of one cable of a bond, whose carrier is that of the bond', () => {
    const { netlink, changes } = start('auto', (fake) => {
      fake.links = [
        linkEvent('eth0', 2, { master: 9 }),
        linkEvent('wlan0', 3, { master: 9 }),
        linkEvent('bond0', 9, { kind: 'bond' }),
      ];
    });
    netlink.changeLink('eth0', { carrier: false });
    vi.advanceTimersByTime(50);
    expect(changes.flat().filter(({ name }) => name === 'bond0')).toEqual([]);
    netlink.changeLink('bond0', { carrier: false });
    expect(changes.flat()).toContainEqual({ kind: 'carrier-lost', name: 'bond0' });
  });

  it('takes a bridge for a link where a cable is plugged into it, and not where only containers are', () => {
    const { monitor } = start('auto', (fake) => {
      fake.links = [
        linkEvent('eth0', 2, { master: 8 }),
        linkEvent('vnet0', 3, { kind: 'tun', master: 8 }),
        linkEvent('veth1', 4, { kind: 'veth', master: 9 }),
        linkEvent('br0', 8, { kind: 'bridge' }),
        linkEvent('br1', 9, { kind: 'bridge' }),
      ];
    });
    expect(monitor.links.map((link) => [link.name, link.kind, link.ignoredBecause])).toEqual([
      ['eth0', 'ethernet', 'part of br0'],
      ['vnet0', 'other', 'part of br0'],
      ['veth1', 'other', 'part of br1'],
      ['br0', 'ethernet', null],
      ['br1', 'other', 'virtual interface (bridge)'],
    ]);
  });

  it('puts chosen links first, in the order given', () => {
    const { monitor } = start(['wlan0', 'eth0']);
    expect(monitor.links.map(({ name }) => name)).toEqual(['wlan0', 'eth0', 'lo']);
  });

  it('is silent after it was closed', () => {
    const { netlink, monitor, changes } = start();
    netlink.addAddress(addressEvent(3, '192.168.1.21'));
    monitor.close();
    vi.advanceTimersByTime(5000);
    expect({ changes, isClosed: netlink.isClosed, timers: vi.getTimerCount() }).toEqual({
      changes: [],
      isClosed: true,
      timers: 0,
    });
  });
});

describe('tuning a link', () => {
  const base = {
    'net/ipv4/conf/all/rp_filter': '0',
    'net/ipv4/conf/eth0/rp_filter': '0',
    'net/ipv4/conf/all/arp_ignore': '0',
    'net/ipv4/conf/eth0/arp_ignore': '0',
    'net/ipv4/conf/all/arp_announce': '0',
    'net/ipv4/conf/eth0/arp_announce': '0',
    'net/ipv4/neigh/eth0/retrans_time_ms': '1000',
    'net/ipv6/neigh/eth0/retrans_time_ms': '1000',
  };
  const wanted = (overrides: Readonly<Record<string, string>>) =>
    linkSysctls('eth0', new FakeSysctls({ ...base, ...overrides })).map(
      ({ path, value }) => `${path}=${value}`,
    );

  it('answers for the own address only and asks faster', () => {
    expect(wanted({})).toEqual([
      'net/ipv4/conf/eth0/arp_ignore=1',
      'net/ipv4/conf/eth0/arp_announce=2',
      'net/ipv4/neigh/eth0/retrans_time_ms=100',
      'net/ipv6/neigh/eth0/retrans_time_ms=100',
    ]);
  });

  it('loosens the reverse path filter on the link where it is strict, wherever that comes from', () => {
    expect(wanted({ 'net/ipv4/conf/eth0/rp_filter': '1' })).toContain('net/ipv4/conf/eth0/rp_filter=2');
    expect(wanted({ 'net/ipv4/conf/all/rp_filter': '1' })).toContain('net/ipv4/conf/eth0/rp_filter=2');
    expect(wanted({ 'net/ipv4/conf/all/rp_filter': '2' }).join()).not.toContain('rp_filter');
  });

  it('leaves stricter choices of the administrator alone', () => {
    const strict = {
      'net/ipv4/conf/all/arp_ignore': '2',
      'net/ipv4/conf/eth0/arp_announce': '2',
      'net/ipv4/neigh/eth0/retrans_time_ms': '50',
      'net/ipv6/neigh/eth0/retrans_time_ms': '50',
    };
    expect(wanted(strict)).toEqual([]);
  });
});

function start(selection: LinkSelection = 'auto', prepare: (netlink: FakeNetlink) => void = () => undefined) {
  const netlink = new FakeNetlink();
  netlink.links = [linkEvent('lo', 1, { isLoopback: true }), linkEvent('eth0', 2), linkEvent('wlan0', 3)];
  netlink.addresses = [addressEvent(2, '192.168.1.20')];
  netlink.routes = [defaultRouteEvent(2, '192.168.1.1')];
  prepare(netlink);
  const carriers = new Map(netlink.links.map(({ name }) => [name, true]));
  const asked = new Set<string>();
  const changes: (readonly LinkChange[])[] = [];
  const monitor = new LinkMonitor({
    netlink,
    carrierUp: (name) => (asked.add(name), carriers.get(name) ?? null),
    readInterfaceDetails: () => NO_DETAILS,
    selection,
    tunnelName: 'bowline0',
    onChange: (delta: LinkDelta) => void changes.push(delta.changes),
  });
  return { netlink, monitor, carriers, asked, changes };
}
