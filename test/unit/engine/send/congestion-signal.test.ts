import { describe, expect, test } from 'vitest';
import { signalCongestion } from '../../../../src-engine/send/congestion-signal.ts';
import { VNET_HEADER_BYTES } from '../../../../src-engine/send/lane-hash.ts';

const AT = 64;
const MSS = 1_448;

interface Shape {
  readonly version: 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  readonly payloadBytes: number;
  readonly ecn?: number;
  readonly tcpFlags?: number;
  readonly isPlain?: boolean;
}

/** A packet as the kernel hands it over: the transport's checksum field holds the sum of the pseudo-header. */
function makePacket(shape: Shape): { bytes: Uint8Array; length: number } {
  const bytes = new Uint8Array(70_000);
  const view = new DataView(bytes.buffer);
  const ip = AT + VNET_HEADER_BYTES;
  const ipBytes = shape.version === 4 ? 20 : 40;
  const headBytes = shape.protocol === 'tcp' ? 32 : 8;
  const transport = ip + ipBytes;
  const transportBytes = headBytes + shape.payloadBytes;
  if (shape.isPlain !== true) {
    bytes[AT] = 1;
    bytes[AT + 1] = shape.protocol === 'udp' ? 5 : shape.version === 4 ? 1 : 4;
    view.setUint16(AT + 2, ipBytes + headBytes, true);
    view.setUint16(AT + 4, MSS, true);
    view.setUint16(AT + 6, ipBytes, true);
    view.setUint16(AT + 8, shape.protocol === 'tcp' ? 16 : 6, true);
  }
  if (shape.version === 4) {
    bytes.set([0x45, shape.ecn ?? 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, shape.protocol === 'tcp' ? 6 : 17], ip);
    view.setUint16(ip + 2, ipBytes + transportBytes);
    bytes.set([10, 77, 0, 2, 203, 0, 113, 1], ip + 12);
    view.setUint16(ip + 10, ~sum(bytes, ip, 20) & 0xffff);
  } else {
    bytes.set([0x60, (shape.ecn ?? 0) << 4, 0, 0], ip);
    view.setUint16(ip + 4, transportBytes);
    bytes.set([shape.protocol === 'tcp' ? 6 : 17, 64], ip + 6);
    for (let i = 0; i < 32; i++) bytes[ip + 8 + i] = i * 7;
  }
  if (shape.protocol === 'tcp') {
    bytes[transport + 12] = 8 << 4;
    bytes[transport + 13] = shape.tcpFlags ?? 0x10;
  } else {
    view.setUint16(transport + 4, transportBytes);
  }
  view.setUint16(transport + (shape.protocol === 'tcp' ? 16 : 6), pseudoSum(bytes, shape, transportBytes));
  return { bytes, length: VNET_HEADER_BYTES + ipBytes + transportBytes };
}

function sum(bytes: Uint8Array, at: number, count: number, seed = 0): number {
  let total = seed;
  for (let i = 0; i < count; i += 2) total += (bytes[at + i]! << 8) | bytes[at + i + 1]!;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

function pseudoSum(bytes: Uint8Array, { version, protocol }: Shape, transportBytes: number): number {
  const ip = AT + VNET_HEADER_BYTES;
  const seed = transportBytes + (protocol === 'tcp' ? 6 : 17);
  return version === 4 ? sum(bytes, ip + 12, 8, seed) : sum(bytes, ip + 8, 32, seed);
}

const KINDS = [
  { version: 4, protocol: 'tcp' },
  { version: 6, protocol: 'tcp' },
  { version: 4, protocol: 'udp' },
  { version: 6, protocol: 'udp' },
] as const;

describe('a congestion signal', () => {
  test.each(KINDS)(
    'takes the last segment off $protocol over IPv$version, and all sums stay right',
    (kind) => {
      for (const payloadBytes of [MSS + 1, 2 * MSS, 10 * MSS + 17, 44 * MSS]) {
        const shape = { ...kind, payloadBytes };
        const { bytes, length } = makePacket(shape);
        const after = signalCongestion(bytes, AT, length);
        const last = payloadBytes % MSS === 0 ? MSS : payloadBytes % MSS;
        const shorter = makePacket({ ...shape, payloadBytes: payloadBytes - last });
        expect(after).toBe(length - last);
        expect(bytes.subarray(0, AT + after)).toEqual(shorter.bytes.subarray(0, AT + after));
      }
    },
  );

  test.each(KINDS)('marks $protocol over IPv$version where the flow understands it', (kind) => {
    for (const ecn of [1, 2, 3]) {
      const shape = { ...kind, payloadBytes: 5 * MSS };
      const { bytes, length } = makePacket({ ...shape, ecn });
      expect(signalCongestion(bytes, AT, length)).toBe(length);
      expect(bytes).toEqual(makePacket({ ...shape, ecn: 3 }).bytes);
    }
  });

  test('drops what has one segment, ends a connection, or is no super-packet', () => {
    const tcp = { version: 4, protocol: 'tcp' } as const;
    for (const shape of [
      { ...tcp, payloadBytes: MSS },
      { ...tcp, payloadBytes: 3 * MSS, tcpFlags: 0x11 },
      { ...tcp, payloadBytes: 1_000, isPlain: true },
    ]) {
      const { bytes, length } = makePacket(shape);
      const before = bytes.slice();
      expect(signalCongestion(bytes, AT, length)).toBe(0);
      expect(bytes).toEqual(before);
    }
  });

  test('survives headers that lie', () => {
    const { bytes, length } = makePacket({ version: 4, protocol: 'tcp', payloadBytes: 3 * MSS });
    for (let i = 0; i < 60; i++) {
      for (const value of [0, 0xff]) {
        const copy = bytes.slice();
        copy[AT + i] = value;
        const after = signalCongestion(copy, AT, length);
        expect(after).toBeGreaterThanOrEqual(0);
        expect(after).toBeLessThanOrEqual(length);
      }
    }
  });
});
