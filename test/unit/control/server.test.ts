import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { controlAccess, type ControlAccess } from '../../../src-control/access.ts';
import { ControlClient } from '../../../src-control/client.ts';
import { ControlConnection } from '../../../src-control/connection.ts';
import { encodeFrame, FrameDecoder } from '../../../src-control/framing.ts';
import { MAX_CLIENTS_OF_USER } from '../../../src-control/connection-counts.ts';
import type { PeerCredentials } from '../../../src-control/peer.ts';
import { ControlServer, type ControlNotice, type ControlServerOptions } from '../../../src-control/server.ts';
import { daemonContract, type DaemonContract } from '../../../src-shared/control/contract.ts';
import { controlError } from '../../../src-shared/control/error.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { err, ok } from '../../../src-shared/util/result.ts';
import { FakeApps } from '../../support/fake-apps.ts';
import { linkStatus, offStatus, protectedStatus } from '../../support/status.ts';

let dir: string;
let socketPath: string;
let notices: ControlNotice[];
let closers: (() => unknown)[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-control-'));
  socketPath = join(dir, 'run', 'daemon.sock');
  notices = [];
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(dir, { recursive: true });
});

describe('the control server and its clients', () => {
  it('answers a call with what the handler returns', async () => {
    await serve();
    const connection = await connect();
    expect(await connection.call('links.list', {})).toEqual(ok({ links: [linkStatus('eth0')] }));
  });

  it('gives the group access and others none', async () => {
    await serve();
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
  });

  it('passes expected failures on by their code and hides defects behind INTERNAL', async () => {
    await serve({
      'link.setPriority': () => err(controlError('NO_SUCH_LINK', 'no link eth7', { known: ['eth0'] })),
      'mode.set': () => {
        throw new Error('a secret of the inside');
      },
    });
    const connection = await connect();
    expect(await connection.call('link.setPriority', { name: 'eth7', priority: 'never' })).toEqual(
      err({ code: 'NO_SUCH_LINK', message: 'no link eth7', data: { known: ['eth0'] } }),
    );
    expect(await connection.call('mode.set', { mode: 'bonded' })).toEqual(
      err(controlError('INTERNAL', 'mode.set failed inside the service; see its log')),
    );
    expect(notices).toMatchObject([{ kind: 'handler-failed', method: 'mode.set' }]);
  });

  it('refuses unknown methods, also those of Object.prototype, and parameters that the contract does not have', async () => {
    await serve();
    const stream = await rawClient();
    stream.send(
      { type: 'request', id: 1, method: 'toString', params: {} },
      { type: 'request', id: 2, method: 'mode.set', params: { mode: 'fast' } },
      { type: 'request', id: 3, method: 'link.setPriority', params: { name: '../eth0', priority: 'auto' } },
    );
    expect(await stream.receive(4)).toMatchObject([
      { type: 'hello' },
      { id: 1, outcome: { error: { code: 'UNKNOWN_METHOD' } } },
      { id: 2, outcome: { error: { code: 'INVALID_PARAMS' } } },
      { id: 3, outcome: { error: { code: 'INVALID_PARAMS' } } },
    ]);
  });

  it('does not let a handler answer what the contract does not say', async () => {
    await serve({ 'links.list': () => ok({ links: [{ ...linkStatus('eth0'), lossRatio: 7 }] }) });
    const connection = await connect();
    expect(await connection.call('links.list', {})).toMatchObject({ ok: false, error: { code: 'INTERNAL' } });
    expect(notices).toMatchObject([{ kind: 'invalid-result' }]);
  });

  it('sends every subscriber a snapshot first and changes after it', async () => {
    const server = await serve();
    const first = await watch();
    const second = await watch();
    await vi.waitFor(() => expect([first.length, second.length]).toEqual([1, 1]));
    server.publish('status.changed', protectedStatus());
    await vi.waitFor(() => expect([first.length, second.length]).toEqual([2, 2]));
    expect(first).toEqual([offStatus(), protectedStatus()]);
    expect(second).toEqual(first);
  });

  it('serves a second client while the first sends garbage', async () => {
    await serve();
    const good = await connect();
    const bad = await rawClient();
    bad.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await bad.ended;
    expect(await good.call('links.list', {})).toMatchObject({ ok: true });
    expect(notices).toEqual([{ kind: 'client-cut-off', reason: 'frame-too-long' }]);
  });

  it('tells a user without permission so, whatever the file mode allowed', async () => {
    await serve({}, { readPeerCredentials: () => stranger() });
    expect(await ControlConnection.open(target())).toMatchObject({
      ok: false,
      error: { code: 'NOT_PERMITTED' },
    });
    expect(notices).toEqual([{ kind: 'client-refused', uid: 1001, pid: 1 }]);
  });

  it('lets a member of the group look and switch, and says what configuring takes', async () => {
    await serve(
      { 'doctor.run': () => ok({ checks: [] }) },
      { contract: { ...daemonContract, methods: configuring('doctor.run') }, readPeerCredentials: member },
    );
    const connection = await connect();
    expect(await connection.call('links.list', {})).toMatchObject({ ok: true });
    expect(await connection.call('mode.set', { mode: 'bonded' })).toEqual(ok({}));
    expect(await connection.call('doctor.run', { fix: false })).toEqual(
      err({
        code: 'NOT_PERMITTED',
        message: 'doctor.run takes the right to configure, which user 1001 does not have; use sudo',
        data: { method: 'doctor.run', right: 'configure' },
      }),
    );
    expect(notices).toEqual([{ kind: 'method-refused', method: 'doctor.run', uid: 1001 }]);
  });

  it('lets root and its own user configure', async () => {
    for (const readPeerCredentials of [root, () => ({ ...stranger(), uid: 42 })]) {
      const server = await serve(
        {},
        {
          contract: { ...daemonContract, methods: configuring('doctor.run') },
          access: accessFor(42),
          readPeerCredentials,
        },
      );
      expect(await (await connect()).call('doctor.run', { fix: false })).toMatchObject({ ok: true });
      await server.close();
    }
  });

  it('tells a handler what its caller may do', async () => {
    const rights: string[] = [];
    const server = await serve(
      { 'mode.set': (_params, { right }) => (rights.push(right), ok({})) },
      { readPeerCredentials: member },
    );
    await (await connect()).call('mode.set', { mode: 'bonded' });
    await server.close();
    await serve({ 'mode.set': (_params, { right }) => (rights.push(right), ok({})) });
    await (await connect()).call('mode.set', { mode: 'bonded' });
    expect(rights).toEqual(['switch', 'configure']);
  });

  it('lets nobody subscribe who may not look', async () => {
    await serve({}, { access: { groupId: null, rightOf: () => 'look' }, contract: subscribingSwitches() });
    const stream = await rawClient();
    stream.send({ type: 'request', id: 1, method: 'status.subscribe', params: {} });
    expect(await stream.receive(2)).toMatchObject([
      { type: 'hello' },
      { id: 1, outcome: { error: { code: 'NOT_PERMITTED' } } },
    ]);
  });

  it('serves other users when one has taken all connections that are his', async () => {
    let caller = member;
    await serve({}, { readPeerCredentials: () => caller() });
    for (let client = 0; client < MAX_CLIENTS_OF_USER; client += 1) await connect();
    expect(await ControlConnection.open(target())).toMatchObject({
      ok: false,
      error: { code: 'BUSY', message: 'user 1001 has too many clients connected; close some' },
    });
    caller = () => ({ ...member(), uid: 1002 });
    expect(await (await connect()).call('links.list', {})).toMatchObject({ ok: true });
    expect(notices).toEqual([]);
  });

  it('notes a client that is cut off again and again only so often', async () => {
    await serve();
    for (let round = 0; round < 30; round += 1) {
      const bad = await rawClient();
      bad.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await bad.ended;
    }
    expect(notices).toHaveLength(10);
  });

  it('reads credentials from the descriptor of the connection', async () => {
    const descriptors: number[] = [];
    await serve({}, { readPeerCredentials: (fd) => (descriptors.push(fd), root()) });
    await connect();
    expect(descriptors).toEqual([expect.any(Number)]);
    expect(descriptors[0]).toBeGreaterThan(2);
  });

  it('will not start beside a living daemon', async () => {
    await serve();
    await expect(serve()).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  });

  it('takes the place of a socket that a dead daemon left', async () => {
    await leaveStaleSocket();
    await serve();
    expect((await connect()).call).toBeTypeOf('function');
  });

  it('says why the socket cannot be given to the group, and leaves none', async () => {
    const noSuchGroup = 2 ** 40;
    const access = controlAccess({ groupId: noSuchGroup, ownUserId: 0, isListed: () => false });
    await expect(serve({}, { access })).rejects.toThrow(/cannot open the control socket .*ERR_OUT_OF_RANGE/);
    expect(existsSync(socketPath)).toBe(false);
  });

  it('leaves a file alone that is no socket', async () => {
    socketPath = join(dir, 'precious');
    writeFileSync(socketPath, 'data');
    await expect(serve()).rejects.toMatchObject({ code: 'SOCKET_PATH_TAKEN' });
  });

  it('removes its socket on close and ends its clients', async () => {
    const server = await serve();
    const connection = await connect();
    const ended = new Promise((resolve) => connection.onClosed(resolve));
    await server.close();
    expect(await ended).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(() => statSync(socketPath)).toThrow('ENOENT');
  });
});

