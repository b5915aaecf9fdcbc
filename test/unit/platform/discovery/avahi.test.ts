import { describe, expect, it } from 'vitest';
import type { BusMessage, BusValue } from '../../../../src-platform/dbus/message.ts';
import {
  BUS_NAME,
  BusCallError,
  type BusCall,
  type BusListener,
} from '../../../../src-platform/dbus/system-bus.ts';
import { AVAHI } from '../../../../src-platform/discovery/avahi-publisher.ts';
import { BoxAnnouncer } from '../../../../src-platform/discovery/box-announcer.ts';
import { linkAt } from './mdns-network.ts';

const FINGERPRINT = '3f2a-91bc-07de-55a1-c0ff';
const LINK = { ...linkAt('192.168.1.2', 'lan0'), announced: ['192.168.1.2'] };

describe('a box beside Avahi', () => {
  it('is announced by it alone, on its interfaces', async () => {
    const bus = new FakeBus();
    const { announcer, responders } = start(bus);
    await settled();
    bus.group(2);
    expect(announcer.announcement).toEqual({
      state: 'announced',
      by: 'avahi',
      name: 'attic.home',
      interfaces: ['lan0'],
      problem: null,
    });
    expect(responders).toEqual([]);
    const [ifindex, , , label, type, , , port, text] = bus.services[0]!;
    expect([ifindex, label, type, port]).toEqual([2, 'attic-home', '_bowline._udp', 4747]);
    expect((text as number[][]).map((bytes) => Buffer.from(bytes).toString())).toEqual([
      'name=attic.home',
      `fp=${FINGERPRINT}`,
      'pv=1',
    ]);
    await announcer.stop();
    expect(bus.isClosed).toBe(true);
  });

  it.each(['at once', 'later'])(
    'takes another name when its own turns out %s to be taken',
    async (moment) => {
      const bus = new FakeBus();
      if (moment === 'at once') bus.taken.add('attic-home');
      const { announcer } = start(bus);
      await settled();
      if (moment === 'later') bus.group(3);
      await settled();
      bus.group(2);
      expect(announcer.announcement).toMatchObject({ state: 'announced', name: 'attic.home (3f2a)' });
      expect(bus.services.at(-1)?.[3]).toBe('attic-home (3f2a)');
      await announcer.stop();
    },
  );

  it('speaks for itself while Avahi is away, and no longer when it is back', async () => {
    const bus = new FakeBus();
    bus.hasAvahi = false;
    const { announcer, responders } = start(bus);
    await settled();
    expect(responders).toEqual(['open']);
    bus.owner(':1.9');
    await settled();
    expect(responders).toEqual(['open', 'stop']);
    bus.group(2);
    expect(announcer.announcement.by).toBe('avahi');
    bus.owner('');
    await settled();
    expect(responders).toEqual(['open', 'stop', 'open']);
    expect(announcer.announcement.by).toBe('bowline');
    await announcer.stop();
  });

  it('speaks for itself where Avahi refuses', async () => {
    const bus = new FakeBus();
    bus.refusal = `${AVAHI}.NotPermittedError`;
    const { announcer, responders } = start(bus);
    await settled();
    expect(responders).toEqual(['open']);
    expect(announcer.announcement).toMatchObject({ state: 'announced', by: 'bowline' });
    await announcer.stop();
  });

  it('speaks for itself where there is no message bus', async () => {
    const { announcer, responders } = start(null);
    await settled();
    expect(responders).toEqual(['open']);
    await announcer.stop();
    expect(responders).toEqual(['open', 'stop']);
  });

  it('says that it is not announced where there is no interface', async () => {
    const { announcer } = start(new FakeBus());
    announcer.setLinks([]);
    expect(announcer.announcement).toMatchObject({ state: 'failed', interfaces: [] });
    expect(announcer.announcement.problem).toMatch(/^no interface leads to a local network: /);
    await announcer.stop();
  });
});

function start(bus: FakeBus | null) {
  const responders: string[] = [];
  const announcer = new BoxAnnouncer({
    service: { name: 'attic.home', fingerprint: FINGERPRINT, protocol: 1, port: 4747 },
    links: [LINK],
    onChange: () => undefined,
    random: () => 0.5,
    connectBus: (listener) => {
      if (bus === null) return Promise.reject(new Error('connect ENOENT'));
      bus.listener = listener;
      return Promise.resolve(bus);
    },
    openResponder: () => {
      responders.push('open');
      return {
        state: { state: 'announced', name: 'attic.home', problem: null },
        setLinks: () => undefined,
        stop: () => Promise.resolve(void responders.push('stop')),
      };
    },
  });
  return { announcer, responders };
}

/** All promises that wait for nothing outside are settled. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** The message bus with an Avahi that believes everything. */
class FakeBus {
  listener: BusListener | null = null;
  hasAvahi = true;
  isClosed = false;
  refusal: string | null = null;
  readonly taken = new Set<string>();
  readonly services: (readonly BusValue[])[] = [];

  call(call: BusCall): Promise<readonly BusValue[]> {
    if (call.member === 'GetState') return Promise.resolve([2]);
    if (call.member === 'EntryGroupNew') {
      const refused = this.refusal === null ? null : new BusCallError(call, this.refusal, 'not permitted');
      return refused === null ? Promise.resolve(['/group/1']) : Promise.reject(refused);
    }
    if (call.member === 'AddService') {
      if (this.taken.has(call.body?.[3] as string))
        return Promise.reject(new BusCallError(call, `${AVAHI}.CollisionError`, 'Local name collision'));
      this.services.push(call.body ?? []);
    }
    return Promise.resolve([]);
  }

  addMatch(): Promise<void> {
    return Promise.resolve();
  }

  hasOwner(): Promise<boolean> {
    return Promise.resolve(this.hasAvahi);
  }

  ownerOf(): Promise<string | null> {
    return Promise.resolve(this.hasAvahi ? ':1.9' : null);
  }

  close(): void {
    this.isClosed = true;
  }

  group(state: number): void {
    this.signal({
      path: '/group/1',
      interface: `${AVAHI}.EntryGroup`,
      member: 'StateChanged',
      body: [state, ''],
    });
  }

  owner(owner: string): void {
    this.signal({ sender: BUS_NAME, member: 'NameOwnerChanged', body: [AVAHI, '', owner] });
  }

  private signal(parts: Partial<BusMessage>): void {
    this.listener?.onSignal({ kind: 'signal', sender: ':1.9', ...parts } as BusMessage);
  }
}
