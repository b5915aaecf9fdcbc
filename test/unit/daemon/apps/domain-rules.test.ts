import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DomainRules, type DomainSurroundings } from '../../../../src-daemon/apps/domain-rules.ts';
import type { WatchedPackets } from '../../../../src-daemon/packet-loop.ts';
import { NameAsker } from '../../../../src-daemon/apps/name-asker.ts';
import { WayBook } from '../../../../src-daemon/apps/way-book.ts';
import { createLog } from '../../../../src-platform/log.ts';
import type { AppRule, RuleAction } from '../../../../src-shared/model/app-rule.ts';
import { linkSnapshot } from '../../../support/doctor-subject.ts';
import { DeliveryTable } from '../../../support/delivery-table.ts';
import { FakeHostRules } from '../../../support/fake-host-rules.ts';
import { answerPacket, questionPacket, type NamePacketOptions } from '../../../support/name-packets.ts';

const EXAMPLE: NamePacketOptions = {
  name: 'www.example.org',
  answers: [{ type: 'A', name: 'www.example.org', ttl: 60, data: '203.0.113.1' }],
};
const AROUND: DomainSurroundings = {
  links: [
    {
      ...linkSnapshot('eth0', 2),
      addresses: [
        {
          ...{ family: 4, address: '192.168.1.20', prefixLength: 24, scope: 'global' },
          ...{ temporary: false, deprecated: false },
        },
      ],
    },
  ],
  tunnelAddresses: ['10.77.0.2', 'fd77::2'],
  boxAddresses: ['198.51.100.9', 'box.example'],
};

/** Interfaces by their number. */
const NUMBERS = ['', 'lo', 'eth0', 'wlan0', 'bowline0'];

/** What a listener for answers does in memory. */
class FakeTap {
  static readonly open: FakeTap[] = [];
  packets: Uint8Array[] = [];
  onReadable: () => void = () => undefined;

  readonly ifindex: number;

  constructor(ifindex: number) {
    this.ifindex = ifindex;
    FakeTap.open.push(this);
  }

  startPolling(onReadable: () => void): void {
    this.onReadable = onReadable;
  }

  stopPolling(): void {
    this.onReadable = () => undefined;
  }

  read(): Uint8Array[] {
    return this.packets.splice(0);
  }

  close(): void {
    FakeTap.open.splice(FakeTap.open.indexOf(this), 1);
  }
}

let kernel: FakeHostRules;
let now: number;
let remotes: string[];
let asked: string[];
let isResolverThere: boolean;
let openTap: (ifindex: number) => FakeTap;
let packets: WatchedPackets;
let onChange: ReturnType<typeof vi.fn<() => void>>;
let domains: DomainRules;

beforeEach(() => {
  vi.useFakeTimers();
  FakeTap.open.length = 0;
  kernel = new FakeHostRules();
  now = 1;
  remotes = [];
  asked = [];
  openTap = (ifindex) => new FakeTap(ifindex);
  onChange = vi.fn<() => void>();
  packets = { watcher: null };
  isResolverThere = true;
  const askAddresses = (name: string): Promise<boolean> => {
    asked.push(name);
    return Promise.resolve(isResolverThere);
  };
  domains = new DomainRules({
    native: {
      hostRule: kernel.hostRule,
      NameTap: class {
        constructor(ifindex: number) {
          return openTap(ifindex);
        }
      } as never,
      inetSockets: () =>
        remotes.map((remote) => ({
          ...{ inode: 1, local: '10.77.0.2', remote, remotePort: 443, sentBytes: 0, receivedBytes: 0 },
        })),
      nowMicros: () => now,
    },
    journal: { record: () => Promise.resolve() },
    log: createLog('error', () => undefined),
    ways: new WayBook(),
    asker: new NameAsker({ askAddresses, now: () => now }),
    packets,
    onChange,
  });
});
afterEach(() => {
  domains.close();
  vi.useRealTimers();
});

async function rulesAre(...rules: readonly (readonly [string, RuleAction])[]): Promise<void> {
  const subjects = rules.map(([name, action], index): AppRule => ({
    id: String(index + 1),
    subject: { kind: 'domain', name },
    action,
  }));
  await domains.follow(subjects, AROUND);
  domains.apply();
  await vi.advanceTimersByTimeAsync(0);
}