describe('the control client', () => {
  it('says UNREACHABLE for a missing and for a dead socket', async () => {
    expect(await ControlConnection.open(target())).toMatchObject({
      error: { code: 'UNREACHABLE', data: { errno: 'ENOENT' } },
    });
    await leaveStaleSocket();
    expect(await ControlConnection.open(target())).toMatchObject({
      error: { code: 'UNREACHABLE', data: { errno: 'ECONNREFUSED' } },
    });
  });

  it('fails open calls when the connection ends', async () => {
    const server = await serve({ 'status.get': () => new Promise(() => undefined) });
    const connection = await connect();
    const call = connection.call('status.get', {});
    await connection.call('links.list', {});
    await server.close();
    expect(await call).toMatchObject({ ok: false, error: { code: 'CONNECTION_LOST' } });
  });

  it('gives up on a handler that does not answer', async () => {
    await serve({ 'status.get': () => new Promise(() => undefined) });
    const connection = await connect();
    expect(await connection.call('status.get', {}, { timeoutMs: 1 })).toMatchObject({
      error: { code: 'TIMEOUT' },
    });
  });

  it('does not believe a server that breaks the contract', async () => {
    const server = createServer((socket) => {
      socket.write(encodeFrame({ type: 'hello', contract: 'daemon', control: 1, program: '9' }));
      socket.on('data', () =>
        socket.write(encodeFrame({ type: 'response', id: 1, outcome: { ok: true, result: {} } })),
      );
    });
    socketPath = join(dir, 'liar.sock');
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    closers.push(() => void server.close());
    const connection = await connect();
    expect(await connection.call('links.list', {})).toMatchObject({ error: { code: 'BAD_MESSAGE' } });
  });

  it('finds a restarted daemon again and begins with a snapshot', async () => {
    const server = await serve();
    const client = new ControlClient(target());
    closers.push(() => client.close());
    const seen: string[] = [];
    client.subscribe('status.changed', {
      onEvent: (status) => seen.push(status.state),
      onUnreachable: (error) => seen.push(error.code),
    });
    await vi.waitFor(() => expect(seen).toEqual(['off']));
    await server.close();
    await vi.waitFor(() => expect(seen).toContain('CONNECTION_LOST'));
    await serve();
    await vi.waitFor(() => expect(seen.at(-1)).toBe('off'), { timeout: 5000 });
  });

  it('connects anew for a call after the daemon was restarted', async () => {
    const server = await serve();
    const client = new ControlClient(target());
    closers.push(() => client.close());
    expect(await client.call('links.list', {})).toMatchObject({ ok: true });
    await server.close();
    await vi.waitFor(async () =>
      expect(await client.call('links.list', {})).toMatchObject({ error: { code: 'UNREACHABLE' } }),
    );
    await serve();
    expect(await client.call('links.list', {})).toMatchObject({ ok: true });
  });
});

