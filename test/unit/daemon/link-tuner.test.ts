import { beforeEach, describe, expect, it } from 'vitest';
import { LinkTuner } from '../../../src-daemon/routing/link-tuner.ts';
import type { Exec, LinkSnapshot } from '../../../src-platform/index.ts';
import { createLog } from '../../../src-platform/log.ts';
import { FakeSysctls } from '../../support/fake-sysctls.ts';

const STRICT = 'net/ipv4/conf/wlan0/rp_filter';

let files: FakeSysctls;
let tuner: LinkTuner;
let said: string[];
let commands: string[];

beforeEach(() => {
  files = new FakeSysctls({
    'net/ipv4/conf/all/rp_filter': '1',
    'net/ipv4/conf/all/arp_ignore': '0',
    'net/ipv4/conf/all/arp_announce': '0',
    ...deviceSettings('eth0'),
    ...deviceSettings('wlan0'),
  });
  said = [];
  const log = createLog('info', (line) => said.push((JSON.parse(line) as { event: string }).event));
  const fail = (error: unknown): void => {
    throw error;
  };
  commands = [];
  const run: Exec = (command, args) => {
    commands.push([command, ...args].join(' '));
    return Promise.resolve('');
  };
  tuner = new LinkTuner({ record: () => Promise.resolve() }, log, fail, files, run);
});

describe('settings of links', () => {
  it('let neighbours learn again where they were told a wrong hardware address, and only then', async () => {
    files.values.set('net/ipv4/conf/eth0/arp_ignore', '1');
    files.values.set('net/ipv4/conf/eth0/arp_announce', '2');
    await tuner.follow([link('eth0'), link('wlan0')], true);
    await tuner.follow([link('eth0'), link('wlan0')], true);
    expect(commands).toEqual(['ip -4 neighbour flush dev wlan0']);
  });

  it('are made for used links only, and put back where a link is no longer used', async () => {
    const before = new Map(files.values);
    await tuner.follow(
      [link('eth0'), link('wlan0', { ignoredBecause: 'not one of the chosen links' })],
      true,
    );
    expect([files.read('net/ipv4/conf/eth0/rp_filter'), files.read(STRICT)]).toEqual(['2', '1']);
    await tuner.follow([link('wlan0')], true);
    expect([files.read('net/ipv4/conf/eth0/rp_filter'), files.read(STRICT)]).toEqual(['1', '2']);
    await tuner.follow([link('wlan0')], false);
    expect(files.values).toEqual(before);
  });

  it('are never made for all links at once', async () => {
    await tuner.follow([link('eth0'), link('wlan0')], true);
    expect(files.read('net/ipv4/conf/all/rp_filter')).toBe('1');
    expect(files.read('net/ipv4/conf/all/arp_ignore')).toBe('0');
  });

  it('stay as somebody else set them when they are put back', async () => {
    await tuner.follow([link('wlan0')], true);
    files.values.set(STRICT, '0');
    await tuner.close();
    expect(files.read(STRICT)).toBe('0');
  });

  it('are made again when somebody resets them, and left alone when that goes on', async () => {
    await tuner.follow([link('wlan0')], true);
    for (let i = 0; i < 20; i += 1) {
      files.values.set(STRICT, '1');
      await tuner.follow([link('wlan0')], true);
    }
    expect(files.read(STRICT), 'who resets it so often has a policy').toBe('1');
    expect(said.filter((event) => event === 'sysctl-repaired')).toHaveLength(9);
    expect(said.filter((event) => event === 'sysctl-contested')).toHaveLength(1);
  });

  it('are no reset where the device was replaced', async () => {
    await tuner.follow([link('wlan0')], true);
    for (const [path, value] of Object.entries(deviceSettings('wlan0'))) files.values.set(path, value);
    await tuner.follow([link('wlan0', { ifindex: 9 })], true);
    expect({ rpFilter: files.read(STRICT), said }).toEqual({ rpFilter: '2', said: [] });
  });
});

function deviceSettings(name: string): Record<string, string> {
  return {
    [`net/ipv4/conf/${name}/rp_filter`]: '1',
    [`net/ipv4/conf/${name}/arp_ignore`]: '0',
    [`net/ipv4/conf/${name}/arp_announce`]: '0',
  };
}

function link(name: string, overrides: Partial<LinkSnapshot> = {}): LinkSnapshot {
  return {
    name,
    ifindex: 2,
    kind: 'ethernet',
    up: true,
    carrier: true,
    mtuBytes: 1500,
    mac: null,
    addresses: [],
    gateways: { 4: null, 6: null },
    ignoredBecause: null,
    ...overrides,
  };
}
