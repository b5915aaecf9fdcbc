import { describe, expect, it } from 'vitest';
import { PROGRAM_PROTOCOL } from '../../../../src-platform/routes/constants.ts';
import { listOwnRules } from '../../../../src-platform/routes/own-rules.ts';
import {
  linkRoutes,
  ruleLines,
  wayRuleset,
  type DesiredWays,
} from '../../../../src-platform/routes/rule-ways.ts';
import { presentRuleLine, WayKeeper } from '../../../../src-platform/routes/way-keeper.ts';
import { FakeExec } from '../../../support/fake-exec.ts';

const NOTHING: DesiredWays = {
  tunnelName: 'bowline0',
  tunnelAddresses: [],
  tunnelMark: 4747,
  marks: [],
  users: [],
  destinations: [],
  links: [],
  domains: null,
};

const WLAN0 = {
  name: 'wlan0',
  table: 4750,
  addresses: [{ family: 4 as const, address: '192.168.1.21', network: '192.168.1.0/24' }],
  gateways: { 4: '192.168.1.1', 6: null },
};

describe('routing for rules', () => {
  it('is nothing where there are none', () => {
    expect(ruleLines(NOTHING, 4, 32736)).toEqual([]);
    expect(wayRuleset(NOTHING)).toBe('add table inet bowline\ndelete table inet bowline\n');
  });

  it('leads marks, then users, then destinations, and refuses at once what has no way', () => {
    const desired: DesiredWays = {
      ...NOTHING,
      tunnelAddresses: ['10.77.0.2', 'fd77::2'],
      marks: [
        { mark: 0xb1000000, way: { kind: 'direct' } },
        { mark: 0xb2000000, way: { kind: 'bonded' } },
        { mark: 0xc0000000, way: { kind: 'link', link: 'wlan0', table: 4750 } },
      ],
      users: [{ uid: 1000, way: { kind: 'tunnel-only' } }],
      destinations: [
        { network: '192.0.2.0/24', protocol: 'tcp', port: 443, way: { kind: 'redundant' } },
        { network: '2001:db8::/32', way: { kind: 'direct' } },
      ],
      links: [WLAN0],
    };
    expect(ruleLines(desired, 4, 32736)).toEqual([
      'priority 32711 fwmark 0x128b lookup 254 protocol 48',
      'priority 32712 fwmark 0xb1000000/0xff000000 lookup 254 protocol 48',
      'priority 32713 fwmark 0xb1000000/0xff000000 unreachable protocol 48',
      'priority 32712 fwmark 0xc0000000/0xff000000 lookup 4750 protocol 48',
      'priority 32713 fwmark 0xc0000000/0xff000000 unreachable protocol 48',
      'priority 32729 from 192.168.1.21 lookup 4750 protocol 48',
      'priority 32732 fwmark 0/0xff000000 uidrange 1000-1000 lookup 4747 protocol 48',
      'priority 32733 fwmark 0/0xff000000 uidrange 1000-1000 unreachable protocol 48',
      'priority 32736 to 192.0.2.0/24 fwmark 0/0xff000000 ipproto 6 dport 443 goto 32738 protocol 48',
      'priority 32738 nop protocol 48',
    ]);
    expect(linkRoutes(WLAN0, 4)).toEqual([
      '192.168.1.0/24 dev wlan0 src 192.168.1.21 table 4750 proto 47',
      'default via 192.168.1.1 dev wlan0 src 192.168.1.21 onlink table 4750 proto 47',
    ]);
    expect(linkRoutes(WLAN0, 6)).toEqual([]);
    expect(wayRuleset(desired).split('\n')).toEqual(
      expect.arrayContaining([
        '    meta mark and 0xff000000 vmap { 0xb1000000 : goto direct, 0xb2000000 : goto bonded, 0xc0000000 : goto link-4750 }',
        '    ip saddr 10.77.0.2 oifname != "bowline0" counter drop',
        '    ip6 saddr fd77::2 oifname != "bowline0" counter drop',
        '    oifname "bowline0" ip dscp set 0x3',
        '    oifname != "wlan0" counter drop',
        '    meta skuid vmap { 1000 : goto tunnel-only }',
        '    ip daddr 192.0.2.0/24 tcp dport 443 goto redundant',
      ]),
    );
  });

  it('keeps connections on their link while domains are led, and lets no network take their addresses', () => {
    const desired: DesiredWays = {
      ...NOTHING,
      domains: {
        linkAddresses: ['192.168.1.20', 'fd00:77::20'],
        hosts: [
          { address: '203.0.113.1', ways: [{ way: { kind: 'bonded' } }] },
          {
            address: '203.0.113.2',
            ways: [{ protocol: 'udp', way: { kind: 'tunnel-only' } }, { way: { kind: 'direct' } }],
          },
          { address: '2001:db8::1', ways: [{ way: { kind: 'link', link: 'wlan0', table: 4750 } }] },
        ],
      },
    };
    expect(ruleLines(desired, 4, 32736)).toEqual([
      'priority 32711 fwmark 0x128b lookup 254 protocol 48',
      'priority 32731 from 192.168.1.20 lookup 254 protocol 48',
      'priority 32738 nop protocol 48',
    ]);
    const verdicts = (ways: DesiredWays): string[] =>
      wayRuleset(ways)
        .split('\n')
        .filter((line) => line.includes('daddr'))
        .map((line) => line.trim());
    expect(verdicts(desired)).toEqual([
      'ip daddr vmap { 203.0.113.1 : goto host-bonded }',
      'ip6 daddr vmap { 2001:db8::1 : goto host-link-4750 }',
    ]);
    expect(wayRuleset(desired)).toContain(`  chain host-link-4750 {
    tcp flags & (syn | ack) == syn oifname != "wlan0" counter drop
    ip6 nexthdr udp oifname != "wlan0" counter drop
    accept
  }`);
    expect(wayRuleset({ ...NOTHING, domains: { linkAddresses: [], hosts: [] } })).toContain(
      'chain postrouting',
    );
    const network = { network: '203.0.113.0/24', way: { kind: 'tunnel-only' } } as const;
    expect(verdicts({ ...desired, destinations: [network] })).toEqual([
      'ip daddr 203.0.113.2 meta l4proto udp goto tunnel-only',
      'ip daddr vmap { 203.0.113.1 : goto host-bonded, 203.0.113.2 : goto host-direct }',
      'ip6 daddr vmap { 2001:db8::1 : goto host-link-4750 }',
      'ip daddr 203.0.113.0/24 goto tunnel-only',
    ]);
  });

  it('reads back what it has made', async () => {
    const output = [
      { priority: 0, src: 'all', table: '255' },
      // What somebody else has made may hold what no rule of ours does.
      { priority: 900, src: 'all', table: 'vpn', dport: '0x50', goto: 'none', protocol: '4' },
      { priority: 32700, src: 'all', fwmark: '0x128b', table: '254', protocol: '47' },
      {
        priority: 32712,
        src: 'all',
        fwmark: '0xb1000000',
        fwmask: '0xff000000',
        table: '254',
        protocol: '48',
      },
      {
        ...{ priority: 32733, src: 'all', fwmark: '0', fwmask: '0xff000000', uid_start: 1000, uid_end: 1000 },
        ...{ action: '7', protocol: '48' },
      },
      {
        ...{ priority: 32736, src: 'all', dst: '192.0.2.0', dstlen: 24, fwmark: '0', fwmask: '0xff000000' },
        ...{ ipproto: 'ipproto-6', dport: 443, goto: 32738, protocol: '48' },
      },
      { priority: 32737, src: 'all', ipproto: '17', dport: 443, table: '4747', protocol: '48' },
      { priority: 32737, src: 'all', ipproto: 'udp', dport: 53, table: '4747', protocol: '48' },
      { priority: 32738, src: 'all', nop: null, protocol: '48' },
    ];
    const exec = new FakeExec();
    exec.prints(/^ip -4 -N -j rule show/, JSON.stringify(output));
    const own = await listOwnRules(exec.exec, 4, PROGRAM_PROTOCOL);
    expect(own.map(presentRuleLine)).toEqual([
      'priority 32712 fwmark 0xb1000000/0xff000000 lookup 254 protocol 48',
      'priority 32733 fwmark 0/0xff000000 uidrange 1000-1000 unreachable protocol 48',
      'priority 32736 to 192.0.2.0/24 fwmark 0/0xff000000 ipproto 6 dport 443 goto 32738 protocol 48',
      'priority 32737 ipproto 17 dport 443 lookup 4747 protocol 48',
      'priority 32737 ipproto 17 dport 53 lookup 4747 protocol 48',
      'priority 32738 nop protocol 48',
    ]);
  });

  it('puts destinations in a new order under another number, and appends under the same', async () => {
    const exec = new FakeExec();
    exec.prints(/rule show/, '[]');
    const keeper = new WayKeeper({ exec: exec.exec, journal: { record: () => Promise.resolve() } });
    const to = (network: string): DesiredWays['destinations'][number] => ({
      network,
      way: { kind: 'direct' },
    });
    const batches = async (...networks: string[]): Promise<string[]> => {
      exec.take();
      await keeper.apply({ ...NOTHING, destinations: networks.map(to) }, '');
      return exec
        .take()
        .filter(({ line }) => line === 'ip -4 -batch -')
        .map(({ input }) => input);
    };
    expect((await batches('192.0.2.0/24'))[0]).toContain('rule add priority 32736 to 192.0.2.0/24');
    const appended = (await batches('192.0.2.0/24', '198.51.100.0/24'))[0];
    expect(appended?.split('\n').filter((line) => line !== '')).toEqual([
      'rule add priority 32736 to 198.51.100.0/24 fwmark 0/0xff000000 lookup 254 protocol 48',
      'rule add priority 32736 to 198.51.100.0/24 fwmark 0/0xff000000 unreachable protocol 48',
    ]);
    const turned = (await batches('198.51.100.0/24', '192.0.2.0/24'))[0] ?? '';
    expect(turned.match(/rule add priority 32737/g)).toHaveLength(4);
    expect(turned.match(/rule del priority 32736/g)).toHaveLength(4);
    expect(await batches('198.51.100.0/24', '192.0.2.0/24')).toEqual([]);
  });
});