/** The group need not be on this machine. */
function accessFor(ownUserId: number): ControlAccess {
  return { ...controlAccess({ groupId: GROUP_ID, ownUserId, isListed: () => false }), groupId: null };
}

type Handlers = ControlServerOptions<DaemonContract>['handlers'];

async function serve(
  handlers: Partial<Handlers> = {},
  options: Partial<ControlServerOptions<DaemonContract>> = {},
): Promise<ControlServer<DaemonContract>> {
  const server = await ControlServer.listen({
    contract: daemonContract,
    socketPath,
    programVersion: '0.1.0',
    access: accessFor(0),
    readPeerCredentials: root,
    onNotice: (notice) => notices.push(notice),
    snapshots: { 'status.changed': offStatus },
    handlers: {
      'status.get': () => ok(offStatus()),
      'connection.setWanted': () => ok({}),
      'connection.leave': () => ok({ until: '2026-03-01T10:00:30.000Z' }),
      'wifi.setPowerSave': () => ok({}),
      'portal.setCheck': () => ok({}),
      'mode.set': () => ok({}),
      'pairing.pair': () => err(controlError('NO_BOX_FOUND', 'none')),
      'pairing.unpair': () => ok({}),
      'links.list': () => ok({ links: [linkStatus('eth0')] }),
      ...new FakeApps().handlers(() => undefined),
      'link.setPriority': () => ok({}),
      'link.setMetered': () => ok({}),
      'lan.set': () => ok({}),
      'timeline.list': () => ok({ entries: [], truncated: false }),
      'test.unplug': () => err(controlError('NOT_POSSIBLE_NOW', 'not protected')),
      'boxes.find': () => ok({ boxes: [] }),
      'ipv6.set': () => ok({}),
      'doctor.run': () => ok({ checks: [] }),
      ...handlers,
    },
    ...options,
  });
  closers.push(() => server.close());
  return server;
}

