import { describe, expect, test } from 'vitest';
import { classOfPacket, NO_CLASS, takeClass } from '../../../src-engine/inner-class.ts';
import { BONDED_DSCP, REDUNDANT_DSCP } from '../../../src-shared/model/lane-codes.ts';
import { fold, sumOf, udpPacket } from '../../support/udp-packets.ts';

const VERSIONS = [4, 6] as const;
const CODES = [BONDED_DSCP, REDUNDANT_DSCP];
const OTHER_CODES = Array.from({ length: 64 }, (_, dscp) => dscp).filter((dscp) => !CODES.includes(dscp));

describe.each(VERSIONS)('the class of a packet over IPv%i', (version) => {
  const packet = (dscp: number, ecn = 0): Uint8Array =>
    udpPacket({ version, tos: (dscp << 2) | ecn, flowLabel: 0xabcde });

  test('is what its code says, whatever ECN says', () => {
    for (const dscp of CODES) {
      for (let ecn = 0; ecn < 4; ecn++) expect(classOfPacket(packet(dscp, ecn), 0)).toBe(dscp);
    }
  });

  test('is none with any other code, and such a packet stays as it is', () => {
    for (const dscp of OTHER_CODES) {
      for (let ecn = 0; ecn < 4; ecn++) {
        const bytes = packet(dscp, ecn);
        expect(takeClass(bytes, 0)).toBe(NO_CLASS);
        expect(bytes).toEqual(packet(dscp, ecn));
      }
    }
  });

  test('is taken out without a trace: the same packet, sums included, with DSCP 0 and its ECN', () => {
    for (const dscp of CODES) {
      for (let ecn = 0; ecn < 4; ecn++) {
        const bytes = packet(dscp, ecn);
        expect(takeClass(bytes, 0)).toBe(dscp);
        expect(bytes).toEqual(packet(0, ecn));
      }
    }
  });

  test('is taken out of a super-packet whose transport sum is still to be finished', () => {
    const parts = { version, payload: new Uint8Array(40_000), checksum: 'partial' } as const;
    const bytes = udpPacket({ ...parts, tos: REDUNDANT_DSCP << 2 });
    bytes.set([1, 5, 48, 0, 0x78, 5], 0);
    takeClass(bytes, 0);
    const plain = udpPacket(parts);
    plain.set([1, 5, 48, 0, 0x78, 5], 0);
    expect(bytes).toEqual(plain);
  });
});

test('the sum of an IPv4 header stays right for whatever stands beside the code', () => {
  for (let id = 0; id < 0x10000; id += 7) {
    const bytes = udpPacket({ tos: BONDED_DSCP << 2, id, payload: new Uint8Array(2) });
    takeClass(bytes, 0);
    if (fold(sumOf(bytes.subarray(10, 30))) !== 0xffff) expect.fail(`identification ${id}`);
  }
});

test('what is no IP packet has no class', () => {
  for (const version of [0, 1, 5, 7, 15]) {
    const bytes = udpPacket({ tos: BONDED_DSCP << 2 });
    bytes[10] = version << 4;
    expect(classOfPacket(bytes, 0)).toBe(NO_CLASS);
  }
});
