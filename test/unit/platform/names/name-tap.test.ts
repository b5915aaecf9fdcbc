import type { Answer } from 'dns-packet';
import { isIP } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { OpenQuestions } from '../../../../src-platform/names/name-tap.ts';
import {
  answerPacket,
  questionPacket,
  udpPacket,
  type NamePacketOptions,
} from '../../../support/name-packets.ts';
import { Hostile } from '../../engine/fuzz/inputs.ts';

/** A night's run takes 10 million. */
const INPUTS = Number(process.env['BOWLINE_FUZZ_INPUTS'] ?? 100_000);
const SEED = Number(process.env['BOWLINE_FUZZ_SEED'] ?? 1);

const ADDRESS: Answer = { type: 'A', name: 'www.example.org', ttl: 300, data: '203.0.113.7' };
const WWW: NamePacketOptions = { name: 'www.example.org', answers: [ADDRESS] };

let now: number;
let questions: OpenQuestions;
beforeEach(() => {
  now = 0;
  questions = new OpenQuestions(() => now);
});

function ask(options: NamePacketOptions): void {
  expect(questions.take(questionPacket(options))).toBeNull();
}

describe('an answer', () => {
  it.each([
    { family: 'IPv4', ends: {} },
    { family: 'IPv6', ends: { client: '2001:db8::10', server: 'fd00::53' } },
    { family: 'the loopback interface', ends: { client: '127.0.0.1', server: '127.0.0.53' } },
  ])('to a question that was seen tells the addresses: over $family', ({ ends }) => {
    ask({ ...WWW, ...ends });
    expect(questions.take(answerPacket({ ...WWW, ...ends }))).toEqual({
      names: ['www.example.org'],
      addresses: [{ address: '203.0.113.7', ttlSeconds: 300 }],
    });
  });

  it('counts in whatever letters, with every name on the way to the address', () => {
    ask({ name: 'WWW.Example.ORG', type: 'AAAA' });
    const answers: readonly Answer[] = [
      { type: 'AAAA', name: 'Edge.cdn.example', ttl: 20, data: '2001:db8::7' },
      { type: 'CNAME', name: 'www.EXAMPLE.org', ttl: 300, data: 'org.cdn.example.' },
      { type: 'CNAME', name: 'org.cdn.example', ttl: 60, data: 'edge.cdn.example' },
      { type: 'AAAA', name: 'edge.cdn.example', ttl: 30, data: '2001:db8::8' },
      // Of another name, of another kind: neither was asked for.
      { type: 'AAAA', name: 'bank.example', ttl: 30, data: '2001:db8::666' },
      { type: 'A', name: 'edge.cdn.example', ttl: 30, data: '203.0.113.66' },
    ];
    expect(questions.take(answerPacket({ name: 'www.example.org', type: 'AAAA', answers }))).toEqual({
      names: ['www.example.org', 'org.cdn.example', 'edge.cdn.example'],
      addresses: [
        { address: '2001:db8::7', ttlSeconds: 20 },
        { address: '2001:db8::8', ttlSeconds: 30 },
      ],
    });
  });

  it.each<[string, NamePacketOptions]>([
    ['with another number', { ...WWW, id: 2 }],
    ['from another server', { ...WWW, server: '192.0.2.54' }],
    ['from another port', { ...WWW, serverPort: 5353 }],
    ['to another port', { ...WWW, clientPort: 40_001 }],
    ['to another machine', { ...WWW, client: '192.0.2.11' }],
    ['to another question', { ...WWW, name: 'www.example.net' }],
    ['of another kind', { ...WWW, type: 'AAAA' }],
    ['that was cut off', { ...WWW, flags: 0x0200 }],
    ['that says that it failed', { ...WWW, flags: 0x0003 }],
    ['without an address', { ...WWW, answers: [] }],
    [
      'that goes in a circle',
      {
        ...WWW,
        answers: [
          { type: 'CNAME', name: 'www.example.org', data: 'a.example' },
          { type: 'CNAME', name: 'a.example', data: 'www.example.org' },
          ADDRESS,
        ],
      },
    ],
  ])('%s counts for nothing', (_, options) => {
    ask(WWW);
    expect(questions.take(answerPacket(options))).toBeNull();
  });

  it('that nobody asked for, that comes twice or late, counts for nothing', () => {
    expect(questions.take(answerPacket(WWW))).toBeNull();
    ask(WWW);
    expect(questions.take(answerPacket(WWW))).not.toBeNull();
    expect(questions.take(answerPacket(WWW))).toBeNull();
    ask(WWW);
    now = 10_000_001;
    expect(questions.take(answerPacket(WWW))).toBeNull();
    ask(WWW);
    now += 9_999_999;
    expect(questions.take(answerPacket(WWW))).not.toBeNull();
  });

  it('to the latest of very many questions still counts', () => {
    for (let i = 0; i < 5_000; i++) ask({ ...WWW, id: i % 65_536, clientPort: 1_024 + i });
    expect(questions.size).toBe(1_024);
    expect(questions.take(answerPacket({ ...WWW, id: 0, clientPort: 1_024 }))).toBeNull();
    expect(questions.take(answerPacket({ ...WWW, id: 4_999, clientPort: 6_023 }))).not.toBeNull();
  });
});

