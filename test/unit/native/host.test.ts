import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  carrierUp,
  peerCredentials,
  sdBarrier,
  sdNotify,
  useTimeSlice,
} from '../../../src-native/lib/index.ts';
import { createNamespace, NAMESPACE_OBSTACLE, type Namespace } from '../../support/native/child.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-native-'));
});

afterAll(() => {
  rmSync(dir, { recursive: true });
});

test('the peer of a Unix socket is known by process, user and group', async () => {
  const server = createServer();
  server.listen(join(dir, 'peer.sock'));
  await once(server, 'listening');
  const client = connect(join(dir, 'peer.sock'));
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const { groups, ...peer } = peerCredentials(descriptorOf(accepted));
  expect(peer).toEqual({ pid: process.pid, uid: process.getuid!(), gid: process.getgid!() });
  // Node lists the main group among the others.
  expect(new Set([...groups, peer.gid])).toEqual(new Set(process.getgroups!()));
  client.destroy();
  accepted.destroy();
  await closed(server);
});

test.runIf(process.getuid!() === 0)(
  'a peer’s supplementary groups are those it connected with, also many',
  async () => {
    const groups = Array.from({ length: 100 }, (_, i) => 70_000 + i);
    const server = createServer();
    const path = join(dir, 'groups.sock');
    server.listen(path);
    await once(server, 'listening');
    const script = `require('net').connect(${JSON.stringify(path)}).on('close', () => process.exit())`;
    const child = spawn('setpriv', [`--groups=${groups.join()}`, process.execPath, '-e', script]);
    const [accepted] = (await once(server, 'connection')) as [Socket];
    expect(peerCredentials(descriptorOf(accepted)).groups).toEqual(groups);
    accepted.destroy();
    await once(child, 'exit');
    await closed(server);
  },
);

test('a descriptor that is no socket has no peer', () => {
  expect(() => peerCredentials(-1)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(() => peerCredentials(0.5)).toThrow(RangeError);
});

test.each([
  { name: 'a path', address: () => join(dir, 'notify.sock') },
  { name: 'an abstract name', address: () => `@bowline-native-${process.pid}` },
])('a service manager gets its message at $name', async ({ address }) => {
  const receiver = spawn('python3', ['-c', NOTIFY_RECEIVER, address().replace(/^@/, '\\0')]);
  const lines = readLines(receiver.stdout);
  expect((await lines.next()).value).toBe('ready');
  sdNotify(address(), 'READY=1\nSTATUS=up');
  expect((await lines.next()).value).toBe('READY=1|STATUS=up');
});

test('a service manager has dealt with all before it when it lets go of a barrier, and is not waited for longer', async () => {
  const path = join(dir, 'barrier.sock');
  const receiver = spawn('python3', ['-c', NOTIFY_RECEIVER, path]);
  const lines = readLines(receiver.stdout);
  expect((await lines.next()).value).toBe('ready');
  expect(sdBarrier(path, 60_000)).toBe(true);
  expect((await lines.next()).value).toBe('BARRIER=1');

  const silentPath = join(dir, 'silent.sock');
  const silent = spawn('python3', [
    '-c',
    `${NOTIFY_RECEIVER.split('print(receiver')[0]}sys.stdin.read()`,
    silentPath,
  ]);
  expect((await readLines(silent.stdout).next()).value).toBe('ready');
  expect(sdBarrier(silentPath, 1)).toBe(false);
  silent.kill('SIGKILL');
  expect(() => sdBarrier(path, -1)).toThrow(RangeError);
});

test('a service manager that is not there is a system error', () => {
  expect(() => {
    sdNotify(join(dir, 'nobody.sock'), 'READY=1');
  }).toThrow(expect.objectContaining({ code: 'ENOENT', syscall: 'sendmsg' }));
  for (const path of ['', 'relative', '/'.padEnd(200, 'x')]) {
    expect(() => {
      sdNotify(path, 'READY=1');
    }).toThrow(RangeError);
  }
});

test('an interface that does not exist has no carrier to speak of', () => {
  expect(carrierUp('lo')).toBe(true);
  for (const name of ['', 'nosuch0', 'a-name-longer-than-any-interface']) expect(carrierUp(name)).toBe(null);
});

describe.skipIf(NAMESPACE_OBSTACLE)('in a network namespace (needs root)', () => {
  let namespace: Namespace;

  beforeAll(() => {
    namespace = createNamespace();
    namespace.ip('link', 'add', 'left', 'type', 'veth', 'peer', 'name', 'right');
  });

  afterAll(() => {
    namespace.remove();
  });

  test('carrier follows both ends of a cable and the switch of the interface, at once', async () => {
    const answers = await namespace.run((native, _, { ip }) => {
      const seen = [native.carrierUp('left')];
      ip('link', 'set', 'left', 'up');
      seen.push(native.carrierUp('left'));
      ip('link', 'set', 'right', 'up');
      seen.push(native.carrierUp('left'));
      ip('link', 'set', 'right', 'down');
      seen.push(native.carrierUp('left'));
      ip('link', 'set', 'right', 'up');
      seen.push(native.carrierUp('left'));
      ip('link', 'set', 'left', 'down');
      seen.push(native.carrierUp('left'));
      ip('link', 'del', 'left');
      seen.push(native.carrierUp('left'));
      return seen;
    }, null);
    expect(answers).toEqual([false, false, true, false, true, false, null]);
  });
});

const NOTIFY_RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1].replace("\\\\0", "\\0"))
print("ready", flush=True)
print(receiver.recv(4096).decode().replace("\\n", "|"), flush=True)
`;

/** Node keeps the descriptor of a socket in a handle that its types do not show. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

async function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}

async function* readLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk.toString();
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}

const SCHEDULING = '/proc/thread-self/sched';

// Kernels before Linux 6.12 give everybody the same turns.
test.runIf(existsSync(SCHEDULING) && readFileSync(SCHEDULING, 'utf8').includes('se.slice'))(
  'this thread gets turns as short as it asks for',
  () => {
    const [before, nice] = [sliceMicros(), getPriority()];
    useTimeSlice(250);
    expect(sliceMicros()).toBe(250);
    expect(getPriority()).toBe(nice);
    useTimeSlice(before);
    expect(sliceMicros()).toBe(before);
    expect(() => useTimeSlice(99)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
  },
);

function sliceMicros(): number {
  return Number(/^se\.slice *: *(\d+)$/m.exec(readFileSync(SCHEDULING, 'utf8'))?.[1]) / 1_000;
}
