import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BusCall } from '../../../src-platform/dbus/system-bus.ts';
import type { BusMessage, BusValue } from '../../../src-platform/dbus/message.ts';
import { NetworkManagerWatch } from '../../../src-platform/network-manager/network-manager.ts';
import { FakeBus, settled } from '../../support/fake-bus.ts';

describe('what NetworkManager knows', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is read at first, and again when something changed there; nothing is ever changed by us', async () => {
    const bus = managerWith({ eth0: 4, wlan0: 1, wwan0: 3, usb0: 0 });
    const { watch, changes } = watchOn(bus);
    await settled();
    expect([...watch.facts.metered]).toEqual([
      ['eth0', false],
      ['wlan0', true],
      ['wwan0', true],
    ]);
    expect([watch.facts.checkUri, changes.count]).toEqual(['http://check.example/ok', 1]);

    bus.answer = managerWith({ eth0: 1 }).answer;
    watch.service.onSignal({ member: 'PropertiesChanged' } as BusMessage);
    watch.service.onSignal({ member: 'PropertiesChanged' } as BusMessage);
    await vi.advanceTimersByTimeAsync(200);
    expect([...watch.facts.metered]).toEqual([['eth0', true]]);
    expect(changes.count).toBe(2);
    expect(new Set(bus.calls.map(({ member }) => member))).toEqual(new Set(['Get']));
  });

  it('is forgotten when it ends', async () => {
    const { watch, changes } = watchOn(managerWith({ eth0: 1 }));
    await settled();
    watch.service.onDown();
    expect([watch.facts.metered.size, watch.facts.checkUri, changes.count]).toEqual([0, null, 2]);
  });

  it('holds no page to ask for where its own check is switched off', async () => {
    const { watch } = watchOn(managerWith({ eth0: 4 }, false));
    await settled();
    expect(watch.facts.checkUri).toBeNull();
  });
});

function watchOn(bus: FakeBus) {
  const changes = { count: 0 };
  const watch = new NetworkManagerWatch(() => void changes.count++);
  watch.service.onUp(bus);
  return { watch, changes };
}

/** A NetworkManager whose devices have these values of `NMMetered`. */
function managerWith(devices: Readonly<Record<string, number>>, isChecking = true): FakeBus {
  const bus = new FakeBus();
  const variant = (signature: string, value: BusValue): readonly BusValue[] => [{ signature, value }];
  bus.answer = ({ path, body = [] }: BusCall) => {
    switch (body[1]) {
      case 'ConnectivityCheckEnabled':
        return variant('b', isChecking);
      case 'ConnectivityCheckUri':
        return variant('s', 'http://check.example/ok');
      case 'Devices':
        return variant(
          'ao',
          Object.keys(devices).map((name) => `/devices/${name}`),
        );
      case 'Interface':
        return variant('s', path.slice('/devices/'.length));
      default:
        return variant('u', devices[path.slice('/devices/'.length)] ?? 0);
    }
  };
  return bus;
}
