import { beforeEach, describe, expect, test } from 'vitest';
import { FlowClasses } from '../../../src-engine/flow-classes.ts';
import { NO_CLASS } from '../../../src-engine/inner-class.ts';
import { BONDED_DSCP, REDUNDANT_DSCP } from '../../../src-shared/model/lane-codes.ts';
import { type UdpPacketParts, udpPacket } from '../../support/udp-packets.ts';

const SECOND = 1_000_000;

let flows: FlowClasses;
let now: number;

beforeEach(() => {
  flows = new FlowClasses();
  now = 1_000_000;
});

/** A packet of the peer's comes in. */
function learn(dscp: number, parts: UdpPacketParts = {}): Uint8Array {
  const bytes = udpPacket({ ...parts, tos: dscp << 2 });
  flows.learn(bytes, 0, bytes.length, now);
  return bytes;
}

function classOf(parts: UdpPacketParts = {}): number {
  const bytes = udpPacket(parts);
  return flows.classOf(bytes, 0, bytes.length, now);
}

/** The parts of what is sent back on a flow. */
function answer(parts: UdpPacketParts): UdpPacketParts {
  const { source = 2, destination = 1, sourcePort = 4000, destinationPort = 5000 } = parts;
  return {
    ...parts,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  };
}

describe('what goes back on a flow', () => {
  test.each<[string, UdpPacketParts]>([
    ['IPv4', {}],
    ['IPv6', { version: 6 }],
    ['another protocol', { protocol: 132 }],
    ['fragments', { fragment: 0x2000 }],
  ])('has the class that the peer gave it, over %s', (_name, parts) => {
    for (const dscp of [BONDED_DSCP, REDUNDANT_DSCP, BONDED_DSCP]) {
      learn(dscp, parts);
      expect(classOf(answer(parts))).toBe(dscp);
    }
  });

  test('has none once the peer sends without a code', () => {
    learn(BONDED_DSCP);
    learn(46);
    expect(classOf(answer({}))).toBe(NO_CLASS);
  });

  test.each<[string, UdpPacketParts]>([
    ['a port of the peer', { sourcePort: 4001 }],
    ['a port of the other end', { destinationPort: 5001 }],
    ['an address', { destination: 3 }],
    ['the protocol', { protocol: 6 }],
    ['the version', { version: 6 }],
  ])('has none if it differs in %s', (_name, other) => {
    learn(BONDED_DSCP);
    expect(classOf(answer(other))).toBe(NO_CLASS);
  });

  test('cannot choose a class by a code of its own', () => {
    expect(classOf({ tos: BONDED_DSCP << 2 })).toBe(NO_CLASS);
    learn(REDUNDANT_DSCP, { sourcePort: 7 });
    expect(classOf(answer({ tos: BONDED_DSCP << 2 }))).toBe(NO_CLASS);
  });
});

test('an echo goes back in the class in which it came', () => {
  // In ICMP the identifier stands where UDP has its length.
  const echo = (identifier: number): UdpPacketParts => ({
    protocol: 1,
    payload: new Uint8Array(identifier - 8),
  });
  learn(REDUNDANT_DSCP, echo(50));
  expect([classOf(answer(echo(50))), classOf(answer(echo(51)))]).toEqual([REDUNDANT_DSCP, NO_CLASS]);
});

test('the code does not come out on the other side', () => {
  expect(learn(BONDED_DSCP)).toEqual(udpPacket());
  expect(learn(46)).toEqual(udpPacket({ tos: 46 << 2 }));
});

test('a class lasts as long as the flow speaks in either direction, and ends minutes after', () => {
  learn(BONDED_DSCP);
  for (let minutes = 0; minutes < 20; minutes += 4) {
    now += 240 * SECOND;
    expect(classOf(answer({}))).toBe(BONDED_DSCP);
  }
  now += 240 * SECOND;
  learn(REDUNDANT_DSCP, { sourcePort: 9 });
  now += 61 * SECOND;
  expect(classOf(answer({})), 'while others go on').toBe(NO_CLASS);
  now += 300 * SECOND;
  expect(flows.count(now)).toBe(0);
});

describe('a flood of flows', () => {
  const MANY = 100_000;
  const flow = (number: number): UdpPacketParts => ({
    sourcePort: number & 0xffff,
    destination: number >> 16,
    payload: new Uint8Array(1),
  });

  test('fills a table of fixed size, and the newest keep their class', () => {
    for (let number = 0; number < MANY; number++) {
      now++;
      learn(BONDED_DSCP, flow(number));
    }
    expect(flows.count(now)).toBe(4_096);
    let kept = 0;
    for (let number = MANY - 500; number < MANY; number++)
      if (classOf(answer(flow(number))) === BONDED_DSCP) kept++;
    expect(kept, 'of the last 500').toBeGreaterThan(490);
  });

  test('displaces no flow that goes on meanwhile', () => {
    const steady = { version: 6 } as const;
    learn(REDUNDANT_DSCP, steady);
    for (let number = 0; number < 20_000; number++) {
      now++;
      learn(BONDED_DSCP, flow(number));
      if (number % 100 === 0) expect(classOf(answer(steady))).toBe(REDUNDANT_DSCP);
    }
  });

  test('gives no class to flows that have none', () => {
    for (let number = 0; number < 20_000; number++) learn(BONDED_DSCP, flow(number));
    let given = 0;
    for (let number = 20_000; number < MANY; number++)
      if (classOf(answer(flow(number))) !== NO_CLASS) given++;
    expect(given).toBe(0);
  });
});
