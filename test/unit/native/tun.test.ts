import type * as childProcess from 'node:child_process';
import type * as crypto from 'node:crypto';
import type * as fs from 'node:fs';
import type * as net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MIN_TUN_STRIDE_BYTES, type NativeApi, type NativeTun, Tun } from '../../../src-native/lib/index.ts';
import {
  type ChildTools,
  createNamespace,
  NAMESPACE_OBSTACLE,
  type Namespace,
} from '../../support/native/child.ts';

test('options are checked before the kernel is asked', () => {
  expect(() => new Tun({} as never)).toThrow(TypeError);
  expect(() => new Tun({ name: 'a-name-longer-than-15' })).toThrow(RangeError);
  expect(() => new Tun({ name: 'x', queueLength: -1 })).toThrow(RangeError);
});

describe.skipIf(NAMESPACE_OBSTACLE)('in a network namespace (needs root)', () => {
  let namespace: Namespace;
  let far: Namespace;

  beforeAll(() => {
    namespace = createNamespace();
    far = createNamespace();
  });

  afterAll(() => {
    namespace.remove();
    far.remove();
  });

  test('a device has the name, the queue and the offloads that were asked for', async () => {
    const seen = await namespace.run((native, _, { ip, require }) => {
      const tun = new native.Tun({ name: 'tun%d', queueLength: 777 });
      const { readFileSync } = require('node:fs') as typeof fs;
      const queueLength = readFileSync(`/sys/class/net/${tun.name}/tx_queue_len`, 'utf8').trim();
      const { name, ifindex, offloads, refusedWrites, lastWriteErrno } = tun;
      const kind = new native.Netlink({ groups: [] })
        .dump('link')
        .find((event) => event.type === 'link' && event.ifindex === ifindex);
      tun.close();
      tun.close();
      let remains = true;
      try {
        ip('link', 'show', name);
      } catch {
        remains = false;
      }
      return { name, offloads, refusedWrites, lastWriteErrno, queueLength, kind, remains };
    }, null);
    expect(seen).toMatchObject({
      name: 'tun0',
      refusedWrites: 0,
      lastWriteErrno: 0,
      queueLength: '777',
      kind: { name: 'tun0', kind: 'tun', isPointToPoint: true },
      remains: false,
    });
    // Checksum and both TCP offloads at least; a kernel from 6.2 on has those for UDP too.
    expect(seen.offloads & 7).toBe(7);
  });

  test('a persistent device outlives its handle, is taken up again, and goes when told', async () => {
    const seen = await namespace.run((native, _, { ip }) => {
      const exists = () => native.carrierUp('kept0') !== null;
      const first = new native.Tun({ name: 'kept0', persist: true });
      const index = first.ifindex;
      first.close();
      const afterFirst = exists();
      ip('link', 'set', 'kept0', 'up');
      const second = new native.Tun({ name: 'kept0' });
      const isSame = second.ifindex === index;
      let busy = '';
      try {
        new native.Tun({ name: 'kept0' });
      } catch (error) {
        busy = (error as { code: string }).code;
      }
      second.close();
      const afterSecond = exists();
      new native.Tun({ name: 'kept0', persist: false }).close();
      return { afterFirst, isSame, busy, afterSecond, afterThird: exists() };
    }, null);
    expect(seen).toEqual({
      afterFirst: true,
      isSame: true,
      busy: 'EBUSY',
      afterSecond: true,
      afterThird: false,
    });
  });

  test('TCP through two devices arrives whole, in packets far beyond the MTU', async () => {
    const seen = await namespace.run(exchangeOverTcp, {
      far: far.name,
      stride: MIN_TUN_STRIDE_BYTES,
      payloadBytes: 20_000_000,
    });
    expect(seen.receivedHash).toBe(seen.sentHash);
    expect(seen.refusedWrites).toBe(0);
    expect(seen.largestPacket).toBeGreaterThan(20_000);
    expect(seen.largestPacket).toBeLessThanOrEqual(MIN_TUN_STRIDE_BYTES);
  });

  test('packets the kernel refuses are skipped, counted and named', async () => {
    const seen = await namespace.run((native, _, { ip }) => {
      const words = new Int32Array(native.createArena(1 << 20));
      const bytes = new Uint8Array(words.buffer);
      const tun = new native.Tun({ name: 'refuse0' });
      ip('link', 'set', 'refuse0', 'up');
      // An IPv4 header without options to nobody, behind an empty virtio header.
      bytes.set([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2], 4096 + 10);
      // Garbage: no IP version at all, and too short for its header.
      words.set([4096, 30, 8192, 30, 4096, 5, 4096, 30], 0);
      const written = tun.write(0, 4);
      const { refusedWrites, lastWriteErrno } = tun;
      ip('link', 'set', 'refuse0', 'down');
      const writtenDown = tun.write(0, 1);
      return { written, refusedWrites, lastWriteErrno, writtenDown, errnoDown: tun.lastWriteErrno };
    }, null);
    expect(seen).toEqual({
      written: 2,
      refusedWrites: 2,
      lastWriteErrno: 22,
      writtenDown: 0,
      errnoDown: 5,
    });
  });

  test('a device that is deleted under its reader is reported once and does not turn in circles', async () => {
    const seen = await namespace.run(async (native, _, { ip }) => {
      native.createArena(1 << 20);
      const tun = new native.Tun({ name: 'gone0', persist: true });
      let calls = 0;
      const code = await new Promise<string>((resolve) => {
        tun.startPolling(() => {
          calls++;
          try {
            tun.read(0, 65_600, 4, 0);
          } catch (error) {
            resolve((error as { code: string }).code);
          }
        });
        ip('link', 'del', 'gone0');
      });
      for (let turn = 0; turn < 100; turn++) {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      }
      tun.close();
      return { code, calls };
    }, null);
    expect(seen).toEqual({ code: 'EBADFD', calls: 1 });
  });

  test('slots and lists outside the arena, and slots too small for a packet, are refused', async () => {
    const codes = await namespace.run((native) => {
      const size = 1 << 20;
      const words = new Int32Array(native.createArena(size));
      const tun = new native.Tun({ name: 'bounds0' });
      words.set([0, 30, size - 29, 30], 0);
      const attempts = [
        () => tun.read(0, 1500, 1, 0),
        () => tun.read(size - 65_600 + 1, 65_600, 1, 0),
        () => tun.read(-1, 65_600, 1, 0),
        () => tun.read(0, 65_600, 16, 0),
        () => tun.read(0, 65_600, 1, size / 4),
        () => tun.read(0, 65_600, -1, 0),
        () => tun.write(0, 2),
        () => tun.write(size / 4 - 1, 1),
        () => tun.write(0, -1),
        () => tun.read(0, 65_600, 15, 0),
      ];
      return attempts.map((attempt) => {
        try {
          return attempt();
        } catch (error) {
          return (error as { code: string }).code;
        }
      });
    }, null);
    expect(codes).toEqual(['ERR_OUT_OF_RANGE', ...Array<string>(8).fill('ERR_OUT_OF_ARENA'), 0]);
  });
});

