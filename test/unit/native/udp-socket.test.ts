import { afterEach, describe, expect, test } from 'vitest';
import {
  addressDescribe,
  addressIntern,
  type NativeUdpSocket,
  UdpSocket,
  type UdpSocketOptions,
} from '../../../src-native/lib/index.ts';
import { createMemory } from '../../support/native/memory.ts';
import { randomDatagrams, split, UdpBench } from '../../support/native/udp.ts';

const memory = createMemory();
const bench = new UdpBench(memory);
const opened: NativeUdpSocket[] = [];

afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

describe.each<{ family: 4 | 6; loopback: string }>([
  { family: 4, loopback: '127.0.0.1' },
  { family: 6, loopback: '::1' },
])('IPv$family', ({ family, loopback }) => {
  const pair = () => {
    const sender = openSocket({ family, localAddress: loopback });
    const receiver = openSocket({ family, localAddress: loopback, receiveBufferBytes: 8 << 20 });
    return { sender, receiver, addressId: addressIntern(loopback, receiver.localPort) };
  };

  test.each([
    { name: 'one datagram', lengths: [700] },
    { name: 'a long run of one length', lengths: Array<number>(200).fill(1200) },
    { name: 'a run whose last is shorter', lengths: [...Array<number>(40).fill(1200), 100] },
    { name: 'mixed lengths', lengths: [100, 1200, 1200, 50, 1200, 300, 300, 300, 301, 1, 1, 1] },
    { name: 'the largest datagrams', lengths: [65_000, 65_000, 10] },
    { name: 'a thousand tiny ones', lengths: Array<number>(1000).fill(33) },
  ])('$name arrive whole and in order', async ({ lengths }) => {
    const { sender, receiver, addressId } = pair();
    const datagrams = randomDatagrams(lengths);

    const sent = bench.send(
      sender,
      datagrams.map((data) => ({ data, addressId })),
    );

    expect(sent).toEqual({ consumed: lengths.length, errno: 0, failed: 0 });
    const messages = await bench.receive(receiver, lengths.length);
    expect(messages.flatMap(split)).toEqual(datagrams);
    for (const { addressId: from } of messages) {
      expect(addressDescribe(from)).toEqual({
        address: loopback,
        port: sender.localPort,
        scopeId: 0,
        localAddress: null,
        ifindex: 0,
      });
    }
  });

  test('a run travels as few messages of even size', async () => {
    const { sender, receiver, addressId } = pair();
    // 55 fit one send, so 60 go as two of 30 and not as 55 and 5.
    const datagrams = randomDatagrams(Array<number>(60).fill(1180));
    bench.send(
      sender,
      datagrams.map((data) => ({ data, addressId })),
    );
    const messages = await bench.receive(receiver, 60);
    expect(messages.map(({ data, segmentBytes }) => [data.length, segmentBytes])).toEqual([
      [30 * 1180, 1180],
      [30 * 1180, 1180],
    ]);
  });

  test('neighbours for different peers are kept apart', async () => {
    const { sender, receiver, addressId } = pair();
    const second = openSocket({ family, localAddress: loopback });
    const secondId = addressIntern(loopback, second.localPort);
    const datagrams = randomDatagrams([500, 500, 500, 500]);
    bench.send(
      sender,
      datagrams.map((data, i) => ({ data, addressId: i % 2 === 0 ? addressId : secondId })),
    );
    expect((await bench.receive(receiver, 2)).flatMap(split)).toEqual([datagrams[0], datagrams[2]]);
    expect((await bench.receive(second, 2)).flatMap(split)).toEqual([datagrams[1], datagrams[3]]);
  });

  test('an unreachable port comes back as an error with the address it was for', async () => {
    const { sender, receiver, addressId } = pair();
    receiver.close();
    bench.send(sender, [{ data: Buffer.alloc(10), addressId }]);
    await new Promise<void>((resolve) => {
      sender.startPolling(resolve);
    });
    expect(sender.takeErrors()).toEqual([{ errno: 111, code: 'ECONNREFUSED', addressId, mtu: 0 }]);
    expect(sender.takeErrors()).toEqual([]);
  });

  test('an error does not keep a datagram from being heard or read', async () => {
    const { sender, receiver, addressId } = pair();
    const gone = openSocket({ family, localAddress: loopback });
    const goneId = addressIntern(loopback, gone.localPort);
    gone.close();
    const read: string[] = [];
    await new Promise<void>((resolve) => {
      let calls = 0;
      receiver.startPolling(() => {
        read.push(...bench.receiveNow(receiver).map(({ data }) => data.toString()));
        if (calls++ === 0) {
          // Only the error has come so far; what comes next has to call again.
          bench.send(sender, [{ data: Buffer.from('heard'), addressId }]);
        }
        if (read.length > 0) resolve();
      });
      bench.send(receiver, [{ data: Buffer.alloc(10), addressId: goneId }]);
    });
    receiver.stopPolling();
    expect(receiver.takeErrors()).toHaveLength(1);

    bench.send(sender, [{ data: Buffer.from('read'), addressId }]);
    bench.send(receiver, [{ data: Buffer.alloc(10), addressId: goneId }]);
    const errors: unknown[] = [];
    // A kernel that is busy delivers after the send has returned.
    while (read.length < 2 || errors.length < 1) {
      read.push(...bench.receiveNow(receiver).map(({ data }) => data.toString()));
      errors.push(...receiver.takeErrors());
      await nextTurn();
    }
    expect(read).toEqual(['heard', 'read']);
    expect(errors).toHaveLength(1);
  });

  test('an unreachable peer does not cost another peer its datagram', async () => {
    const { sender, receiver, addressId } = pair();
    const gone = openSocket({ family, localAddress: loopback });
    const goneId = addressIntern(loopback, gone.localPort);
    gone.close();
    for (let i = 0; i < 20; i++) {
      bench.send(sender, [{ data: Buffer.alloc(10), addressId: goneId }]);
      expect(bench.send(sender, [{ data: Buffer.from([i]), addressId }])).toEqual({
        consumed: 1,
        errno: 0,
        failed: 0,
      });
    }
    const datagrams = (await bench.receive(receiver, 20)).flatMap(split);
    expect(datagrams.map((datagram) => datagram[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('a storm of errors does not keep the event loop turning', async () => {
    const { sender, receiver, addressId } = pair();
    receiver.close();
    let calls = 0;
    sender.startPolling(() => calls++);
    for (let i = 0; i < 300; i++) bench.send(sender, [{ data: Buffer.alloc(10), addressId }]);
    // Errors may come late; that there are no more calls is seen when 50 turns have brought none.
    let settled = -1;
    while (calls === 0 || calls !== settled) {
      settled = calls;
      for (let turn = 0; turn < 50; turn++) await nextTurn();
    }
    expect(sender.takeErrors().length).toBeLessThanOrEqual(64);
  });

  test('a datagram that is too large fails alone', async () => {
    const { sender, receiver, addressId } = pair();
    const [first, last] = randomDatagrams([100, 200]);
    const datagrams = [first!, Buffer.alloc(65_536), last!];
    const sent = bench.send(
      sender,
      datagrams.map((data) => ({ data, addressId })),
    );
    expect(sent).toEqual({ consumed: 3, errno: 90, failed: 1 });
    expect((await bench.receive(receiver, 2)).flatMap(split)).toEqual([first, last]);
  });

  test('a run that the kernel calls invalid fails, and later runs are still joined', async () => {
    const { sender, receiver, addressId } = pair();
    const datagrams = randomDatagrams(Array<number>(10).fill(100));
    const send = (id: number) =>
      bench.send(
        sender,
        datagrams.map((data) => ({ data, addressId: id })),
      );
    expect(send(addressIntern(loopback, 0))).toEqual({ consumed: 10, errno: 22, failed: 10 });
    expect(send(addressId)).toEqual({ consumed: 10, errno: 0, failed: 0 });
    expect(await bench.receive(receiver, 10)).toMatchObject([{ segmentBytes: 100, data: { length: 1000 } }]);
  });

  test('ids that name nobody fail and the rest is sent', async () => {
    const { sender, receiver, addressId } = pair();
    const data = Buffer.from('x');
    const sent = bench.send(sender, [
      { data, addressId: 0 },
      { data, addressId: -7 },
      { data, addressId: 4096 },
      { data, addressId },
    ]);
    expect(sent).toEqual({ consumed: 4, errno: 89, failed: 3 });
    expect((await bench.receive(receiver, 1)).flatMap(split)).toEqual([data]);
  });

  test('a full receive buffer loses datagrams but never the sender', () => {
    const { sender, receiver, addressId } = pair();
    const datagrams = randomDatagrams(Array<number>(64).fill(1200));
    for (let i = 0; i < 300; i++) {
      const { consumed, failed } = bench.send(
        sender,
        datagrams.map((data) => ({ data, addressId })),
      );
      expect(consumed).toBeGreaterThanOrEqual(0);
      expect(failed).toBe(0);
    }
    expect(bench.receiveNow(receiver).length).toBeGreaterThan(0);
  });

  test('writability is told once', async () => {
    const { sender } = pair();
    let calls = 0;
    await new Promise<void>((resolve) => {
      sender.onceWritable(() => {
        calls++;
        resolve();
      });
    });
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(calls).toBe(1);
    await new Promise<void>((resolve) => {
      sender.onceWritable(resolve);
    });
  });
});

test('an answer leaves from the address that was asked, on a socket for everybody', async () => {
  const server = openSocket({ family: 6, dualStack: true, packetInfo: true });
  for (const [family, local] of [
    [4, '127.0.0.7'],
    [4, '127.0.0.1'],
    [6, '::1'],
  ] as const) {
    const client = openSocket({ family, localAddress: family === 4 ? '127.0.0.3' : '::1' });
    bench.send(client, [{ data: Buffer.from('ask'), addressId: addressIntern(local, server.localPort) }]);
    const [request] = await bench.receive(server, 1);
    expect(addressDescribe(request!.addressId)).toEqual({
      address: family === 4 ? '127.0.0.3' : '::1',
      port: client.localPort,
      scopeId: 0,
      localAddress: local,
      ifindex: 1,
    });

    bench.send(server, [{ data: Buffer.from('answer'), addressId: request!.addressId }]);

    const [answer] = await bench.receive(client, 1);
    expect(answer!.data.toString()).toBe('answer');
    expect(addressDescribe(answer!.addressId)).toMatchObject({ address: local, port: server.localPort });
  }
});

test('joined runs keep their sizes on a socket that learns local addresses', async () => {
  const server = openSocket({ family: 6, dualStack: true, packetInfo: true, receiveBufferBytes: 4 << 20 });
  const client = openSocket({ family: 4, localAddress: '127.0.0.1' });
  const datagrams = randomDatagrams([...Array<number>(30).fill(1400), 77]);
  const addressId = addressIntern('127.0.0.1', server.localPort);
  bench.send(
    client,
    datagrams.map((data) => ({ data, addressId })),
  );
  const messages = await bench.receive(server, 31);
  expect(messages.flatMap(split)).toEqual(datagrams);
  // And back in one run, which carries packet info and segment size in one message.
  const back = datagrams.map((data) => ({ data, addressId: messages[0]!.addressId }));
  expect(bench.send(server, back)).toEqual({ consumed: 31, errno: 0, failed: 0 });
  expect((await bench.receive(client, 31)).flatMap(split)).toEqual(datagrams);
});

test('an IPv4 socket cannot send to IPv6, and says so for that datagram', () => {
  const socket = openSocket({ family: 4, localAddress: '127.0.0.1' });
  const sent = bench.send(socket, [{ data: Buffer.from('x'), addressId: addressIntern('::1', 9) }]);
  expect(sent).toMatchObject({ consumed: 1, failed: 1 });
});

test('system errors carry code, errno and call', () => {
  const first = openSocket({ family: 4, localAddress: '127.0.0.1' });
  expect(() => openSocket({ family: 4, localAddress: '127.0.0.1', localPort: first.localPort })).toThrow(
    expect.objectContaining({ code: 'EADDRINUSE', errno: 98, syscall: 'bind' }),
  );
  expect(() => openSocket({ family: 4, localAddress: '192.0.2.1' })).toThrow(
    expect.objectContaining({ code: 'EADDRNOTAVAIL', errno: 99, syscall: 'bind' }),
  );
});

test('two sockets share a port when both ask for it', () => {
  const first = openSocket({ family: 4, localAddress: '127.0.0.1', reusePort: true });
  const second = openSocket({
    family: 4,
    localAddress: '127.0.0.1',
    localPort: first.localPort,
    reusePort: true,
  });
  expect(second.localPort).toBe(first.localPort);
});

test('everything outside the arena is refused before anything is sent', () => {
  const socket = openSocket({ family: 4, localAddress: '127.0.0.1' });
  const other = openSocket({ family: 4, localAddress: '127.0.0.1' });
  const addressId = addressIntern('127.0.0.1', other.localPort);
  const outOfArena = expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_ARENA' }) as Error;
  const result = memory.reserveWords(2);
  const wordCount = memory.sizeBytes / 4;
  const good = [0, 10, addressId, 0];
  for (const bad of [
    [-1, 10],
    [memory.sizeBytes - 9, 10],
    [0, -1],
    [memory.sizeBytes, 1],
  ]) {
    const desc = memory.list(...good, ...bad, addressId, 0);
    expect(() => socket.send(desc, 2, result)).toThrow(outOfArena);
  }
  expect(() => socket.send(wordCount - 3, 1, result)).toThrow(outOfArena);
  expect(() => socket.send(memory.list(...good), 1, wordCount - 1)).toThrow(outOfArena);
  expect(() => socket.receive(memory.sizeBytes - 65_535, 65_536, 1, 0)).toThrow(outOfArena);
  expect(() => socket.receive(0, 65_536, 1, wordCount - 3)).toThrow(outOfArena);
  expect(() => socket.receive(0, 65_536, -1, 0)).toThrow(outOfArena);
  expect(() => socket.receive(0, 1500, 1, 0)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  expect(bench.receiveNow(other)).toEqual([]);
});

function openSocket(options: Omit<UdpSocketOptions, 'localPort'> & { localPort?: number }): NativeUdpSocket {
  const socket = new UdpSocket({ localPort: 0, ...options });
  opened.push(socket);
  return socket;
}

async function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
