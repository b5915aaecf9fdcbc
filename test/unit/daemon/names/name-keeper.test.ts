import { describe, expect, it } from 'vitest';
import { serversToAsk, serversToRoute } from '../../../../src-daemon/names/choose-servers.ts';
import { NameKeeper, type NameSituation } from '../../../../src-daemon/names/name-keeper.ts';
import { Resolved, type LinkSnapshot } from '../../../../src-platform/index.ts';
import { createLog } from '../../../../src-platform/log.ts';
import { FakeBus, settled } from '../../../support/fake-bus.ts';

const ROUTER = '192.168.77.254';
const PUBLIC = '9.9.9.9';

describe('the servers that may be asked through the tunnel', () => {
  it('are those of the used links before the machine’s, and of nobody else', () => {
    const byLink = [
      { ifindex: 0, address: PUBLIC },
      { ifindex: 2, address: '192.168.78.254' },
      { ifindex: 1, address: ROUTER },
      { ifindex: 9, address: '10.8.0.1' },
    ];
    const links = [link('eth0', 1), link('wlan0', 2), { ...link('wg0', 9), ignoredBecause: 'other tunnel' }];
    expect(serversToAsk({ byLink, inFile: ['127.0.0.53'] }, links, true)).toEqual([
      ROUTER,
      '192.168.78.254',
      PUBLIC,
    ]);
  });

  it('are none that only this machine or one link can reach', () => {
    const inFile = ['127.0.0.1', '::1', 'fe80::1%eth0', '0.0.0.0', 'fd00:77::fe', ROUTER];
    expect(serversToAsk({ byLink: null, inFile }, [link('eth0', 1)], true)).toEqual(['fd00:77::fe', ROUTER]);
    expect(serversToAsk({ byLink: null, inFile }, [link('eth0', 1)], false)).toEqual([ROUTER]);
  });

  it('need a rule only in the own network of a link', () => {
    const wireguard = { ...link('wg0', 9), ignoredBecause: 'other tunnel' };
    expect(serversToRoute([PUBLIC, ROUTER], [link('eth0', 1)])).toEqual([ROUTER]);
    expect(serversToRoute([ROUTER], [wireguard])).toEqual([]);
  });
});

