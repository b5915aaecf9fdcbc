import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasNameOwner, socketPathOf } from '../../../src-main/tray/session-bus.ts';

const NAME = 'org.kde.StatusNotifierWatcher';

let dir: string;
let server: Server | null = null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-bus-'));
});
afterEach(() => {
  server?.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('the question whether there is a tray', () => {
  it.each([true, false])('is answered by the bus: %s', async (isOwned) => {
    const bus = await startBus((socket) =>
      socket.write(Buffer.concat([helloReply(), signal(), answer(isOwned)])),
    );
    expect(await hasNameOwner(bus.address, NAME, 1000)).toBe(isOwned);
    expect(bus.received()).toContain('AUTH EXTERNAL 31303030\r\n');
    expect(bus.received()).toContain('NameHasOwner');
    expect(bus.received()).toContain(NAME);
  });

  it('is answered whatever way the bytes come in pieces', async () => {
    const bytes = Buffer.concat([helloReply(), signal(), answer(true)]);
    const bus = await startBus((socket) => {
      for (const byte of bytes) socket.write(Buffer.from([byte]));
    });
    expect(await hasNameOwner(bus.address, NAME, 1000)).toBe(true);
  });

  it.each([
    ['an error', () => reply(2, 3, Buffer.alloc(0))],
    ['nonsense', () => Buffer.alloc(100_000, 0xff)],
  ])('has no answer where the bus says %s', async (_what, bytes) => {
    const bus = await startBus((socket) => socket.write(bytes()));
    expect(await hasNameOwner(bus.address, NAME, 1000)).toBe(null);
  });

  it('has no answer without a bus', async () => {
    expect(await hasNameOwner('', NAME, 1000)).toBe(null);
    expect(await hasNameOwner(`unix:path=${dir}/none`, NAME, 1000)).toBe(null);
  });

  it.each([
    ['unix:path=/run/user/1000/bus,guid=ab', '/run/user/1000/bus'],
    ['unix:abstract=/tmp/dbus-x,guid=ab', '\0/tmp/dbus-x'],
    ['tcp:host=localhost;unix:path=/a%20b', '/a b'],
    ['autolaunch:', null],
  ])('knows the socket of %s', (address, path) => {
    expect(socketPathOf(address)).toBe(path);
  });
});

/** A bus that says yes to whoever it is, and one thing after that. */
async function startBus(
  speak: (socket: Socket) => void,
): Promise<{ address: string; received: () => string }> {
  let received = '';
  const path = join(dir, 'bus');
  server = createServer((socket) => {
    let hasBegun = false;
    let isKnown = false;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (!isKnown && received.includes('\r\n')) {
        isKnown = true;
        socket.write('OK 0123456789abcdef\r\n');
      }
      if (!hasBegun && received.includes('NameHasOwner')) {
        hasBegun = true;
        speak(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
  return { address: `unix:path=${path}`, received: () => received };
}

function helloReply(): Buffer {
  const name = Buffer.from(':1.7\0');
  return reply(1, 2, Buffer.concat([Buffer.from([4, 0, 0, 0]), name]));
}

function answer(isOwned: boolean): Buffer {
  return reply(2, 2, Buffer.from([isOwned ? 1 : 0, 0, 0, 0]));
}

/** A message of the bus: type 2 is a return, 3 an error. */
function reply(toSerial: number, type: number, body: Buffer): Buffer {
  const fields = Buffer.alloc(8);
  fields.set([5, 1, 0x75, 0]);
  fields.writeUInt32LE(toSerial, 4);
  return message(type, fields, body);
}

/** NameAcquired, which comes unasked: a string and a signature among its fields. */
function signal(): Buffer {
  const member = Buffer.from('\x03\x01s\0\x0c\0\0\0NameAcquired\0'.padEnd(24, '\0'), 'latin1');
  const signature = Buffer.from([8, 1, 0x67, 0, 1, 0x73, 0]);
  return message(4, Buffer.concat([member, signature]), Buffer.from('\x04\0\0\0:1.7\0', 'latin1'));
}

function message(type: number, fields: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.write('l');
  head[1] = type;
  head[3] = 1;
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(1, 8);
  head.writeUInt32LE(fields.length, 12);
  const padding = Buffer.alloc((8 - ((16 + fields.length) % 8)) % 8);
  return Buffer.concat([head, fields, padding, body]);
}
