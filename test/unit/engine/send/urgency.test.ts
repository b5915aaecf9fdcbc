import { beforeEach, expect, test } from 'vitest';
import { Urgency } from '../../../../src-engine/send/urgency.ts';

const VNET_BYTES = 10;
const LANE = 7;

let urgency: Urgency;
let now = 0;

beforeEach(() => {
  urgency = new Urgency();
  now = 10_000_000;
  note(packet({ protocol: 17 }));
});

interface Fields {
  readonly isIpv6?: boolean;
  readonly protocol: number;
  readonly dscp?: number;
  readonly ports?: readonly [number, number];
  readonly tcpFlags?: number;
  readonly bytes?: number;
}

function packet(fields: Fields): Uint8Array {
  const bytes = new Uint8Array(VNET_BYTES + (fields.bytes ?? 200));
  const trafficClass = (fields.dscp ?? 0) << 2;
  const ip = VNET_BYTES;
  const transport = ip + (fields.isIpv6 === true ? 40 : 20);
  if (fields.isIpv6 === true) {
    bytes.set([0x60 | (trafficClass >> 4), (trafficClass & 15) << 4], ip);
    bytes[ip + 6] = fields.protocol;
  } else {
    bytes.set([0x45, trafficClass], ip);
    bytes[ip + 9] = fields.protocol;
  }
  const [source, destination] = fields.ports ?? [40_000, 40_001];
  bytes.set([source >> 8, source & 255, destination >> 8, destination & 255], transport);
  bytes[transport + 13] = fields.tcpFlags ?? 0x10;
  return bytes;
}

const note = (bytes: Uint8Array): boolean => urgency.note(bytes, 0, bytes.length, LANE, now);

test.each<[string, Fields]>([
  ['voice marked for expedited forwarding', { protocol: 17, dscp: 46 }],
  ['the same over IPv6', { protocol: 17, dscp: 46, isIpv6: true }],
  ['the first packet of a connection', { protocol: 6, tcpFlags: 0x02 }],
  ['its answer, over IPv6', { protocol: 6, tcpFlags: 0x12, isIpv6: true }],
  ['a name query', { protocol: 17, ports: [40_000, 53] }],
  ['its answer', { protocol: 17, ports: [53, 40_000], isIpv6: true }],
])('%s is urgent', (_, fields) => {
  expect(note(packet(fields))).toBe(true);
});

test.each<[string, Fields]>([
  ['a datagram of a stream', { protocol: 17 }],
  ['video, which is too much to send twice', { protocol: 17, dscp: 34 }],
  ['data of a connection', { protocol: 6 }],
  ['data over IPv6', { protocol: 6, isIpv6: true }],
  ['a large packet, whatever its mark', { protocol: 17, dscp: 46, bytes: 9_000 }],
  ['a packet too short for its ports', { protocol: 17, ports: [53, 53], bytes: 28 }],
])('%s is not', (_, fields) => {
  expect(note(packet(fields))).toBe(false);
});

test('the first packet after a pause is, the next is not', () => {
  now += 1_100_000;
  expect(note(packet({ protocol: 6 }))).toBe(true);
  now += 900_000;
  expect(note(packet({ protocol: 6 }))).toBe(false);
});

test.each<[string, Fields, boolean]>([
  ['voice', { protocol: 17 }, true],
  ['an echo', { protocol: 1, isIpv6: true }, true],
  ['an acknowledgement of TCP', { protocol: 6, bytes: 52 }, false],
  ['data of a download over QUIC', { protocol: 17, bytes: 1_280 }, false],
])('%s: a call is on: %s', (_, fields, isCall) => {
  urgency = new Urgency();
  note(packet(fields));
  expect(urgency.isCallOn(now)).toBe(isCall);
});

test('a call that has been silent for a second has ended', () => {
  expect(urgency.isCallOn(now + 999_999)).toBe(true);
  expect(urgency.isCallOn(now + 1_000_000)).toBe(false);
});
