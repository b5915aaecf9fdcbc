import type * as childProcess from 'node:child_process';
import type * as fs from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NativeApi } from '../../../src-native/lib/index.ts';
import {
  type ChildTools,
  createNamespace,
  NAMESPACE_OBSTACLE,
  type Namespace,
} from '../../support/native/child.ts';

const EDESTADDRREQ = 89;
const ENODEV = 19;
const ENETUNREACH = 101;

/** What one step of `converse` gave. */
interface Step {
  readonly consumed: number;
  readonly errno: number;
  readonly failed: number;
  /** Length and segment bytes of what came back. */
  readonly answers: readonly (readonly [number, number])[];
  readonly from: { readonly address: string; readonly scopeId: number; readonly ifindex: number } | null;
  readonly errors: readonly { readonly code: string; readonly mtu: number }[];
}

describe.skipIf(NAMESPACE_OBSTACLE)('between two network namespaces (needs root)', () => {
  let near: Namespace;
  let far: Namespace;

  beforeAll(() => {
    near = createNamespace();
    far = createNamespace();
    near.ip('link', 'add', 'cable', 'mtu', '1400', 'type', 'veth', 'peer', 'name', 'end', 'netns', far.name);
    // The only link-local addresses are those given here: the kernel's own would answer as well as them.
    near.ip('link', 'set', 'cable', 'addrgenmode', 'none');
    far.ip('link', 'set', 'end', 'addrgenmode', 'none');
    near.ip('addr', 'add', '10.5.0.1/24', 'dev', 'cable');
    far.ip('addr', 'add', '10.5.0.2/24', 'dev', 'end');
    near.ip('addr', 'add', 'fe80::1/64', 'dev', 'cable', 'nodad');
    far.ip('addr', 'add', 'fe80::2/64', 'dev', 'end', 'nodad');
    far.ip('link', 'set', 'end', 'mtu', '1400', 'up');
    near.ip('link', 'set', 'cable', 'up');
  });

  afterAll(() => {
    near.remove();
    far.remove();
  });

  test('a socket tied to an interface talks over it, and there has to be one', async () => {
    const steps = await near.run(converse, { far: far.name, peer: '10.5.0.2', steps: [{ lengths: [100] }] });
    expect(steps).toEqual([
      {
        consumed: 1,
        errno: 0,
        failed: 0,
        answers: [[100, 100]],
        from: { address: '10.5.0.2', scopeId: 0, ifindex: 2 },
        errors: [],
      },
    ]);
    const missing = await near.run((native) => {
      try {
        new native.UdpSocket({ family: 4, localPort: 0, device: 'nosuch' });
      } catch (error) {
        return error as { code: string; syscall: string };
      }
      return null;
    }, null);
    expect(missing).toMatchObject({ code: 'ENODEV', syscall: 'setsockopt(SO_BINDTODEVICE)' });
  });

  test('a link-local peer is reached through its interface', async () => {
    const steps = await near.run(converse, {
      far: far.name,
      peer: 'fe80::2',
      steps: [{ lengths: [100, 100] }],
    });
    expect(steps[0]).toMatchObject({
      errno: 0,
      answers: expect.arrayContaining([[100, 100]]) as unknown,
      from: { address: 'fe80::2', scopeId: 2, ifindex: 2 },
    });
  });

  test('a socket tied to one interface sends nothing to a link-local peer on another', async () => {
    const seen = await near.run(async (native, _, { require }) => {
      const { readFileSync } = require('node:fs') as typeof fs;
      const sentPackets = () => Number(readFileSync('/sys/class/net/cable/statistics/tx_packets', 'utf8'));
      const words = new Int32Array(native.createArena(65_536));
      const peer = native.addressIntern('fe80::2', 7000, 2);
      const sendFrom = async (device: string) => {
        const socket = new native.UdpSocket({ family: 6, localPort: 0, device });
        const before = sentPackets();
        for (let i = 0; i < 50; i++) {
          words.set([4096, 10, peer, 0], 0);
          socket.send(0, 1, 100);
        }
        const errno = words[100];
        // What was taken may still wait for the neighbour's address; what was refused is gone.
        const deadline = performance.now() + (errno === 0 ? 10_000 : 0);
        while (sentPackets() - before < 50 && performance.now() < deadline)
          await new Promise((resolve) => setTimeout(resolve, 10));
        socket.close();
        return { errno, hasLeft: sentPackets() - before >= 50 };
      };
      return [await sendFrom('lo'), await sendFrom('cable')];
    }, null);
    expect(seen).toEqual([
      { errno: EDESTADDRREQ, hasLeft: false },
      { errno: 0, hasLeft: true },
    ]);
  });

  test.each([
    { peer: '10.5.0.2', overhead: 28 },
    { peer: 'fe80::2', overhead: 48 },
  ])(
    'a probe beyond the MTU fails with that MTU, and runs stay whole for $peer',
    async ({ peer, overhead }) => {
      const largest = 1400 - overhead;
      const steps = await near.run(converse, {
        far: far.name,
        peer,
        steps: [
          { lengths: [largest] },
          { lengths: [largest + 1] },
          { lengths: Array<number>(10).fill(largest + 1) },
          { lengths: Array<number>(10).fill(largest) },
        ],
      });
      expect(steps[0]).toMatchObject({ errno: 0, answers: [[largest, largest]] });
      expect(steps[1]).toMatchObject({ consumed: 1, errno: 90, failed: 1, answers: [] });
      expect(steps[1]!.errors.at(-1)).toEqual({ code: 'EMSGSIZE', mtu: 1400 });
      expect(steps[2]).toMatchObject({ consumed: 10, errno: 90, failed: 10, answers: [] });
      expect(steps[3]).toMatchObject({ consumed: 10, errno: 0, failed: 0 });
      // The peer answers one by one; what counts is that it got the run as it was sent.
      expect(steps[3]!.answers.reduce((sum, [length]) => sum + length, 0)).toBe(10 * largest);
    },
  );

  test('an interface that is switched off, and one that is gone, fails each send', async () => {
    const steps = await near.run(converse, {
      far: far.name,
      peer: '10.5.0.2',
      steps: [
        { before: ['link', 'set', 'cable', 'down'], lengths: [50, 50] },
        { before: ['link', 'del', 'cable'], lengths: [50, 50, 60] },
      ],
    });
    expect(steps[0]).toMatchObject({ consumed: 2, failed: 2 });
    expect(steps[1]).toMatchObject({ consumed: 3, failed: 3 });
    expect([steps[0]!.errno, steps[1]!.errno]).toEqual([ENETUNREACH, ENODEV]);
  });
});