function hear(options: NamePacketOptions): void {
  const [tap] = FakeTap.open;
  tap?.packets.push(questionPacket(options), answerPacket(options));
  tap?.onReadable();
}

/** Lets a packet leave through the tunnel. */
function send(packet: Uint8Array): void {
  const table = new DeliveryTable();
  const { at, length } = table.place(packet);
  packets.watcher?.onEnter(table.bytes, at, length);
}

/** Lets packets come through the tunnel. */
function deliver(...answers: readonly Uint8Array[]): void {
  const table = new DeliveryTable();
  for (const answer of answers) table.add(answer);
  packets.watcher?.onLeave(table, table.at, table.count);
}

describe('rules about domains', () => {
  it('listen only while there are some', async () => {
    await rulesAre();
    expect(FakeTap.open).toEqual([]);
    expect(domains.ways).toBeNull();
    await rulesAre(['example.org', 'direct']);
    await rulesAre(['example.org', 'direct'], ['example.net', 'direct']);
    expect(FakeTap.open).toHaveLength(1);
    hear(EXAMPLE);
    expect(kernel.wayOf('203.0.113.1')).toBe('254');
    await rulesAre(['example.net', 'direct']);
    expect(kernel.rules).toEqual([]);
    await rulesAre();
    expect(FakeTap.open).toEqual([]);
    expect(packets.watcher).toBeNull();
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it('lead an address that is told through the tunnel before anybody has the answer', async () => {
    await rulesAre(['example.org', 'direct']);
    deliver(answerPacket(EXAMPLE));
    expect(kernel.rules).toEqual([]);
    send(questionPacket(EXAMPLE));
    deliver(answerPacket(EXAMPLE));
    expect(kernel.wayOf('203.0.113.1')).toBe('254');
    expect(domains.isUnheard('example.org')).toBe(false);
  });

  it('take an answer once, wherever it is heard', async () => {
    await rulesAre(['example.org', 'direct']);
    const [tap] = FakeTap.open;
    const other = { ...EXAMPLE, answers: [{ ...EXAMPLE.answers![0]!, data: '203.0.113.3' }] };
    send(questionPacket(EXAMPLE));
    deliver(answerPacket(EXAMPLE), answerPacket(other as NamePacketOptions));
    tap?.packets.push(answerPacket(other as NamePacketOptions));
    tap?.onReadable();
    expect(kernel.wayOf('203.0.113.1')).toBe('254');
    expect(kernel.wayOf('203.0.113.3')).toBe('-');
  });

  it('listen to each interface but the tunnel’s, as they come and go', async () => {
    const links = (...names: readonly string[]): DomainSurroundings => ({
      ...AROUND,
      links: names.map((name) => linkSnapshot(name, NUMBERS.indexOf(name))),
    });
    const listened = async (...names: readonly string[]): Promise<readonly number[]> => {
      const subject = { kind: 'domain', name: 'example.org' } as const;
      await domains.follow([{ id: '1', subject, action: 'direct' }], links(...names));
      domains.apply();
      return FakeTap.open.map(({ ifindex }) => ifindex).sort();
    };
    expect(await listened('lo', 'eth0', 'bowline0')).toEqual([1, 2]);
    expect(await listened('lo', 'wlan0', 'bowline0')).toEqual([1, 3]);
    openTap = () => {
      throw Object.assign(new Error('ENODEV: bind'), { code: 'ENODEV' });
    };
    expect(await listened('lo', 'eth0', 'wlan0')).toEqual([1, 3]);
    expect(domains.failure).toBeNull();
    expect(await listened('wlan0')).toEqual([3]);
  });

  it('lead an address within the turn in which its answer came, and tell the firewall later, once', async () => {
    await rulesAre(['example.org', 'bonded']);
    await vi.advanceTimersByTimeAsync(1_000);
    onChange.mockClear();
    hear(EXAMPLE);
    expect(kernel.wayOf('203.0.113.1')).toBe('goto 32738');
    hear({
      ...EXAMPLE,
      name: 'example.org',
      answers: [{ type: 'A', name: 'example.org', data: '203.0.113.2' }],
    });
    expect(onChange).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(domains.ways).toEqual({
      linkAddresses: ['192.168.1.20'],
      hosts: [
        { address: '203.0.113.1', ways: [{ way: { kind: 'bonded' } }] },
        { address: '203.0.113.2', ways: [{ way: { kind: 'bonded' } }] },
      ],
    });
    hear(EXAMPLE);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it('never lead to the own networks, into the tunnel’s, or to the box', async () => {
    await rulesAre(['example.org', 'direct']);
    for (const data of ['192.168.1.1', '10.77.0.1', '198.51.100.9', '127.0.0.1'])
      hear({ ...EXAMPLE, answers: [{ type: 'A', name: 'www.example.org', data }] });
    expect(kernel.rules).toEqual([]);
  });

  it('ask for their domains ahead: at once, before they are forgotten, and in another network', async () => {
    await rulesAre(['example.org', 'direct']);
    await rulesAre(['example.org', 'direct'], ['example.net', 'direct']);
    expect(asked).toEqual(['example.org', 'example.net']);
    now += 600e6;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toHaveLength(4);
    now += 1e6;
    await domains.follow([{ id: '1', subject: { kind: 'domain', name: 'example.org' }, action: 'direct' }], {
      ...AROUND,
      links: [],
    });
    domains.apply();
    expect(asked).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toHaveLength(5);
    isResolverThere = false;
    now += 600e6;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toHaveLength(6);
    now += 30e6;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toHaveLength(7);
  });

  it('know by whom they were heard of: our own questions do not count', async () => {
    await rulesAre(['example.org', 'direct']);
    const own = {
      ...EXAMPLE,
      name: 'example.org',
      answers: [{ type: 'A', name: 'example.org', ttl: 0, data: '203.0.113.2' }],
    };
    hear(own as NamePacketOptions);
    expect(kernel.wayOf('203.0.113.2')).toBe('254');
    expect(domains.isUnheard('example.org')).toBe(true);
    hear(EXAMPLE);
    expect(domains.isUnheard('example.org')).toBe(false);
    expect(domains.isUnheard('www.example.org')).toBe(true);
  });

  it('draw nothing from silence while a resolver may remember the answer to our own question', async () => {
    await rulesAre(['example.org', 'direct']);
    expect(domains.isUnheard('example.org')).toBe(true);
    hear({
      name: 'example.org',
      answers: [
        { type: 'A', name: 'example.org', ttl: 60, data: '203.0.113.1' },
        { type: 'A', name: 'example.org', ttl: 90, data: '203.0.113.2' },
      ],
    });
    expect(domains.isUnheard('example.org')).toBe(false);
    now += 89e6;
    expect(domains.isUnheard('example.org')).toBe(false);
    now += 1e6;
    expect(domains.isUnheard('example.org')).toBe(true);
  });

  it('forget addresses in time, but for those that somebody is connected to', async () => {
    await rulesAre(['example.org', 'direct']);
    hear(EXAMPLE);
    remotes = ['203.0.113.1'];
    now += 901e6;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(kernel.wayOf('203.0.113.1')).toBe('254');
    remotes = [];
    now += 901e6;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(kernel.rules).toEqual([]);
  });

  it('say why they hear nothing, and try again', async () => {
    openTap = () => {
      throw Object.assign(new Error('EPERM: socket'), { code: 'EPERM' });
    };
    await rulesAre(['example.org', 'direct']);
    expect(domains.failure).toBe('EPERM: socket');
    openTap = (ifindex) => new FakeTap(ifindex);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(domains.failure).toBeNull();
    hear(EXAMPLE);
    expect(kernel.wayOf('203.0.113.1')).toBe('254');
  });

  it('are put back where somebody removed them', async () => {
    await rulesAre(['example.org', 'only:wlan0']);
    hear(EXAMPLE);
    kernel.rules = [];
    expect(domains.repair()).toContain('2 rules');
    expect(kernel.wayOf('203.0.113.1')).toBe('4750');
    expect(domains.repair()).toBe('');
  });
});
