import { afterEach, expect, test } from 'vitest';
import {
  addressDescribe,
  addressIntern,
  addressPin,
  addressSource,
  addressUnpin,
  UdpSocket,
} from '../../../src-native/lib/index.ts';
import { createMemory } from '../../support/native/memory.ts';
import { UdpBench } from '../../support/native/udp.ts';

const bench = new UdpBench(createMemory(16 * 1024 * 1024));
const CAPACITY = 4096;
const pinned: number[] = [];

afterEach(() => {
  for (const id of pinned.splice(0)) addressUnpin(id);
});

test('an address has one id, however it is written', () => {
  const id = addressIntern('192.0.2.1', 4747);
  expect(addressIntern('::ffff:192.0.2.1', 4747)).toBe(id);
  expect(addressIntern('192.0.2.1', 4748)).not.toBe(id);
  expect(addressDescribe(id)).toEqual({
    address: '192.0.2.1',
    port: 4747,
    scopeId: 0,
    localAddress: null,
    ifindex: 0,
  });
  expect(addressIntern('2001:db8:0:0::1', 1)).toBe(addressIntern('2001:db8::1', 1));
});

test('a scope counts for link-local addresses and for no others', () => {
  expect(addressDescribe(addressIntern('fe80::1', 5, 3))).toMatchObject({ scopeId: 3, ifindex: 3 });
  expect(addressIntern('fe80::1', 5, 4)).not.toBe(addressIntern('fe80::1', 5, 3));
  expect(addressDescribe(addressIntern('169.254.1.2', 5, 3))).toMatchObject({ scopeId: 0, ifindex: 3 });
  expect(addressIntern('2001:db8::1', 5, 3)).toBe(addressIntern('2001:db8::1', 5));
});

test('a flood of other addresses displaces no pinned one and grows nothing', () => {
  const mine = addressIntern('192.0.2.77', 77);
  pin(mine);
  const ids = new Set<number>();
  for (let i = 0; i < 40_000; i++) ids.add(addressIntern(floodAddress(i), 1 + (i % 60_000)));
  expect(Math.max(...ids)).toBeLessThanOrEqual(CAPACITY);
  expect(Math.min(...ids)).toBeGreaterThan(0);
  expect(ids.has(mine)).toBe(false);
  expect(addressDescribe(mine)).toMatchObject({ address: '192.0.2.77', port: 77 });
  expect(addressIntern('192.0.2.77', 77)).toBe(mine);
});

test('an address in use outlives idle ones', () => {
  const busy = addressIntern('192.0.2.99', 9);
  for (let i = 0; i < 20_000; i++) {
    addressIntern(floodAddress(i), 50_000);
    if (i % 1000 === 0) expect(addressIntern('192.0.2.99', 9), `after ${i}`).toBe(busy);
  }
});

test('every recycled id describes the address that holds it', () => {
  for (let i = 0; i < 10_000; i++) {
    const id = addressIntern(floodAddress(i), 40_000);
    expect(addressDescribe(id).address).toBe(floodAddress(i));
  }
});

test('pins are counted', () => {
  const id = addressIntern('192.0.2.5', 5);
  addressPin(id);
  addressPin(id);
  addressUnpin(id);
  for (let i = 0; i < 3 * CAPACITY; i++) addressIntern(floodAddress(i), 1);
  expect(addressDescribe(id)).toMatchObject({ address: '192.0.2.5', port: 5 });
  addressUnpin(id);
  expect(() => addressUnpin(id)).toThrow(expect.objectContaining({ code: 'ERR_BAD_ADDRESS' }));
  for (let i = 0; i < 3 * CAPACITY; i++) addressIntern(floodAddress(i), 2);
  expect(addressDescribe(id)).not.toMatchObject({ address: '192.0.2.5', port: 5 });
});

test('a table full of pins refuses newcomers and still knows its own', () => {
  const ids: number[] = [];
  for (let i = 0; i < CAPACITY; i++) {
    const id = addressIntern(floodAddress(i), 3);
    pin(id);
    ids.push(id);
  }
  expect(new Set(ids).size).toBe(CAPACITY);
  expect(() => addressIntern('198.51.100.1', 1)).toThrow(
    expect.objectContaining({ code: 'ERR_ADDRESS_TABLE_FULL' }),
  );
  expect(addressIntern(floodAddress(17), 3)).toBe(ids[17]);
});

test('senders of one batch never share an id, not even in a table that is almost full of pins', async () => {
  const receiver = new UdpSocket({ family: 4, localAddress: '127.0.0.1', localPort: 0 });
  const senders = Array.from({ length: 4 }, () => new UdpSocket({ family: 4, localPort: 0 }));
  const to = addressIntern('127.0.0.1', receiver.localPort);
  pin(to);
  for (let i = 0; i < CAPACITY - 2; i++) pin(addressIntern(floodAddress(i), 4));
  for (const sender of senders) {
    bench.send(sender, [{ data: Buffer.from(String(sender.localPort)), addressId: to }]);
  }

  const messages = await bench.receive(receiver, 1);

  // One entry is left, so one sender is heard and the others are lost rather than taken for it.
  expect(messages).toHaveLength(1);
  expect(addressDescribe(messages[0]!.addressId).port).toBe(Number(messages[0]!.data.toString()));
  for (const socket of [receiver, ...senders]) socket.close();
});

test('nonsense is refused', () => {
  for (const text of ['', 'example.org', '1.2.3', '1.2.3.4.5', '::g', 'fe80::1%eth0', '1.2.3.4\0']) {
    expect(() => addressIntern(text, 1), text).toThrow(RangeError);
  }
  for (const port of [-1, 65_536, 1.5, Number.NaN])
    expect(() => addressIntern('::1', port)).toThrow(RangeError);
  for (const id of [0, -1, CAPACITY + 1, 2 ** 31 - 1]) {
    expect(() => addressDescribe(id)).toThrow(expect.objectContaining({ code: 'ERR_BAD_ADDRESS' }));
    expect(() => addressPin(id)).toThrow(RangeError);
  }
});

test('a source is the address whatever the port, and cannot be told from it', () => {
  const sourceOf = (ip: string, port: number): number => addressSource(addressIntern(ip, port));
  expect(sourceOf('192.0.2.1', 1)).toBe(sourceOf('192.0.2.1', 4747));
  expect(sourceOf('2001:db8::1', 1)).toBe(sourceOf('2001:db8::1', 2));
  const low = Array.from({ length: 1024 }, (_, i) => sourceOf(floodAddress(i), 1) % 1024);
  expect(new Set(low).size, 'spread over 1,024 counters').toBeGreaterThan(500);
  expect(() => addressSource(0)).toThrow(expect.objectContaining({ code: 'ERR_BAD_ADDRESS' }));
});

function pin(id: number): void {
  addressPin(id);
  pinned.push(id);
}

function floodAddress(i: number): string {
  return `2001:db8:1::${(i + 1).toString(16)}`;
}
