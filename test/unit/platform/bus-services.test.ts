import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BusServices } from '../../../src-platform/dbus/bus-services.ts';
import { FakeBus, settled } from '../../support/fake-bus.ts';

const SERVICE = 'org.freedesktop.resolve1';

describe('a service of the message bus', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is told of when it runs already, ends, starts and is exchanged for another', async () => {
    const bus = new FakeBus();
    bus.owners.set(SERVICE, ':1.4');
    const { heard } = watch(bus);
    await settled();
    bus.become(SERVICE, '');
    bus.become(SERVICE, ':1.9');
    bus.become(SERVICE, ':1.12');
    expect(heard).toEqual(['up', 'down', 'up', 'down', 'up']);
  });

  it('is heard, and nobody else in its name', async () => {
    const bus = new FakeBus();
    bus.owners.set(SERVICE, ':1.4');
    const { heard } = watch(bus);
    await settled();
    bus.emit(':1.66', 'PropertiesChanged', []);
    bus.emit(':1.4', 'PropertiesChanged', []);
    expect(heard).toEqual(['up', 'PropertiesChanged']);
  });

  it('is down while the bus is, and up again once the bus is back', async () => {
    const bus = new FakeBus();
    bus.owners.set(SERVICE, ':1.4');
    const { heard } = watch(bus);
    await settled();
    bus.listener?.onEnd();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(heard).toEqual(['up', 'down', 'up']);
  });

  it('is no matter where there is no bus, nor after the end', async () => {
    const bus = new FakeBus();
    const { heard, services } = watch(bus);
    await settled();
    services.close();
    bus.become(SERVICE, ':1.4');
    expect([heard, bus.isClosed]).toEqual([[], true]);
    const nowhere = new BusServices({ services: [], connect: () => Promise.reject(new Error('ENOENT')) });
    await settled();
    nowhere.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

function watch(bus: FakeBus): { heard: string[]; services: BusServices } {
  const heard: string[] = [];
  const services = new BusServices({
    connect: bus.connect,
    services: [
      {
        name: SERVICE,
        onUp: () => void heard.push('up'),
        onDown: () => void heard.push('down'),
        onSignal: ({ member }) => void heard.push(member ?? ''),
      },
    ],
  });
  return { heard, services };
}
