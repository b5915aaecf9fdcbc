import { describe, expect, it } from 'vitest';
import { LinkCircumstances, type Circumstances } from '../../../../src-daemon/desktop/link-circumstances.ts';
import type { LinkSnapshot, NeighbourEvent } from '../../../../src-platform/index.ts';
import type { LinkTrouble } from '../../../../src-shared/model/link.ts';
import { linkStatus } from '../../../support/status.ts';

const BOX = '192.168.77.1';
const SECOND = 1_000_000;

/** The link has been silent for ten seconds when it is looked at for the last time. */
describe('the box on a link that does not reach it', () => {
  it('is kept apart where the kernel asks for its hardware address in vain', () => {
    expect(troubleWith(neighbour({ mac: null, usable: false, failed: true }))).toBe('isolated');
  });

  it('is blocked where the kernel has heard of it since', () => {
    expect(troubleWith(neighbour({ confirmedAgoMicros: 3 * SECOND }))).toBe('box-blocked');
  });

  it('is neither while the kernel only believes what it heard before', () => {
    expect(troubleWith(neighbour({ confirmedAgoMicros: 12 * SECOND }))).toBeNull();
  });

  it('is not told by what another link has heard', () => {
    expect(troubleWith(neighbour({ ifindex: 1, confirmedAgoMicros: SECOND }))).toBeNull();
  });

  it('is in another network where the link has no address beside it', () => {
    expect(troubleWith(neighbour({}), '10.1.2.3')).toBe('other-network');
  });
});

function troubleWith(entry: NeighbourEvent, address = '192.168.77.11'): LinkTrouble | null {
  const links = [link('eth0', 1, '192.168.77.10'), link('wlan0', 2, address)];
  const circumstances = new LinkCircumstances();
  for (const now of [0, 10 * SECOND]) {
    circumstances.look({
      links,
      statuses: [linkStatus('eth0', { state: 'carrying' }), linkStatus('wlan0', { state: 'lost' })],
      tunnel: { linkPaths: { boxAddresses: [BOX] } } as unknown as Circumstances['tunnel'],
      portalCheck: 'off',
      managerUri: null,
      neighbours: () => [entry],
      now,
    });
  }
  return circumstances.troubles.get('wlan0') ?? null;
}

function neighbour(overrides: Partial<NeighbourEvent>): NeighbourEvent {
  return {
    type: 'neighbour',
    removed: false,
    ifindex: 2,
    family: 4,
    address: BOX,
    mac: '02:b0:00:00:00:01',
    usable: true,
    failed: false,
    confirmedAgoMicros: 60 * SECOND,
    ...overrides,
  };
}

function link(name: string, ifindex: number, address: string): LinkSnapshot {
  const rest = { prefixLength: 24, scope: 'global', temporary: false, deprecated: false } as const;
  return {
    name,
    ifindex,
    kind: name.startsWith('w') ? 'wifi' : 'ethernet',
    up: true,
    carrier: true,
    mtuBytes: 1500,
    mac: null,
    addresses: [{ family: 4, address, ...rest }],
    gateways: { 4: '192.168.77.254', 6: null },
    ignoredBecause: null,
  };
}
