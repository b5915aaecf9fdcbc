import { describe, expect, it } from 'vitest';
import { lanInterfaces } from '../../../src-box/discovery/lan-interfaces.ts';
import type { NetlinkEvent } from '../../../src-platform/native.ts';

describe('the interfaces on which a box is announced', () => {
  it('are those beside the uplink, of a box between two networks', () => {
    const events = [
      ...card(2, 'wan0', ['192.168.0.7']),
      ...card(3, 'lan0', ['192.168.77.1']),
      ...defaultRoute(2),
    ];
    expect(chosen(events)).toEqual(['lan0: 192.168.77.1']);
    expect(chosen(events, { uplink: 'lan0' })).toEqual(['wan0: 192.168.0.7']);
  });

  it('include the uplink where it is the only one', () => {
    const events = [...card(2, 'eth0', ['192.168.0.7', 'fe80::7']), ...defaultRoute(2)];
    expect(chosen(events)).toEqual(['eth0: 192.168.0.7, fe80::7']);
  });

  it('never have a public IPv4 address', () => {
    expect(chosen([...card(2, 'eth0', ['203.0.113.2', 'fe80::7']), ...defaultRoute(2)])).toEqual([]);
  });

  it('are neither tunnels nor loopback, nor do they belong to containers or to a bridge', () => {
    const events = [
      ...card(1, 'lo', ['127.0.0.1'], { isLoopback: true }),
      ...card(2, 'bowline0', ['10.77.0.1'], { kind: 'tun' }),
      ...card(3, 'wg0', ['10.9.0.1'], { kind: 'wireguard' }),
      ...card(4, 'docker0', ['172.17.0.1'], { kind: 'bridge' }),
      ...card(5, 'br-0123456789ab', ['172.18.0.1'], { kind: 'bridge' }),
      ...card(6, 'lan0', ['192.168.5.1'], { master: 7 }),
      ...card(7, 'br-lan', ['192.168.1.1'], { kind: 'bridge' }),
      ...card(8, 'eth9', ['192.168.9.1'], { carrier: false }),
      ...card(9, 'eth10', []),
    ];
    expect(chosen(events)).toEqual(['br-lan: 192.168.1.1']);
  });

  it('are those that the box listens on', () => {
    const events = [...card(2, 'lan0', ['192.168.1.2', 'fd00::2']), ...card(3, 'lan1', ['192.168.2.2'])];
    const at = (address: string) => chosen(events, { listen: { address, port: 4747 } });
    expect(at('0.0.0.0')).toEqual(['lan0: 192.168.1.2', 'lan1: 192.168.2.2']);
    expect(at('fd00::2')).toEqual(['lan0: fd00::2']);
    expect(at('127.0.0.1')).toEqual([]);
  });
});

function chosen(
  events: readonly NetlinkEvent[],
  question: Partial<Parameters<typeof lanInterfaces>[0]> = {},
) {
  const listen = { address: '::', port: 4747 };
  return lanInterfaces({ events, listen, uplink: 'auto', tunnelName: 'bowline0', ...question }).map(
    ({ name, announced }) => `${name}: ${announced.join(', ')}`,
  );
}

function card(
  ifindex: number,
  name: string,
  addresses: readonly string[],
  parts: object = {},
): NetlinkEvent[] {
  const link = {
    ...{ type: 'link', ifindex, name, up: true, carrier: true, kind: null, master: 0 },
    ...{ isLoopback: false, isPointToPoint: false, ...parts },
  } as NetlinkEvent;
  return [
    link,
    ...addresses.map((address) => {
      const family = address.includes(':') ? 6 : 4;
      return { type: 'address', ifindex, family, address, prefixLength: 24 } as NetlinkEvent;
    }),
  ];
}

function defaultRoute(ifindex: number): NetlinkEvent[] {
  return [{ type: 'route', table: 254, prefixLength: 0, ifindex } as NetlinkEvent];
}
