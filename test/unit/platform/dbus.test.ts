import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, messageBytes } from '../../../src-platform/dbus/message.ts';

const CALL = {
  serial: 7,
  destination: 'org.freedesktop.Avahi',
  path: '/group/1',
  interface: 'org.freedesktop.Avahi.EntryGroup',
  member: 'AddService',
};
const BODY = [2, -1, 0, 'attic', '_bowline._udp', '', '', 4747, [[1, 2, 255], []]];

/** The bus's own answer to `NameHasOwner`, byte for byte as it came. */
const REPLY = Buffer.from(
  [
    '6c02010104000000030000003d00000006017300040000003a312e3000000000',
    '0501750002000000080167000162000007017300140000006f72672e66726565',
    '6465736b746f702e444275730000000001000000',
  ].join(''),
  'hex',
);

describe('messages of the bus', () => {
  it('come back as they were written', () => {
    const bytes = encodeMessage(CALL, 'iiussssqaay', BODY);
    expect(messageBytes(bytes)).toBe(bytes.length);
    expect(decodeMessage(bytes)).toMatchObject({
      ...CALL,
      kind: 'call',
      signature: 'iiussssqaay',
      body: BODY,
    });
  });

  it('are signals where they go to nobody in particular', () => {
    const bytes = encodeMessage({ ...CALL, destination: null }, 'b', [true]);
    expect(decodeMessage(bytes)).toMatchObject({ kind: 'signal', destination: null, body: [true] });
  });

  it('may hold dictionaries and large numbers, which services send unasked', () => {
    const text = (value: string): Buffer =>
      Buffer.concat([u32(value.length), Buffer.from(value), Buffer.of(0)]);
    // Two entries, {"Metered": 4} and {"Since": 2^40}, each at a multiple of eight.
    const first = pad(Buffer.concat([text('Metered'), Buffer.from('\x01u\0'), Buffer.of(0), u32(4)]));
    const second = pad(Buffer.concat([text('Since'), Buffer.from('\x01t\0')]));
    const body = Buffer.concat([first, second, u64(2n ** 40n)]);
    const array = Buffer.concat([u32(body.length), u32(0), body]);
    const bytes = signalWith('a{sv}', array);
    expect(decodeMessage(bytes).body).toEqual([
      [
        ['Metered', { signature: 'u', value: 4 }],
        ['Since', { signature: 't', value: 2 ** 40 }],
      ],
    ]);
  });

  it('are waited for until they are whole', () => {
    expect(messageBytes(encodeMessage(CALL, '', []).subarray(0, 15))).toBeNull();
  });

  it('are refused where they end early, claim too much or have unknown types', () => {
    const bytes = encodeMessage(CALL, 'iiussssqaay', BODY);
    for (let length = 16; length < bytes.length; length++) {
      expect(() => decodeMessage(bytes.subarray(0, length)), `${length} bytes`).toThrow(/ends early/);
    }
    const huge = Buffer.from(bytes);
    huge.writeUInt32LE(0x7fffffff, 4);
    expect(() => messageBytes(huge)).toThrow(/bytes/);
    expect(() => encodeMessage(CALL, 'd', [1.5])).toThrow('the type d is not supported');
  });

  it('of the real bus are understood', () => {
    expect(messageBytes(REPLY)).toBe(REPLY.length);
    expect(decodeMessage(REPLY)).toMatchObject({
      kind: 'return',
      replySerial: 2,
      sender: 'org.freedesktop.DBus',
      signature: 'b',
      body: [true],
    });
  });
});

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

/** A signal whose body was written by hand: the writer has no dictionaries. */
function signalWith(signature: string, body: Buffer): Buffer {
  const empty = encodeMessage({ ...CALL, destination: null, member: 'PropertiesChanged' }, signature, [[]]);
  const head = empty.subarray(0, empty.length - empty.readUInt32LE(4));
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}
