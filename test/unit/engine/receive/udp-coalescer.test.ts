import { beforeEach, describe, expect, test } from 'vitest';
import { UdpCoalescer } from '../../../../src-engine/receive/udp-coalescer.ts';
import { readU16, writeU16 } from '../../../../src-engine/wire/header.ts';
import { Rng } from '../../../support/rng.ts';
import {
  cutSegmentedUdp,
  fold,
  pseudoHeaderSum,
  sumOf,
  udpPacket,
  type UdpPacketParts,
} from '../../../support/udp-packets.ts';

const VNET_BYTES = 10;
const CANARY = 0xa5;
const CANARY_BYTES = 64;
const REGION_BYTES = 150_000;
const REGION_AT = CANARY_BYTES;
const INPUT_AT = REGION_AT + REGION_BYTES + CANARY_BYTES;

const bytes = new Uint8Array(INPUT_AT + 400_000);
let coalescer: UdpCoalescer;
/** What would be written to the TUN device, as a session keeps it. */
let deliveries: { at: number; length: number }[];
let inputEnd: number;

beforeEach(() => start());

function start(regionBytes = REGION_BYTES): void {
  bytes.fill(CANARY);
  coalescer = new UdpCoalescer(bytes, REGION_AT, regionBytes);
  coalescer.isEnabled = true;
  deliveries = [];
  inputEnd = INPUT_AT;
}

/** Delivers a packet; true if it was joined to the one before. */
function take(packet: Uint8Array): boolean {
  const at = inputEnd;
  bytes.set(packet, at);
  inputEnd += (packet.length + 7) & ~7;
  const isJoined = coalescer.append(at, packet.length);
  if (isJoined) deliveries.pop();
  const entry = isJoined
    ? { at: coalescer.joinedAt, length: coalescer.joinedLength }
    : { at, length: packet.length };
  deliveries.push(entry);
  return isJoined;
}

const delivered = (): Uint8Array[] => deliveries.map(({ at, length }) => bytes.slice(at, at + length));
const ipOf = (packet: Uint8Array): Uint8Array => packet.subarray(VNET_BYTES);
const hex = (packet: Uint8Array): string => Buffer.from(packet).toString('hex');

function payloadOf(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 31 + 1) & 255);
}

/** `count` packets of one flow, with identifications one after the other. */
function flow(count: number, payloadBytes: number, parts: UdpPacketParts = {}): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    udpPacket({ id: (0xfffe + i) & 0xffff, payload: payloadOf(payloadBytes, i), ...parts }),
  );
}

/** The region's surroundings and all input are as they were. */
function isOutsideIntact(inputBefore: Uint8Array, regionBytes = REGION_BYTES): boolean {
  const isCanary = (from: number, to: number): boolean => bytes.subarray(from, to).every((b) => b === CANARY);
  const isFramed =
    isCanary(0, REGION_AT) && isCanary(REGION_AT + regionBytes, INPUT_AT) && isCanary(inputEnd, bytes.length);
  return isFramed && Buffer.compare(bytes.subarray(INPUT_AT, inputEnd), inputBefore) === 0;
}

const VERSIONS = [4, 6] as const;
const CHECKSUMS = ['partial', 'verified'] as const;
const VARIANTS = VERSIONS.flatMap((version) => CHECKSUMS.map((checksum) => ({ version, checksum })));

describe.each(VARIANTS)('a run of IPv$version packets with $checksum checksums', ({ version, checksum }) => {
  const parts: UdpPacketParts = { version, tos: 0xb8, ttl: 17, source: 200, sourcePort: 65_535 };

  test('is one packet, which is cut into exactly the packets that went in', () => {
    const packets = flow(5, 333, { ...parts, checksum });
    expect(packets.map(take)).toEqual([false, true, true, true, true]);
    expect(deliveries).toHaveLength(1);
    // What a cut has to give: the same packets with full checksums.
    const whole = flow(5, 333, { ...parts, checksum: 'verified' });
    expect(cutSegmentedUdp(delivered()[0]!).map(hex)).toEqual(whole.map((packet) => hex(ipOf(packet))));
  });

  test('has lengths, checksums and a virtio-net header that fit the joined packet', () => {
    flow(3, 101, { ...parts, checksum }).forEach(take);
    const joined = delivered()[0]!;
    const ip = ipOf(joined);
    const ipBytes = version === 4 ? 20 : 40;
    expect(ip).toHaveLength(ipBytes + 8 + 303);
    expect([...joined.subarray(0, VNET_BYTES)]).toEqual([1, 5, ipBytes + 8, 0, 101, 0, ipBytes, 0, 6, 0]);
    expect(readU16(ip, version === 4 ? 2 : 4)).toBe(version === 4 ? ip.length : 8 + 303);
    expect(readU16(ip, ipBytes + 4)).toBe(8 + 303);
    expect(readU16(ip, ipBytes + 6)).toBe(pseudoHeaderSum(ip));
    if (version === 4) expect(fold(sumOf(ip.subarray(0, 20)))).toBe(0xffff);
  });

  test('ends with a shorter packet', () => {
    const sizes = [200, 200, 150, 150, 150];
    const packets = sizes.map((size, i) =>
      udpPacket({ ...parts, checksum, id: i, payload: payloadOf(size) }),
    );
    expect(packets.map(take)).toEqual([false, true, true, false, true]);
    expect(delivered().map((joined) => cutSegmentedUdp(joined).map((ip) => ip.length))).toEqual(
      version === 4
        ? [
            [228, 228, 178],
            [178, 178],
          ]
        : [
            [248, 248, 198],
            [198, 198],
          ],
    );
  });

  test('ends before a longer packet', () => {
    const packets = [100, 101].map((size) => udpPacket({ ...parts, checksum, payload: payloadOf(size) }));
    expect(packets.map(take)).toEqual([false, false]);
  });
});