describe('what strangers send', () => {
  it('is refused before room is made for a quarter of a million records', () => {
    const header = Buffer.alloc(12, 0xff);
    header.writeUInt16BE(0x8000, 2);
    const ends = { address: '192.0.2.53', port: 53 };
    expect(questions.take(udpPacket(ends, { address: '192.0.2.10', port: 1 }, header))).toBeNull();
  });

  it(
    `never throws, grows, or leads to what is no address: ${INPUTS} inputs (seed ${SEED})`,
    { timeout: 60_000 + INPUTS },
    () => {
      const hostile = new Hostile(SEED);
      const seeds = Array.from({ length: 32 }, (_, index) => answerPacket(randomAnswer(hostile, index)));
      const asked = seeds.map((_, index) => questionPacket({ name: `n${index}.example.org`, id: 1 }));
      let useful = 0;
      for (let i = 0; i < INPUTS; i++) {
        const shape = hostile.below(4);
        let packet: Uint8Array;
        if (shape === 0) {
          packet = new Uint8Array(hostile.below(300));
          hostile.fill(packet, 0, packet.length);
          if (packet.length > 0) packet[0] = hostile.pick([0x45, 0x4f, 0x60, packet[0]!]);
        } else if (shape === 1) packet = answerPacket(randomAnswer(hostile, hostile.below(32)));
        else packet = hostile.damage(hostile.pick(seeds));
        // A question before, so that answers are looked at to their end.
        questions.take(hostile.pick(asked));
        const answer = questions.take(packet);
        if (answer === null) continue;
        useful++;
        expect(answer.names.length).toBeLessThanOrEqual(17);
        expect(answer.addresses.length).toBeLessThanOrEqual(64);
        for (const { address, ttlSeconds } of answer.addresses) {
          expect(isIP(address), address).not.toBe(0);
          expect(Number.isFinite(ttlSeconds)).toBe(true);
        }
      }
      expect(questions.size).toBeLessThanOrEqual(1_024);
      expect(useful).toBeGreaterThan(INPUTS / 100);
    },
  );
});

function randomAnswer(hostile: Hostile, index: number): NamePacketOptions {
  const name = `n${index}.example.org`;
  const answers: Answer[] = Array.from({ length: hostile.below(5) }, () =>
    hostile.below(3) === 0
      ? { type: 'CNAME', name, ttl: hostile.word(), data: `n${hostile.below(40)}.example.org` }
      : { type: 'A', name, ttl: hostile.word(), data: `203.0.113.${hostile.below(256)}` },
  );
  return { name, id: 1, answers };
}
