import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeCall, messageBytes } from '../../../src-platform/dbus/message.ts';

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
    const bytes = encodeCall(CALL, 'iiussssqaay', BODY);
    expect(messageBytes(bytes)).toBe(bytes.length);
    expect(decodeMessage(bytes)).toMatchObject({
      ...CALL,
      kind: 'call',
      signature: 'iiussssqaay',
      body: BODY,
    });
  });

  it('are waited for until they are whole', () => {
    expect(messageBytes(encodeCall(CALL, '', []).subarray(0, 15))).toBeNull();
  });

  it('are refused where they end early, claim too much or have unknown types', () => {
    const bytes = encodeCall(CALL, 'iiussssqaay', BODY);
    for (let length = 16; length < bytes.length; length++) {
      expect(() => decodeMessage(bytes.subarray(0, length)), `${length} bytes`).toThrow(/ends early/);
    }
    const huge = Buffer.from(bytes);
    huge.writeUInt32LE(0x7fffffff, 4);
    expect(() => messageBytes(huge)).toThrow(/bytes/);
    expect(() => encodeCall(CALL, 'd', [1.5])).toThrow('the type d is not supported');
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
