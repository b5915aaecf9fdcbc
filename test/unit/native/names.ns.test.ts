import type * as ChildProcess from 'node:child_process';
import type * as Dgram from 'node:dgram';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNamespace, NAMESPACE_OBSTACLE, type Namespace } from '../../support/native/child.ts';

describe.skipIf(NAMESPACE_OBSTACLE !== null)('in a network namespace (needs root)', () => {
  let namespace: Namespace;
  beforeAll(() => void (namespace = createNamespace()));
  afterAll(() => {
    namespace.remove();
  });

  test('questions that leave and answers that come are seen once each, also after the interface was down', async () => {
    const seen = await namespace.run(async (native, _, { require: load }) => {
      const dgram = load('node:dgram') as typeof Dgram;
      const { execFileSync } = load('node:child_process') as typeof ChildProcess;
      const socketAt = (type: 'udp4' | 'udp6', port: number, address: string) =>
        new Promise<Dgram.Socket>((resolve) => {
          const socket = dgram.createSocket(type);
          socket.bind(port, address, () => {
            resolve(socket);
          });
        });
      // The loopback interface is the first of each namespace.
      const tap = new native.NameTap(1);
      const packets: Uint8Array[] = [];
      tap.startPolling(() => packets.push(...tap.read()));
      for (const state of ['down', 'up']) execFileSync('ip', ['link', 'set', 'lo', state]);
      for (const [type, address] of [
        ['udp4', '127.0.0.1'],
        ['udp6', '::1'],
      ] as const) {
        const server = await socketAt(type, 53, address);
        const client = await socketAt(type, 0, address);
        const { port } = client.address();
        await new Promise<void>((resolve) => {
          server.on('message', () => {
            server.send('answer '.repeat(1_000), port, address);
          });
          client.on('message', () => {
            resolve();
          });
          client.send('hello', 4_000, address);
          client.send('question', 53, address);
        });
        server.close();
        client.close();
      }
      while (packets.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
      tap.close();
      tap.close();
      return packets.map((packet) => [
        packet[0]! >> 4,
        packet.length,
        Buffer.from(packet).toString('latin1', packet[0] === 0x45 ? 28 : 48, packet[0] === 0x45 ? 36 : 56),
      ]);
    }, null);
    expect(seen).toEqual([
      [4, 36, 'question'],
      [4, 4096, 'answer a'],
      [6, 56, 'question'],
      [6, 4096, 'answer a'],
    ]);
  });

  test('an interface that does not exist is told from what is no interface', async () => {
    const codes = await namespace.run((native) => {
      const codeOf = (ifindex: number): unknown => {
        try {
          new native.NameTap(ifindex).close();
          return null;
        } catch (error) {
          return (error as { code: unknown }).code;
        }
      };
      return [1, 4_242, 0].map(codeOf);
    }, null);
    expect(codes).toEqual([null, 'ENODEV', 'ERR_OUT_OF_RANGE']);
  });

  test('rules of single addresses come and go, and are told from others', async () => {
    const answers = await namespace.run((native) => {
      const rule = {
        family: 4,
        priority: 32_734,
        owner: 49,
        address: '203.0.113.1',
        markMask: 0xff000000,
      } as const;
      const six = { ...rule, family: 6, address: '2001:db8::1' } as const;
      const done = [
        native.hostRule(true, { ...rule, table: 4750 }),
        native.hostRule(true, rule),
        native.hostRule(true, rule),
        native.hostRule(true, { ...rule, protocol: 6, port: 443, goto: 32_738 }),
        native.hostRule(true, { ...six, table: 254 }),
        native.hostRule(false, { ...rule, address: '203.0.113.2' }),
      ];
      const codes: unknown[] = [];
      for (const wrong of [
        { ...rule, address: 'x' },
        { ...rule, family: 5 },
        { family: 4, owner: 49 },
        { ...rule, address: six.address },
      ])
        try {
          native.hostRule(true, wrong as typeof rule);
        } catch (error) {
          codes.push((error as { code: unknown }).code);
        }
      return { done, codes };
    }, null);
    expect(answers).toEqual({
      done: [true, true, false, true, true, false],
      codes: ['ERR_BAD_ADDRESS', 'ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE', 'ERR_BAD_ADDRESS'],
    });
    namespace.ip('rule', 'add', 'priority', '32734', 'to', '203.0.113.9', 'table', '100', 'protocol', '50');
    const lines = (family: string): string[] =>
      namespace
        .ip(family, 'rule', 'show')
        .split('\n')
        .filter((line) => line.startsWith('32734'))
        .map((line) => line.replace(/\s+/g, ' ').trim());
    expect(lines('-4')).toEqual([
      '32734: from all to 203.0.113.1 fwmark 0/0xff000000 lookup 4750 proto 49',
      '32734: from all to 203.0.113.1 fwmark 0/0xff000000 unreachable proto 49',
      '32734: from all to 203.0.113.1 fwmark 0/0xff000000 ipproto tcp dport 443 goto 32738 [unresolved] proto 49',
      '32734: from all to 203.0.113.9 lookup 100 proto 50',
    ]);
    const removed = await namespace.run((native) => {
      let count = 0;
      for (const family of [4, 6] as const)
        while (native.hostRule(false, { family, priority: 32_734, owner: 49 })) count++;
      return count;
    }, null);
    expect(removed).toBe(4);
    expect(lines('-4')).toEqual(['32734: from all to 203.0.113.9 lookup 100 proto 50']);
    expect(lines('-6')).toEqual([]);
  });
});
