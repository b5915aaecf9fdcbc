import { describe, expect, test } from 'vitest';
import { SourceFilter } from '../../../src-engine/source-filter.ts';

const LEASE4 = 0x64_40_00_02;
const LEASE6 = Uint8Array.from({ length: 16 }, (_, i) => 0xfd - i);

function from4(a: number, b: number, c: number, d: number): Uint8Array {
  const bytes = new Uint8Array(30);
  bytes[10] = 0x45;
  bytes.set([a, b, c, d], 22);
  return bytes;
}

function from6(source: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(50);
  bytes[10] = 0x60;
  bytes.set(source, 18);
  return bytes;
}

const allows = (filter: SourceFilter, bytes: Uint8Array): boolean => filter.allows(bytes, 0, bytes.length);

describe('with a lease', () => {
  const filter = new SourceFilter();
  filter.allowOnly(LEASE4, LEASE6);
  const neighbour6 = LEASE6.with(15, LEASE6[15]! ^ 1);

  test.each([
    ['the leased IPv4 address passes', from4(100, 64, 0, 2), true],
    ['a neighbour over IPv4 does not', from4(100, 64, 0, 3), false],
    ['the leased IPv6 address passes', from6(LEASE6), true],
    ['a neighbour over IPv6 does not', from6(neighbour6), false],
    ['a cut IPv4 header does not', from4(100, 64, 0, 2).subarray(0, 29), false],
    ['a cut IPv6 header does not', from6(LEASE6).subarray(0, 49), false],
  ])('%s', (_name, bytes, isAllowed) => {
    expect(allows(filter, bytes)).toBe(isAllowed);
  });
});

test('without a lease every source passes, but no packet that is too short for one', () => {
  const filter = new SourceFilter();
  expect([allows(filter, from4(1, 2, 3, 4)), allows(filter, new Uint8Array(29))]).toEqual([true, false]);
});