function target() {
  return { contract: daemonContract, socketPath, programVersion: '0.1.0' };
}

async function connect(): Promise<ControlConnection<DaemonContract>> {
  const connection = await ControlConnection.open(target());
  if (!connection.ok) throw new Error(connection.error.message);
  closers.push(() => connection.value.close());
  return connection.value;
}

const GROUP_ID = 700;

function root(): PeerCredentials {
  return { pid: process.pid, uid: 0, gid: 0, groups: [] };
}

function member(): PeerCredentials {
  return { pid: 1, uid: 1001, gid: 1001, groups: [4, GROUP_ID] };
}

function stranger(): PeerCredentials {
  return { pid: 1, uid: 1001, gid: 1001, groups: [4] };
}

/** The daemon's methods, of which one takes the right to configure. */
function configuring(method: 'doctor.run') {
  const { methods } = daemonContract;
  return { ...methods, [method]: { ...methods[method], right: 'configure' } } as unknown as typeof methods;
}

/** The daemon's contract, in which more than the right to look is needed for a subscription. */
function subscribingSwitches(): DaemonContract {
  const { methods } = daemonContract;
  const changed = { ...methods, 'status.subscribe': { ...methods['status.subscribe'], right: 'switch' } };
  return { ...daemonContract, methods: changed as unknown as typeof methods };
}

async function watch(): Promise<DaemonStatus[]> {
  const seen: DaemonStatus[] = [];
  await (await connect()).subscribe('status.changed', (status) => seen.push(status));
  return seen;
}

async function rawClient() {
  const socket = createConnection(socketPath);
  const decoder = new FrameDecoder();
  const received: unknown[] = [];
  socket.on('data', (bytes) => received.push(...decoder.push(bytes).messages));
  closers.push(() => socket.destroy());
  const ended = new Promise((resolve) => socket.once('close', resolve));
  const client = {
    ended,
    sendBytes: (bytes: Buffer) => void socket.write(bytes),
    send: (...messages: unknown[]) => messages.forEach((message) => socket.write(encodeFrame(message))),
    receive: async (count: number) => {
      await vi.waitFor(() => expect(received).toHaveLength(count));
      return received;
    },
  };
  client.send({ type: 'hello', contract: 'daemon', control: 1, program: '0.1.0' });
  await client.receive(1);
  return client;
}

/** A socket file without a listener, as after a kill. */
async function leaveStaleSocket(): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  const path = join(dir, 'stale.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' });
  } catch {
    // Killed by itself, as intended.
  }
  expect(statSync(path).isSocket()).toBe(true);
  socketPath = path;
}
