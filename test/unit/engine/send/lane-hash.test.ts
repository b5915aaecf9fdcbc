import { describe, expect, test } from 'vitest';
import {
  CONTROL_LANE,
  FIRST_COMMON_LANE,
  isBondedLane,
  isTcp,
  laneOfPacket,
  VNET_HEADER_BYTES,
} from '../../../../src-engine/send/lane-hash.ts';

const IP = VNET_HEADER_BYTES;

function packet4(protocol: number, sourcePort: number, fragmentWord = 0): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set([0x45], IP);
  bytes.set([fragmentWord >> 8, fragmentWord & 255], IP + 6);
  bytes[IP + 9] = protocol;
  bytes.set([10, 0, 0, 1, 10, 0, 0, 2], IP + 12);
  bytes.set([sourcePort >> 8, sourcePort & 255, 0, 80], IP + 20);
  return bytes;
}

function packet6(protocol: number, sourcePort: number): Uint8Array {
  const bytes = new Uint8Array(80);
  bytes[IP] = 0x60;
  bytes[IP + 6] = protocol;
  bytes.fill(1, IP + 8, IP + 40);
  bytes.set([sourcePort >> 8, sourcePort & 255, 0, 80], IP + 40);
  return bytes;
}

const laneOf = (bytes: Uint8Array, length = bytes.length): number => laneOfPacket(bytes, 0, length);

describe('the lane of a packet', () => {
  test.each([
    ['TCP over IPv4', packet4(6, 1), packet4(6, 2)],
    ['UDP over IPv4', packet4(17, 1), packet4(17, 2)],
    ['TCP over IPv6', packet6(6, 1), packet6(6, 2)],
    ['TCP and UDP of the same ports', packet4(6, 1), packet4(17, 1)],
  ])('differs between flows of %s', (_name, one, other) => {
    expect(laneOf(one)).not.toBe(laneOf(other));
  });

  test('is the same for all fragments of a packet, whatever stands where ports would', () => {
    const first = packet4(17, 1, 0x2000);
    const later = packet4(17, 999, 0x00b9);
    expect(laneOf(first)).toBe(laneOf(later));
  });

  test('does not depend on the payload', () => {
    const one = packet4(6, 7);
    const other = packet4(6, 7);
    other.fill(9, IP + 28);
    expect(laneOf(one)).toBe(laneOf(other));
  });

  test('is never the lane of the session itself', () => {
    const lanes = Array.from({ length: 20_000 }, (_, port) => laneOf(packet4(17, port)));
    expect(Math.max(...lanes)).toBeLessThan(CONTROL_LANE);
    expect(new Set(lanes).size, 'lanes are used evenly').toBeGreaterThan(700);
  });

  test('is one of its own for flows of class bonded', () => {
    const ports = Array.from({ length: 20_000 }, (_, port) => packet4(17, port));
    const bonded = ports.map((packet) => laneOfPacket(packet, 0, packet.length, true));
    expect(bonded.every(isBondedLane)).toBe(true);
    expect(new Set(bonded).size, 'lanes are used evenly').toBe(FIRST_COMMON_LANE);
    expect(ports.some((packet) => isBondedLane(laneOf(packet)))).toBe(false);
  });

  test.each([
    ['something that is neither IPv4 nor IPv6', new Uint8Array(60), 60],
    ['a cut IPv4 header', packet4(6, 1), IP + 19],
    ['a cut IPv6 header', packet6(6, 1), IP + 39],
    ['nothing', new Uint8Array(60), 0],
  ])('does not exist for %s', (_name, bytes, length) => {
    expect(laneOf(bytes, length)).toBe(-1);
  });
});

test('TCP is told from the rest in both families', () => {
  const told = [packet4(6, 1), packet4(17, 1), packet6(6, 1), packet6(17, 1)].map((bytes) => isTcp(bytes, 0));
  expect(told).toEqual([true, false, true, false]);
});