test('packets that differ in how their checksum is vouched for are joined', () => {
  const packets = [...flow(1, 50, { checksum: 'verified' }), ...flow(1, 50, { checksum: 'partial' })];
  expect(packets.map(take)).toEqual([false, true]);
});

describe('what is never joined', () => {
  const other: [string, UdpPacketParts][] = [
    ['source', { source: 9 }],
    ['destination', { destination: 9 }],
    ['source port', { sourcePort: 4001 }],
    ['destination port', { destinationPort: 5001 }],
    ['TTL', { ttl: 63 }],
    ['TOS', { tos: 1 }],
  ];
  const cases = [
    ...VERSIONS.flatMap((version) =>
      other.map(([name, parts]): [string, UdpPacketParts, UdpPacketParts] => [
        `another ${name} (IPv${version})`,
        { version },
        { version, ...parts },
      ]),
    ),
    ['another "do not fragment"', {}, { fragment: 0 }],
    ['another reserved flag', {}, { fragment: 0xc000 }],
    ['another flow label', { version: 6 }, { version: 6, flowLabel: 1 }],
    ['another version', {}, { version: 6 }],
  ] as [string, UdpPacketParts, UdpPacketParts][];

  test.each(cases)('%s', (_, a, b) => {
    const packets = [udpPacket(a), udpPacket(b), udpPacket(b)];
    expect(packets.map(take)).toEqual([false, false, true]);
  });

  const changed = (parts: UdpPacketParts, change: (packet: Uint8Array) => void): Uint8Array => {
    const packet = udpPacket(parts);
    change(packet);
    return packet;
  };
  const addTo16 = (at: number, by: number) => (packet: Uint8Array) =>
    writeU16(packet, VNET_BYTES + at, readU16(packet, VNET_BYTES + at) + by);
  const alone: [string, () => Uint8Array][] = [
    ['a first fragment', () => udpPacket({ fragment: 0x2000 })],
    ['a later fragment', () => udpPacket({ fragment: 0x0010 })],
    ['TCP', () => udpPacket({ protocol: 6 })],
    ['TCP over IPv6', () => udpPacket({ version: 6, protocol: 6 })],
    ['an IPv6 extension header', () => udpPacket({ version: 6, protocol: 60 })],
    ['IP options', () => changed({}, (packet) => void (packet[VNET_BYTES] = 0x46))],
    ['no IP version', () => changed({}, (packet) => void (packet[VNET_BYTES] = 0x75))],
    ['a checksum nobody vouches for', () => udpPacket({ checksum: 'none' })],
    ['a checksum nobody vouches for, IPv6', () => udpPacket({ version: 6, checksum: 'none' })],
    ['a segmented TCP packet', () => changed({}, (packet) => void (packet[1] = 1))],
    ['a segmented UDP packet', () => changed({}, (packet) => void (packet[1] = 5))],
    ['a UDP length that is too small', () => changed({}, addTo16(24, -1))],
    ['a UDP length that is too large', () => changed({}, addTo16(24, 1))],
    ['a UDP length that is too small, IPv6', () => changed({ version: 6 }, addTo16(44, -1))],
    ['an IP length that is too small', () => changed({}, addTo16(2, -1))],
    ['an IP length that is too large, IPv6', () => changed({ version: 6 }, addTo16(4, 1))],
    ['no payload', () => udpPacket({ payload: new Uint8Array(0) })],
    ['no payload, IPv6', () => udpPacket({ version: 6, payload: new Uint8Array(0) })],
    ['a packet without an end', () => udpPacket().subarray(0, VNET_BYTES + 24)],
    ['a virtio-net header alone', () => udpPacket().subarray(0, VNET_BYTES)],
  ];

  test.each(alone)('%s', (_, packet) => {
    const between = packet();
    // Neither with its like nor with a proper packet, and a run does not go on over it.
    const proper = udpPacket({ version: between[VNET_BYTES]! >> 4 === 6 ? 6 : 4 });
    expect([proper, between, between, proper].map(take)).toEqual([false, false, false, false]);
    expect(delivered().map(hex)).toEqual([proper, between, between, proper].map(hex));
  });
});