/**
 * Sends runs of datagrams to an echo server in the other namespace and gathers what comes of it. Runs in the
 * child.
 */
async function converse(
  native: NativeApi,
  plan: {
    far: string;
    peer: string;
    steps: readonly { before?: readonly string[]; lengths: readonly number[] }[];
  },
  { ip, require }: ChildTools,
): Promise<Step[]> {
  const { spawn } = require('node:child_process') as typeof childProcess;
  const source = `
    const socket = require('node:dgram').createSocket('udp6');
    socket.on('message', (data, from) => socket.send(data, from.port, from.address));
    socket.bind(7000, () => console.log('ready'));`;
  const server = spawn('ip', ['netns', 'exec', plan.far, process.execPath, '-e', source]);
  await new Promise((resolve) => server.stdout.once('data', resolve));

  const words = new Int32Array(native.createArena(8 << 20));
  const [desc, result, meta, data, slots] = [0, 4000, 5000, 1 << 20, 2 << 20];
  const family = plan.peer.includes(':') ? 6 : 4;
  const socket = new native.UdpSocket({
    family,
    localPort: 0,
    device: 'cable',
    packetInfo: true,
    mark: 0x40,
  });
  const peer = native.addressIntern(plan.peer, 7000, 2);
  const steps: Step[] = [];
  for (const { before, lengths } of plan.steps) {
    if (before !== undefined) ip(...before);
    lengths.forEach((length, i) => words.set([data, length, peer, 0], desc + 4 * i));
    const consumed = socket.send(desc, lengths.length, result);
    const [errno, failed] = [words[result]!, words[result + 1]!];
    const answers: [number, number][] = [];
    let from: Step['from'] = null;
    let missing = failed > 0 ? 0 : lengths.reduce((sum, length) => sum + length, 0);
    await new Promise<void>((resolve) => {
      if (missing === 0) {
        resolve();
        return;
      }
      socket.startPolling(() => {
        const count = socket.receive(slots, 65_536, 16, meta);
        for (let i = 0; i < count; i++) {
          const [, length, segment, id] = words.subarray(meta + 4 * i, meta + 4 * i + 4);
          answers.push([length!, segment!]);
          missing -= length!;
          const { address, scopeId, ifindex } = native.addressDescribe(id!);
          from = { address, scopeId, ifindex };
        }
        if (missing <= 0) resolve();
      });
    });
    socket.stopPolling();
    const errors = socket.takeErrors().map(({ code, mtu }) => ({ code, mtu }));
    steps.push({ consumed, errno, failed, answers, from, errors });
  }
  socket.close();
  server.kill();
  return steps;
}