describe('names', () => {
  it('go through the tunnel while it works and its servers answer', async () => {
    const { keeper, changes } = keep({ inFile: [ROUTER] });
    keeper.follow(active());
    await settled();
    expect([keeper.routedServers, changes.count]).toEqual([[ROUTER], 1]);
    keeper.follow({ ...active(), isActive: false });
    await settled();
    expect([keeper.routedServers, changes.count]).toEqual([[], 2]);
  });

  it('stay where they are while the server does not answer through the tunnel, which is asked ever more rarely', async () => {
    const { keeper, clock, asked } = keep({ inFile: [ROUTER], isServed: () => false });
    keeper.follow(active());
    await settled();
    expect(keeper.routedServers).toEqual([]);
    expect(keeper.check.look()).toMatchObject({ verdict: 'warning' });
    const askedAt = [];
    for (let second = 1; second <= 120; second++) {
      const before = asked.length;
      clock.now = second * 1_000;
      keeper.tick();
      await settled();
      if (asked.length > before) askedAt.push(second);
    }
    expect(askedAt).toEqual([2, 6, 14, 30, 60, 90, 120]);
    expect(new Set(asked)).toEqual(new Set([`${ROUTER} from 10.77.0.2`]));
  });

  it('follow the resolver file', async () => {
    const file = { servers: [ROUTER] };
    const { keeper } = keep({ inFile: () => file.servers });
    keeper.follow(active());
    await settled();
    file.servers = ['192.168.77.53'];
    keeper.tick();
    await settled();
    expect(keeper.routedServers).toEqual(['192.168.77.53']);
  });

  it('are claimed of systemd-resolved, again after its restart, and given back', async () => {
    const bus = busWith([[1, 2, [192, 168, 77, 254]]]);
    const { keeper } = keep({ inFile: ['127.0.0.53'] });
    keeper.onResolvedUp(bus);
    keeper.follow(active());
    await settled();
    const claim = [
      'SetLinkDNS [7,[[2,[192,168,77,254]]]]',
      'SetLinkDomains [7,[[".",true]]]',
      'SetLinkDefaultRoute [7,true]',
      'SetLinkLLMNR [7,"no"]',
      'SetLinkMulticastDNS [7,"no"]',
    ];
    expect(changesOf(bus)).toEqual(claim);
    keeper.onResolvedDown();
    keeper.onResolvedUp(bus);
    await settled();
    expect(changesOf(bus)).toEqual(claim);
    keeper.follow({ ...active(), isActive: false });
    await settled();
    expect(changesOf(bus)).toEqual(['RevertLink [7]']);
  });

  it('are given back on close', async () => {
    const bus = busWith([[1, 2, [192, 168, 77, 254]]]);
    const { keeper } = keep({ inFile: [] });
    keeper.onResolvedUp(bus);
    keeper.follow(active());
    await settled();
    changesOf(bus);
    await keeper.close();
    expect(changesOf(bus)).toEqual([]);
    // The device of the tunnel is about to go, and takes its settings along; nothing of another one is touched.
    expect(keeper.routedServers).toEqual([]);
  });

  it('that systemd-resolved refuses are named with what helps, and told again half a minute later', async () => {
    const bus = busWith([[1, 2, [192, 168, 77, 254]]]);
    const { answer } = bus;
    bus.answer = (call) => (call.member === 'SetLinkDNS' ? new Error('not authorised') : answer(call));
    const { keeper, clock } = keep({ inFile: [] });
    keeper.onResolvedUp(bus);
    keeper.follow(active());
    await settled();
    expect(keeper.check.look()).toMatchObject({
      verdict: 'warning',
      evidence: 'systemd-resolved refused the tunnel’s name servers: not authorised'.replace('’', "'"),
    });

    // Somebody allows it; nothing has to be started anew.
    bus.answer = answer;
    changesOf(bus);
    clock.now += 29_000;
    keeper.tick();
    await settled();
    expect(changesOf(bus)).toEqual([]);
    clock.now += 1_000;
    keeper.tick();
    await settled();
    expect(changesOf(bus)).toHaveLength(5);
    expect(keeper.check.look()).toMatchObject({ verdict: 'ok' });
  });
});

function keep(options: {
  readonly inFile: readonly string[] | (() => readonly string[]);
  readonly isServed?: (server: string) => boolean;
}) {
  const { inFile } = options;
  const changes = { count: 0 };
  const clock = { now: 0 };
  const asked: string[] = [];
  const keeper = new NameKeeper({
    log: createLog('error', () => undefined),
    askServer: (server, from) => {
      asked.push(`${server} from ${from}`);
      return Promise.resolve(options.isServed?.(server) ?? true);
    },
    readServers: typeof inFile === 'function' ? inFile : () => inFile,
    makeResolved: (bus) => new Resolved(bus),
    now: () => clock.now,
    onChange: () => void changes.count++,
  });
  return { keeper, changes, clock, asked };
}

function active(): NameSituation {
  const links = [link('eth0', 1), link('wlan0', 2)];
  return { isActive: true, ifindex: 7, address4: '10.77.0.2', address6: null, links };
}

/** A bus with a systemd-resolved that knows these servers. */
function busWith(servers: readonly (readonly [number, number, readonly number[]])[]): FakeBus {
  const bus = new FakeBus();
  bus.answer = ({ member }) => (member === 'Get' ? [{ signature: 'a(iiay)', value: servers }] : []);
  return bus;
}

/** What was changed since the last time. */
function changesOf(bus: FakeBus): string[] {
  return bus.takeCalls().filter((call) => !call.startsWith('Get '));
}

function link(name: string, ifindex: number): LinkSnapshot {
  const address = {
    family: 4,
    prefixLength: 24,
    scope: 'global',
    temporary: false,
    deprecated: false,
  } as const;
  return {
    name,
    ifindex,
    kind: 'ethernet',
    up: true,
    carrier: true,
    mtuBytes: 1500,
    mac: null,
    addresses: [{ ...address, address: `192.168.77.1${ifindex}` }],
    gateways: { 4: ROUTER, 6: null },
    ignoredBecause: null,
  };
}
