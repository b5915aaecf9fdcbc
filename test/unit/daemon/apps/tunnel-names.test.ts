import { describe, expect, it } from 'vitest';
import { TunnelNames } from '../../../../src-daemon/apps/tunnel-names.ts';
import { UdpCoalescer } from '../../../../src-engine/receive/udp-coalescer.ts';
import { OpenQuestions, type NameAnswer } from '../../../../src-platform/names/name-tap.ts';
import { DeliveryTable } from '../../../support/delivery-table.ts';
import {
  answerPacket,
  questionPacket,
  udpPacket,
  type NamePacketOptions,
} from '../../../support/name-packets.ts';
import { Hostile } from '../../engine/fuzz/inputs.ts';

const OVER_IPV6 = { client: 'fd77::2', server: 'fd00:77::53' };
/** The checksum has been verified. */
const DATA_VALID = 2;
const REGION = 512 * 1024;
const VNET_BYTES = 10;

function example(index: number, ends: Partial<NamePacketOptions> = {}): NamePacketOptions {
  const name = `n${index}.example.org`;
  return { ...ends, name, id: index, answers: [{ type: 'A', name, ttl: 60, data: `203.0.113.${index}` }] };
}

/** What is picked out of packets that come through the tunnel. */
function picked(table: DeliveryTable): readonly Uint8Array[] {
  const packets: Uint8Array[] = [];
  new TunnelNames((packet) => packets.push(packet)).onLeave(table, table.at, table.count);
  return packets;
}

/** What comes of them to somebody who has seen all questions. */
function heard(table: DeliveryTable, asked: readonly NamePacketOptions[]): readonly NameAnswer[] {
  const questions = new OpenQuestions(() => 0);
  for (const options of asked) questions.take(questionPacket(options));
  return picked(table).flatMap((packet) => questions.take(packet) ?? []);
}

function addressesOf(answers: readonly NameAnswer[]): readonly string[] {
  return answers.flatMap(({ addresses }) => addresses.map(({ address }) => address));
}

describe('answers among what came through the tunnel', () => {
  it.each([
    ['IPv4', {}],
    ['IPv6', OVER_IPV6],
  ])('are found between other packets, in their order: over %s', (_, ends) => {
    const asked = [example(1, ends), example(2, ends), example(3, ends)];
    const table = new DeliveryTable();
    table.add(
      udpPacket({ address: '192.0.2.53', port: 443 }, { address: '10.77.0.2', port: 53 }, Buffer.alloc(50)),
    );
    for (const options of asked) {
      table.add(answerPacket(options));
      table.add(questionPacket(options));
    }
    expect(addressesOf(heard(table, asked))).toEqual(['203.0.113.1', '203.0.113.2', '203.0.113.3']);
  });

  it.each([
    ['IPv4', {}],
    ['IPv6', OVER_IPV6],
  ])('are taken apart where they were joined to one packet, the last one shorter: over %s', (_, ends) => {
    const asked = [example(11, ends), example(22, ends), example(33, ends), example(4, ends)];
    const table = new DeliveryTable();
    const coalescer = new UdpCoalescer(table.bytes, REGION, table.bytes.length - REGION);
    coalescer.isEnabled = true;
    for (const options of asked) {
      const { at, length } = table.place(answerPacket(options), [DATA_VALID]);
      coalescer.append(at, length);
    }
    table.enter(coalescer.joinedAt, coalescer.joinedLength);
    expect(picked(table), 'nothing behind the last one').toHaveLength(asked.length);
    expect(addressesOf(heard(table, asked))).toEqual([
      '203.0.113.11',
      '203.0.113.22',
      '203.0.113.33',
      '203.0.113.4',
    ]);
  });

  it.each<[string, (packet: Uint8Array) => void]>([
    ['of another protocol', (packet) => (packet[9] = 6)],
    ['from another port', (packet) => (packet[21] = 54)],
    ['that is a later piece of a packet', (packet) => (packet[7] = 1)],
  ])('are no packets %s', (_, change) => {
    const table = new DeliveryTable();
    const packet = answerPacket(example(1));
    change(packet);
    table.add(packet);
    expect(picked(table)).toEqual([]);
  });

  it('are found behind a header with options, and not in what stands behind a packet that is cut off', () => {
    const plain = answerPacket(example(1));
    const options = Buffer.alloc(8, 1);
    const packet = Buffer.concat([plain.subarray(0, 20), options, plain.subarray(20)]);
    packet[0] = 0x47;
    const table = new DeliveryTable();
    table.add(packet);
    expect(picked(table)).toHaveLength(1);
    table.clear();
    // The ports are there, in the room behind it.
    const { at } = table.place(plain);
    table.enter(at, VNET_BYTES + 20);
    expect(picked(table)).toEqual([]);
  });

  it('are looked for without a throw, and without much room, in bytes of any kind', () => {
    const hostile = new Hostile(1);
    const seeds = [answerPacket(example(1)), answerPacket(example(1, OVER_IPV6))];
    for (let i = 0; i < 20_000; i++) {
      const table = HOSTILE;
      table.clear();
      const packet = hostile.below(3) === 0 ? hostile.pick(seeds) : hostile.damage(hostile.pick(seeds));
      const isLarge = hostile.below(2) === 0;
      table.add(packet.subarray(0, hostile.below(packet.length + 1)), [
        DATA_VALID,
        ...(isLarge ? [5, 0, 0, hostile.below(60), hostile.below(256)] : []),
      ]);
      expect(picked(table).length).toBeLessThanOrEqual(128);
    }
  });
});

describe('questions among what enters the tunnel', () => {
  it.each([
    ['IPv4', {}],
    ['IPv6', OVER_IPV6],
  ])('are found, and no answers: over %s', (_, ends) => {
    const table = new DeliveryTable();
    const packets: Uint8Array[] = [];
    const names = new TunnelNames((packet) => packets.push(packet));
    const question = questionPacket(example(1, ends));
    for (const packet of [answerPacket(example(1, ends)), question]) {
      const { at, length } = table.place(packet);
      names.onEnter(table.bytes, at, length);
    }
    expect(packets).toEqual([Uint8Array.from(question)]);
  });
});

const HOSTILE = new DeliveryTable();