describe('limits', () => {
  test('64 packets are joined at most', () => {
    const joins = flow(130, 20).map(take);
    expect(joins.flatMap((isJoined, i) => (isJoined ? [] : [i]))).toEqual([0, 64, 128]);
    expect(delivered().map((packet) => cutSegmentedUdp(packet).length)).toEqual([64, 64, 2]);
  });

  test('65,000 bytes are joined at most', () => {
    flow(50, 1_400).forEach(take);
    // 38 bytes of headers and 46 pieces are 64,438 bytes; one more would be too many.
    expect(deliveries.map(({ length }) => length)).toEqual([38 + 46 * 1_400, 38 + 4 * 1_400]);
  });

  test('a full region leaves packets as they are, until it is taken back', () => {
    start(70_000);
    const regionFilled = [...flow(10, 600), ...flow(3, 600, { ttl: 1 })];
    expect(regionFilled.map(take).lastIndexOf(true)).toBe(9);
    expect(delivered().slice(1).map(hex)).toEqual(flow(3, 600, { ttl: 1 }).map(hex));
    coalescer.reset();
    expect(flow(2, 600, { ttl: 1 }).map(take)).toEqual([false, true]);
    expect(deliveries.at(-1)!.at).toBe(REGION_AT);
  });

  test('a region too small for any packet is never written to', () => {
    start(64_999);
    flow(5, 10).forEach(take);
    expect(deliveries).toHaveLength(5);
    expect(bytes.subarray(0, INPUT_AT).every((byte) => byte === CANARY)).toBe(true);
  });

  test('joined packets lie beside each other', () => {
    flow(3, 101).forEach(take);
    const first = hex(delivered()[0]!);
    flow(3, 77, { ttl: 1 }).forEach(take);
    expect(deliveries).toHaveLength(2);
    expect(hex(delivered()[0]!)).toBe(first);
  });
});

test('a run ends with a reset', () => {
  expect(flow(2, 50).map(take)).toEqual([false, true]);
  coalescer.reset();
  expect(flow(2, 50).map(take)).toEqual([false, true]);
});

test('nothing is joined unless that is enabled', () => {
  coalescer.isEnabled = false;
  expect(flow(3, 50).map(take)).toEqual([false, false, false]);
  expect(new UdpCoalescer(bytes, 0, 0).isEnabled).toBe(false);
});

describe('whatever comes', () => {
  const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

  /** A packet of one of few flows, now and then damaged or nothing at all. */
  function anyPacket(rng: Rng): Uint8Array {
    const sizes = [0, 1, 99, 100, 100, 100, 1_400];
    const packet = udpPacket({
      version: rng.chance(0.25) ? 6 : 4,
      ttl: 64 - (rng.chance(0.08) ? 1 : 0),
      id: rng.int(0, 65_535),
      sourcePort: 4_000 + (rng.chance(0.12) ? 1 : 0),
      payload: payloadOf(rng.pick(sizes), rng.int(0, 255)),
      checksum: rng.chance(0.03) ? 'none' : rng.pick(CHECKSUMS),
    });
    const fate = rng.int(0, 19);
    if (fate === 0) return packet.map(() => rng.int(0, 255));
    if (fate === 1) return packet.subarray(0, rng.int(0, packet.length));
    if (fate < 4) packet[rng.int(0, 59) % packet.length] = rng.int(0, 255);
    return packet;
  }

  /** What segmentation keeps of a packet: all but identification and checksums. */
  function kept(ip: Uint8Array): string {
    const copy = ip.slice();
    const isIpv4 = copy[0]! >> 4 === 4;
    if (isIpv4) copy.fill(0, 4, 6).fill(0, 10, 12);
    return hex(copy.fill(0, isIpv4 ? 26 : 46, isIpv4 ? 28 : 48));
  }

  test.each(SEEDS)(
    'every packet comes out again, in order, and nothing else is written (seed %i)',
    (seed) => {
      const rng = new Rng(seed);
      const regionBytes = rng.int(65_000, REGION_BYTES);
      start(regionBytes);
      const packets = Array.from({ length: 200 }, () => anyPacket(rng));
      const joins = packets.map(take);
      const inputBefore = new Uint8Array(inputEnd - INPUT_AT).fill(CANARY);
      let at = 0;
      for (const packet of packets) {
        inputBefore.set(packet, at);
        at += (packet.length + 7) & ~7;
      }
      expect(isOutsideIntact(inputBefore, regionBytes)).toBe(true);
      expect(joins).toContain(true);
      const seen = deliveries.flatMap((entry) => {
        const packet = bytes.subarray(entry.at, entry.at + entry.length);
        if (entry.at >= INPUT_AT) return [kept(ipOf(packet))];
        expect(pseudoHeaderSum(ipOf(packet))).toBe(readU16(packet, VNET_BYTES + packet[6]! + 6));
        return cutSegmentedUdp(packet).map(kept);
      });
      expect(seen).toEqual(packets.map((packet) => kept(ipOf(packet))));
    },
  );
});