/**
 * Joins two TUN devices back to back, the second moved to another network namespace, and sends a payload
 * through both over TCP. Runs in the child.
 */
async function exchangeOverTcp(
  native: NativeApi,
  { far, stride, payloadBytes }: { far: string; stride: number; payloadBytes: number },
  { ip, require }: ChildTools,
) {
  const { createHash, randomBytes } = require('node:crypto') as typeof crypto;
  const { spawn } = require('node:child_process') as typeof childProcess;
  const { connect } = require('node:net') as typeof net;
  const slots = 16;
  const words = new Int32Array(native.createArena(slots * stride + 65_536));
  const [lengths, desc, base] = [0, slots, 65_536];

  const near = new native.Tun({ name: 'near0' });
  const moved = new native.Tun({ name: 'far0' });
  ip('addr', 'add', '10.0.1.1/24', 'dev', 'near0');
  ip('link', 'set', 'near0', 'mtu', '1400', 'up');
  ip('link', 'set', 'far0', 'netns', far);
  ip('-n', far, 'addr', 'add', '10.0.1.2/24', 'dev', 'far0');
  ip('-n', far, 'link', 'set', 'far0', 'mtu', '1400', 'up');
  let largestPacket = 0;
  const join = (from: NativeTun, to: NativeTun) => {
    from.startPolling(() => {
      const count = from.read(base, stride, slots, lengths);
      for (let i = 0; i < count; i++) {
        words[desc + 2 * i] = base + i * stride;
        words[desc + 2 * i + 1] = words[lengths + i]!;
        largestPacket = Math.max(largestPacket, words[lengths + i]!);
      }
      to.write(desc, count);
    });
  };
  join(near, moved);
  join(moved, near);

  const payload = randomBytes(payloadBytes);
  const receiver = `
    const hash = require('node:crypto').createHash('sha256');
    const server = require('node:net').createServer((socket) => {
      socket.on('data', (chunk) => hash.update(chunk));
      socket.on('end', () => { socket.end(); server.close(); console.log(hash.digest('hex')); });
    });
    server.listen(7000, () => console.log('ready'));`;
  const server = spawn('ip', ['netns', 'exec', far, process.execPath, '-e', receiver]);
  let output = '';
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (chunk: Buffer) => {
      if (output === '') connect(7000, '10.0.1.2').end(payload);
      output += chunk.toString();
    });
    server.stdout.on('end', resolve);
  });
  const refusedWrites = near.refusedWrites + moved.refusedWrites;
  near.close();
  moved.close();
  const sentHash = createHash('sha256').update(payload).digest('hex');
  return { sentHash, receivedHash: output.trim().split('\n')[1], refusedWrites, largestPacket };
}
