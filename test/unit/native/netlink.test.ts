import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type NativeApi,
  Netlink,
  type NetlinkDumpKind,
  type NetlinkEvent,
} from '../../../src-native/lib/index.ts';
import {
  type ChildTools,
  createNamespace,
  NAMESPACE_OBSTACLE,
  type Namespace,
} from '../../support/native/child.ts';

test('the loopback interface is in the dumps', () => {
  const netlink = new Netlink({ groups: [] });
  expect(netlink.dump('link')).toContainEqual(
    expect.objectContaining({ type: 'link', name: 'lo', removed: false, isLoopback: true, kind: null }),
  );
  expect(netlink.dump('address')).toContainEqual({
    type: 'address',
    removed: false,
    ifindex: 1,
    family: 4,
    address: '127.0.0.1',
    prefixLength: 8,
    scope: 'host',
    temporary: false,
    deprecated: false,
    tentative: false,
    dadFailed: false,
  });
  expect(netlink.read()).toEqual([]);
  netlink.close();
});

test('names of groups and dumps are checked', () => {
  expect(() => new Netlink({ groups: ['wires' as never] })).toThrow(RangeError);
  expect(() => new Netlink({} as never)).toThrow(TypeError);
  const netlink = new Netlink({ groups: ['link'] });
  expect(() => netlink.dump('wires' as NetlinkDumpKind)).toThrow(RangeError);
  expect(() => netlink.resolve(1, 'the router')).toThrow(RangeError);
  netlink.close();
  netlink.close();
  expect(() => netlink.read()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
});

describe.skipIf(NAMESPACE_OBSTACLE)('in a network namespace (needs root)', () => {
  let namespace: Namespace;

  beforeAll(() => {
    namespace = createNamespace();
  });

  afterAll(() => {
    namespace.remove();
  });

  test('a cable that is laid, used and torn out is told step by step', async () => {
    const steps = await namespace.run(watchCommands, {
      groups: ['link', 'address4', 'route4', 'rule4'] as const,
      commands: [
        'link add left address 02:00:00:00:00:01 mtu 1400 type veth peer name right',
        'link set right up',
        'link set left up',
        'addr add 10.1.2.3/24 dev left',
        'route add 10.9.0.0/16 via 10.1.2.1 metric 77 table 120 proto 99',
        'rule add from 10.1.2.3 fwmark 0x10/0xf0 oif left lookup 120 priority 500 protocol 78',
        'rule del priority 500',
        'link del left',
      ],
    });

    expect(find(steps, 0, 'link', (event) => event.name === 'left')).toMatchObject({
      removed: false,
      up: false,
      carrier: false,
      mtuBytes: 1400,
      kind: 'veth',
      master: 0,
      mac: '02:00:00:00:00:01',
      isLoopback: false,
      isPointToPoint: false,
    });
    const up = find(steps, 2, 'link', (event) => event.name === 'left' && event.up);
    expect(up).toMatchObject({ up: true, carrier: true });
    expect(find(steps, 3, 'address', () => true)).toMatchObject({
      removed: false,
      ifindex: up?.ifindex,
      family: 4,
      address: '10.1.2.3',
      prefixLength: 24,
      scope: 'global',
      temporary: false,
    });
    expect(find(steps, 3, 'route', (event) => event.table === 254)).toMatchObject({
      destination: '10.1.2.0',
      prefixLength: 24,
      gateway: null,
      scope: 'link',
    });
    expect(find(steps, 4, 'route', () => true)).toEqual({
      type: 'route',
      removed: false,
      family: 4,
      table: 120,
      destination: '10.9.0.0',
      prefixLength: 16,
      gateway: '10.1.2.1',
      ifindex: up?.ifindex,
      metric: 77,
      protocol: 99,
      scope: 'global',
      routeType: 'unicast',
      requester: expect.any(Number) as number,
    });
    const rule = {
      type: 'rule',
      family: 4,
      priority: 500,
      table: 120,
      action: 'table',
      inverted: false,
      source: '10.1.2.3',
      sourceLength: 32,
      destination: '0.0.0.0',
      destinationLength: 0,
      mark: 0x10,
      markMask: 0xf0,
      inputInterface: null,
      outputInterface: 'left',
      suppressPrefixLength: null,
      protocol: 78,
      requester: expect.any(Number) as number,
    };
    // The kernel's own word about the cable may come in any step.
    const rulesIn = (step: number) => steps[step]!.filter(({ type }) => type === 'rule');
    expect(rulesIn(5)).toEqual([{ ...rule, removed: false }]);
    expect(rulesIn(6)).toEqual([{ ...rule, removed: true }]);
    expect(find(steps, 7, 'address', () => true)).toMatchObject({ removed: true, address: '10.1.2.3' });
    expect(find(steps, 7, 'link', (event) => event.name === 'left' && event.removed)).toBeDefined();
  });

  test('IPv6 addresses, unreachable routes, rules and hops are told', async () => {
    const isGlobal = ({ destination }: { readonly destination: string }): boolean =>
      destination.startsWith('2001:');
    const steps = await namespace.run(watchCommands, {
      groups: ['address6', 'route6', 'rule6'] as const,
      commands: [
        'link add one type veth peer name two',
        'link set one up',
        'link set two up',
        'addr add 2001:db8::5/64 dev one nodad preferred_lft 0',
        'route add unreachable 2001:db8:dead::/48 metric 9',
        'route add 2001:db8:2::/48 nexthop via 2001:db8::1 dev one nexthop via 2001:db8::2 dev one',
        'rule add to 2001:db8:3::/48 lookup main suppress_prefixlength 0 priority 700',
        'rule add not fwmark 1 unreachable priority 701',
        'rule flush',
        'link del one',
      ],
    });
    // The link-local addresses of the cable come and get their routes when the kernel gets round to it.
    expect(find(steps, 3, 'address', ({ address }) => !address.startsWith('fe80:'))).toMatchObject({
      family: 6,
      address: '2001:db8::5',
      prefixLength: 64,
      scope: 'global',
      deprecated: true,
      tentative: false,
    });
    expect(find(steps, 4, 'route', isGlobal)).toMatchObject({
      family: 6,
      destination: '2001:db8:dead::',
      prefixLength: 48,
      metric: 9,
      routeType: 'unreachable',
    });
    const hops = new Set(
      steps[5]!.flatMap((event) => (event.type === 'route' && isGlobal(event) ? [event.gateway] : [])),
    );
    expect(hops).toEqual(new Set(['2001:db8::1', '2001:db8::2']));
    expect(find(steps, 6, 'rule', () => true)).toMatchObject({
      family: 6,
      priority: 700,
      table: 254,
      destination: '2001:db8:3::',
      destinationLength: 48,
      suppressPrefixLength: 0,
    });
    expect(find(steps, 7, 'rule', () => true)).toMatchObject({
      action: 'unreachable',
      inverted: true,
      mark: 1,
      markMask: 0xffff_ffff,
    });
  });

  test('leaving a bridge does not look like the end of the interface', async () => {
    const steps = await namespace.run(watchCommands, {
      groups: ['link'] as const,
      commands: [
        'link add bridge0 type bridge',
        'link add port0 type veth peer name port1',
        'link set port0 master bridge0',
        'link set port0 nomaster',
        'link del port0',
        'link del bridge0',
      ],
    });
    const bridge = find(steps, 0, 'link', (event) => event.name === 'bridge0');
    expect(bridge?.kind).toBe('bridge');
    expect(find(steps, 2, 'link', (event) => event.name === 'port0')?.master).toBe(bridge?.ifindex);
    expect(steps[3]!.some((event) => event.removed)).toBe(false);
    expect(find(steps, 3, 'link', (event) => event.name === 'port0')?.master).toBe(0);
    expect(steps[4]!.some((event) => event.removed)).toBe(true);
  });

  test('more events than the buffer holds end in one overflow, and listening goes on', async () => {
    const seen = await namespace.run(async (native, _, { ip, ipBatch }) => {
      const netlink = new native.Netlink({ groups: ['address4'] });
      ip('link', 'add', 'flood', 'type', 'bridge');
      const lines = Array.from({ length: 6000 }, (_unused, i) => {
        const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`;
        return [`addr add ${address} dev flood`, `addr del ${address} dev flood`];
      });
      ipBatch(lines.flat());
      const rounds: NetlinkEvent[][] = [];
      await new Promise<void>((resolve) => {
        netlink.startPolling(() => {
          const round: NetlinkEvent[] = [];
          for (let events = netlink.read(); events.length > 0; events = netlink.read()) round.push(...events);
          rounds.push(round);
          // The same wait has to go on after the overflow that libuv saw as an error.
          if (rounds.length === 1) ip('addr', 'add', '10.200.0.1/32', 'dev', 'flood');
          else resolve();
        });
      });
      netlink.close();
      ip('link', 'del', 'flood');
      const [full, after] = rounds;
      return { overflows: full!.filter(({ type }) => type === 'overflow').length, after };
    }, null);
    expect(seen).toMatchObject({ overflows: 1, after: [{ type: 'address', address: '10.200.0.1' }] });
  });

  test('a neighbour is asked for by its address, and its answer has an age', async () => {
    const seen = await namespace.run((native, _, { ip }) => {
      ip('link', 'add', 'cable', 'index', '900', 'up', 'type', 'veth', 'peer', 'name', 'plug');
      ip('link', 'set', 'plug', 'up');
      ip('addr', 'add', '10.1.2.3/24', 'dev', 'cable');
      const known = ['lladdr', '02:00:00:00:00:08', 'dev', 'cable', 'nud'];
      ip('neigh', 'add', '10.1.2.7', ...known, 'reachable');
      ip('neigh', 'add', '10.1.2.8', ...known, 'stale');
      const netlink = new native.Netlink({ groups: [] });
      netlink.resolve(900, '10.1.2.9');
      let refusal: unknown = null;
      try {
        netlink.resolve(901, '10.1.2.9');
      } catch (error) {
        refusal = (error as { code: unknown }).code;
      }
      const entries = netlink.dump('neighbour').flatMap((event) => {
        if (event.type !== 'neighbour' || event.family !== 4) return [];
        const { address, mac, usable, confirmedAgoMicros } = event;
        return [{ address, mac, usable, isRecent: confirmedAgoMicros < 30e6 }];
      });
      netlink.close();
      ip('link', 'del', 'cable');
      return { refusal, entries: entries.sort((a, b) => a.address.localeCompare(b.address)) };
    }, null);
    const mac = '02:00:00:00:00:08';
    expect(seen).toEqual({
      refusal: 'ENODEV',
      entries: [
        { address: '10.1.2.7', mac, usable: true, isRecent: true },
        { address: '10.1.2.8', mac, usable: true, isRecent: false },
        { address: '10.1.2.9', mac: null, usable: false, isRecent: false },
      ],
    });
  });

  test('a dump holds many routes of both families', async () => {
    namespace.ip('link', 'add', 'many', 'up', 'type', 'bridge');
    const found = await namespace.run((native, _, { ipBatch }) => {
      const lines = Array.from(
        { length: 1000 },
        (_, i) => `route add 10.50.${i >> 8}.${i & 255}/32 dev many`,
      );
      const lines6 = lines.map((_unused, i) => `route add 2001:db8:50::${i.toString(16)}/128 dev many`);
      ipBatch([...lines, ...lines6]);
      const netlink = new native.Netlink({ groups: [] });
      const routes = netlink.dump('route').filter((event) => event.type === 'route');
      netlink.close();
      const mine = routes.filter(({ destination }) => /^(10\.50\.|2001:db8:50:)/.test(destination));
      return new Set(mine.map(({ family, destination }) => `${family} ${destination}`)).size;
    }, null);
    namespace.ip('link', 'del', 'many');
    expect(found).toBe(2000);
  });
});

/** Runs `ip` commands one by one and gives the events after each. Runs in the child. */
function watchCommands(
  native: NativeApi,
  plan: {
    groups: readonly ('link' | 'address4' | 'address6' | 'route4' | 'route6' | 'rule4' | 'rule6')[];
    commands: readonly string[];
  },
  { ip }: ChildTools,
): NetlinkEvent[][] {
  const netlink = new native.Netlink({ groups: plan.groups });
  const isIpv6 = plan.groups.includes('address6');
  const steps = plan.commands.map((command) => {
    const family = isIpv6 && /^(addr|route|rule)/.test(command) ? ['-6'] : [];
    ip(...family, ...command.split(' '));
    return netlink.read();
  });
  netlink.close();
  return steps;
}

/** The last event of a step that fits. */
function find<T extends NetlinkEvent['type']>(
  steps: readonly NetlinkEvent[][],
  step: number,
  type: T,
  fits: (event: Extract<NetlinkEvent, { type: T }>) => boolean,
): Extract<NetlinkEvent, { type: T }> | undefined {
  return steps[step]!.filter((event) => event.type === type)
    .map((event) => event as Extract<NetlinkEvent, { type: T }>)
    .findLast(fits);
}
