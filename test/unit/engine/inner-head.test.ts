import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEAD_ROOM_BYTES, restoreHead, shortenHead } from '../../../src-engine/inner-head.ts';

const AT = 32;
const NEEDS_CHECKSUM = 1;
const [TCP, UDP, ICMP] = [6, 17, 1];
const [GSO_NONE, GSO_TCP4, GSO_TCP6, GSO_UDP, GSO_ECN] = [0, 1, 4, 5, 0x80];

interface Shape {
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly flags: number;
  readonly gso: number;
  /** 32-bit words of IPv4 options, and of TCP options. */
  readonly ipOptions?: number;
  readonly tcpOptions?: number;
}

/** A packet as the kernel hands it over, with the header that virtio says it has to have. */
function makePacket(shape: Shape): Uint8Array {
  const bytes = new Uint8Array(256).fill(0xee);
  const view = new DataView(bytes.buffer);
  const start = shape.version === 4 ? 20 + 4 * (shape.ipOptions ?? 0) : 40;
  const head = start + (shape.protocol === TCP ? 20 + 4 * (shape.tcpOptions ?? 0) : 8);
  const isPartial = (shape.flags & NEEDS_CHECKSUM) !== 0;
  bytes[AT] = shape.flags;
  bytes[AT + 1] = shape.gso;
  view.setUint16(AT + 2, shape.gso === GSO_NONE ? 0 : head, true);
  view.setUint16(AT + 4, shape.gso === GSO_NONE ? 0 : 1_448, true);
  view.setUint16(AT + 6, isPartial ? start : 0, true);
  view.setUint16(AT + 8, isPartial ? (shape.protocol === TCP ? 16 : 6) : 0, true);
  const ip = AT + 10;
  bytes[ip] = shape.version === 4 ? 0x40 | (start / 4) : 0x60;
  bytes[ip + (shape.version === 4 ? 9 : 6)] = shape.protocol;
  if (shape.protocol === TCP) bytes[ip + start + 12] = ((head - start) / 4) << 4;
  return bytes;
}

const shapes: readonly [string, Shape][] = [
  ['a TCP super-packet over IPv4', { version: 4, protocol: TCP, flags: 1, gso: GSO_TCP4, tcpOptions: 3 }],
  ['one with IPv4 options', { version: 4, protocol: TCP, flags: 1, gso: GSO_TCP4, ipOptions: 2 }],
  ['one that reports congestion', { version: 4, protocol: TCP, flags: 1, gso: GSO_TCP4 | GSO_ECN }],
  ['a TCP super-packet over IPv6', { version: 6, protocol: TCP, flags: 1, gso: GSO_TCP6, tcpOptions: 10 }],
  ['a UDP super-packet', { version: 6, protocol: UDP, flags: 1, gso: GSO_UDP }],
  ['a packet without its checksum', { version: 4, protocol: UDP, flags: 1, gso: GSO_NONE }],
  ['a packet whose checksum is known to be good', { version: 4, protocol: ICMP, flags: 2, gso: GSO_NONE }],
  ['a plain packet', { version: 6, protocol: TCP, flags: 0, gso: GSO_NONE }],
];

describe('the head of an inner packet', () => {
  test.each(shapes)('%s travels with a short one and arrives with its own', (_, shape) => {
    const bytes = makePacket(shape);
    const before = bytes.slice();

    expect(shortenHead(bytes, AT)).toBe(HEAD_ROOM_BYTES);
    const sent = bytes.slice(AT + HEAD_ROOM_BYTES);
    bytes.fill(0xaa, 0, AT + HEAD_ROOM_BYTES);

    expect(restoreHead(bytes, AT + HEAD_ROOM_BYTES, 100)).toBe(HEAD_ROOM_BYTES);
    expect(bytes.subarray(AT)).toEqual(before.subarray(AT));
    expect(bytes.subarray(0, AT)).toEqual(new Uint8Array(AT).fill(0xaa));
    expect(sent.subarray(4)).toEqual(before.slice(AT + 10));
  });

  test.each<[string, Shape, (bytes: Uint8Array) => void]>([
    [
      'whose checksum lies behind IPv6 extension headers',
      { version: 6, protocol: 0, flags: 1, gso: GSO_TCP6 },
      () => undefined,
    ],
    [
      'whose checksum starts elsewhere, as in a tunnel',
      { version: 4, protocol: TCP, flags: 1, gso: GSO_TCP4 },
      (bytes) => (bytes[AT + 6] = 44),
    ],
    [
      'whose checksum lies elsewhere',
      { version: 4, protocol: TCP, flags: 1, gso: GSO_NONE },
      (bytes) => (bytes[AT + 8] = 2),
    ],
    [
      'of segments whose checksums are made already',
      { version: 4, protocol: TCP, flags: 0, gso: GSO_TCP4 },
      () => undefined,
    ],
  ])('a packet %s keeps its long one', (_, shape, change) => {
    const bytes = makePacket(shape);
    change(bytes);
    const before = bytes.slice();
    expect(shortenHead(bytes, AT)).toBe(0);
    expect(restoreHead(bytes, AT, 100)).toBe(0);
    expect(bytes).toEqual(before);
  });

  test('whatever bytes a peer sends, only its head and the room before it are written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), fc.nat(100), (random, length) => {
        const bytes = random.slice();
        const longer = restoreHead(bytes, AT, length);
        expect(longer === 0 || longer === HEAD_ROOM_BYTES).toBe(true);
        expect(bytes.subarray(0, AT - longer)).toEqual(random.subarray(0, AT - longer));
        expect(bytes.subarray(AT + Math.min(length, 4))).toEqual(random.subarray(AT + Math.min(length, 4)));
      }),
    );
  });
});
