import { createConnection, type Socket } from 'node:net';

/*
 * One question to the session bus: does somebody own a name? Little-endian D-Bus with the two calls that this takes,
 * Hello and NameHasOwner. A library for all of D-Bus is twenty times as long and would be loaded for a single answer.
 */

/** Longest wait for the bus; it is on the same machine. */
const ANSWER_TIMEOUT_MS = 3_000;

const METHOD_CALL = 1;
const METHOD_RETURN = 2;
const HEADER_BYTES = 16;
/** Replies to these calls have a few dozen bytes; anything larger is no bus. */
const MAX_BUFFERED_BYTES = 64 * 1024;

const FIELD = { path: 1, interface: 2, member: 3, replySerial: 5, destination: 6, signature: 8 } as const;
const HELLO_SERIAL = 1;
const QUESTION_SERIAL = 2;

/**
 * Asks the session bus whether a name has an owner.
 *
 * @param address `DBUS_SESSION_BUS_ADDRESS`
 * @returns null where there is no bus to ask, or it does not answer
 */
export async function hasNameOwner(address: string, name: string, userId: number): Promise<boolean | null> {
  const path = socketPathOf(address);
  if (path === null) return null;
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    const finish = (answer: boolean | null): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => finish(null));
    socket.on('error', () => finish(null));
    socket.on('close', () => resolve(null));
    socket.once('connect', () => {
      const identity = Buffer.from(String(userId)).toString('hex');
      socket.write(`\0AUTH EXTERNAL ${identity}\r\n`);
    });
    listen(socket, name, finish);
  });
}

function listen(socket: Socket, name: string, finish: (answer: boolean | null) => void): void {
  let buffered = Buffer.alloc(0);
  let isAuthenticated = false;
  socket.on('data', (bytes: Buffer) => {
    buffered = Buffer.concat([buffered, bytes]);
    if (buffered.length > MAX_BUFFERED_BYTES) {
      finish(null);
      return;
    }
    if (!isAuthenticated) {
      const end = buffered.indexOf('\r\n');
      if (end < 0) return;
      if (!buffered.subarray(0, end).toString('latin1').startsWith('OK ')) {
        finish(null);
        return;
      }
      buffered = buffered.subarray(end + 2);
      isAuthenticated = true;
      socket.write('BEGIN\r\n');
      socket.write(
        Buffer.concat([busCall('Hello', HELLO_SERIAL, null), busCall('NameHasOwner', QUESTION_SERIAL, name)]),
      );
    }
    for (let length = messageLength(buffered); length !== null; length = messageLength(buffered)) {
      if (buffered.length < length) return;
      const message = buffered.subarray(0, length);
      buffered = buffered.subarray(length);
      if (replySerialOf(message) !== QUESTION_SERIAL) continue;
      finish(message[1] === METHOD_RETURN ? message.readUInt32LE(length - 4) === 1 : null);
      return;
    }
  });
}

/** The socket of an address such as `unix:path=/run/user/1000/bus,guid=...`; an abstract name begins with a zero. */
export function socketPathOf(address: string): string | null {
  for (const entry of address.split(';')) {
    if (!entry.startsWith('unix:')) continue;
    for (const pair of entry.slice('unix:'.length).split(',')) {
      const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (key === 'path') return decodeURIComponent(value);
      if (key === 'abstract') return `\0${decodeURIComponent(value)}`;
    }
  }
  return null;
}

/** A call to the bus itself, with one string as its only argument or none. */
function busCall(member: string, serial: number, argument: string | null): Buffer {
  const fields = [
    field(FIELD.path, 'o', '/org/freedesktop/DBus'),
    field(FIELD.interface, 's', 'org.freedesktop.DBus'),
    field(FIELD.member, 's', member),
    field(FIELD.destination, 's', 'org.freedesktop.DBus'),
  ];
  if (argument !== null) fields.push(Buffer.from([FIELD.signature, 1, 0x67, 0, 1, 0x73, 0]));
  const list = fields.reduce((all, next) => Buffer.concat([padded(all, 8), next]), Buffer.alloc(0));
  const body = argument === null ? Buffer.alloc(0) : busString(argument);
  const head = Buffer.alloc(HEADER_BYTES);
  head.write('l', 0);
  head[1] = METHOD_CALL;
  head[3] = 1;
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(list.length, 12);
  return Buffer.concat([padded(Buffer.concat([head, list]), 8), body]);
}

/** One header field: its code and a variant of a string or an object path. */
function field(code: number, type: 'o' | 's', value: string): Buffer {
  return Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), busString(value)]);
}

function busString(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes, Buffer.from([0])]);
}

function padded(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);
}

/** Length of the first message; null while even that is not there. */
function messageLength(bytes: Buffer): number | null {
  if (bytes.length < HEADER_BYTES) return null;
  const fieldsEnd = HEADER_BYTES + bytes.readUInt32LE(12);
  return fieldsEnd + ((8 - (fieldsEnd % 8)) % 8) + bytes.readUInt32LE(4);
}

/** Which call a message answers; null if none. */
function replySerialOf(message: Buffer): number | null {
  const end = HEADER_BYTES + message.readUInt32LE(12);
  for (let at = HEADER_BYTES; at + 8 <= end;) {
    const code = message[at];
    const type = String.fromCharCode(message[at + 2] ?? 0);
    if (type === 'u') {
      if (code === FIELD.replySerial) return message.readUInt32LE(at + 4);
      at += 8;
    } else if (type === 'g') {
      at += 4 + 1 + (message[at + 4] ?? 0) + 1;
    } else {
      at += 8 + message.readUInt32LE(at + 4) + 1;
    }
    at += (8 - (at % 8)) % 8;
  }
  return null;
}
