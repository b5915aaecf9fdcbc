import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatagramMeter, inetSockets } from '../../../src-native/lib/index.ts';
import type { InetSocket, NativeDatagramMeter } from '../../../src-native/lib/types.ts';
import { findGroupRoot } from '../../../src-platform/apps/control-groups.ts';

const ROOT = findGroupRoot() ?? '';

const FAMILIES = [
  { type: 'udp4', loopback: '127.0.0.1', any: '0.0.0.0' },
  { type: 'udp6', loopback: '::1', any: '::' },
] as const;

describe.each(FAMILIES)('what sockets of $type move', ({ type, loopback, any }) => {
  let meter: NativeDatagramMeter;
  let asker: Socket;
  let answerer: Socket;

  beforeEach(async () => {
    asker = createSocket(type).bind(0, any);
    answerer = createSocket(type).bind(0, loopback);
    await Promise.all([once(asker, 'listening'), once(answerer, 'listening')]);
    meter = new DatagramMeter(ROOT);
  });
  afterEach(() => {
    meter.close();
    asker.close();
    answerer.close();
  });

  /** Sends questions of 100 bytes, each answered with 30. */
  const exchange = async (questions: number): Promise<void> => {
    for (let i = 0; i < questions; i++) {
      const heard = once(asker, 'message');
      answerer.once('message', (_, { port, address }) => answerer.send(Buffer.alloc(30), port, address));
      asker.send(Buffer.alloc(100), answerer.address().port, loopback);
      await heard;
    }
  };
  const moved = (sockets: readonly InetSocket[]): unknown[] =>
    sockets
      .filter(({ local, remotePort }) => local === loopback && remotePort === 0)
      .map(({ remote, sentBytes, receivedBytes }) => ({ remote, sentBytes, receivedBytes }));

  it('is counted from the first packet on, also where they are not connected', async () => {
    expect(moved(meter.sockets())).toEqual([]);
    await exchange(3);
    const expected = [
      { remote: any, sentBytes: 300, receivedBytes: 90 },
      { remote: any, sentBytes: 90, receivedBytes: 300 },
    ];
    expect(moved(meter.sockets())).toEqual(expect.arrayContaining(expected));
    await exchange(2);
    expect(moved(meter.sockets())).toEqual(
      expect.arrayContaining([{ remote: any, sentBytes: 500, receivedBytes: 150 }]),
    );
    expect(moved(inetSockets()), 'without a meter').toEqual([]);
  });

  it('is told of a connected socket by the other end, too', async () => {
    asker.connect(answerer.address().port, loopback);
    await once(asker, 'connect');
    answerer.once('message', (_, { port, address }) => answerer.send(Buffer.alloc(30), port, address));
    asker.send(Buffer.alloc(1_000));
    await once(asker, 'message');
    const { port } = answerer.address();
    const own = meter.sockets().filter(({ remotePort }) => remotePort === port);
    expect(own).toEqual([expect.objectContaining({ local: loopback, sentBytes: 1_000, receivedBytes: 30 })]);
  });

  it('is counted by several at once, each from its own beginning, and by nobody after the end', async () => {
    await exchange(1);
    const second = new DatagramMeter(ROOT);
    await exchange(1);
    const questionsOf = (each: NativeDatagramMeter): unknown[] => moved(each.sockets());
    expect(questionsOf(meter)).toContainEqual({ remote: any, sentBytes: 200, receivedBytes: 60 });
    expect(questionsOf(second)).toContainEqual({ remote: any, sentBytes: 100, receivedBytes: 30 });
    second.close();
    second.close();
    expect(() => second.sockets()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }) as Error);
    await exchange(1);
    expect(questionsOf(meter)).toContainEqual({ remote: any, sentBytes: 300, receivedBytes: 90 });
  });
});

it('says which folder it cannot count in', () => {
  expect(() => new DatagramMeter('/nowhere')).toThrow(expect.objectContaining({ code: 'ENOENT' }) as Error);
});
