import { describe, expect, it } from 'vitest';
import { foundBoxSchema } from '../../../../src-shared/model/found-box.ts';
import {
  decodeMessage,
  encodeResponse,
  type DnsRecord,
} from '../../../../src-platform/discovery/dns-message.ts';
import { FoundBoxes } from '../../../../src-platform/discovery/found-boxes.ts';
import {
  cleanName,
  parseText,
  SERVICE_NAME,
  textStrings,
} from '../../../../src-platform/discovery/service.ts';
import { Hostile } from '../../engine/fuzz/inputs.ts';
import { linkAt } from './mdns-network.ts';

/** A night's run takes 10 million. */
const INPUTS = Number(process.env['BOWLINE_FUZZ_INPUTS'] ?? 20_000);
const SEED = Number(process.env['BOWLINE_FUZZ_SEED'] ?? 1);
const PRINT = '3f2a-91bc-07de-55a1-c0ff';
const LINK = linkAt('192.168.1.9');

describe('what neighbours say', () => {
  it(
    `never throws, breaks the contract or grows: ${INPUTS} inputs (seed ${SEED})`,
    { timeout: 30_000 + INPUTS },
    () => {
      const hostile = new Hostile(SEED);
      const found = new FoundBoxes();
      const seeds = Array.from({ length: 64 }, (_, index) => answerOf(hostile, index));
      let useful = 0;
      for (let i = 0; i < INPUTS; i++) {
        const shape = hostile.below(4);
        const datagram =
          shape === 0
            ? garbage(hostile)
            : shape === 1
              ? answerOf(hostile, i)
              : hostile.damage(hostile.pick(seeds));
        const address = `192.168.1.${hostile.below(254)}`;
        if (found.take(datagram, { link: LINK, address, port: 5353 }, i)) useful++;
        if (i % 1_000 !== 0) continue;
        const boxes = found.boxes(i);
        expect(boxes.length).toBeLessThanOrEqual(64);
        for (const box of boxes)
          expect(foundBoxSchema.safeParse(box).error, JSON.stringify(box)).toBeUndefined();
        expect(found.missing(i).length).toBeLessThanOrEqual(32);
        expect(entriesIn(found)).toBeLessThanOrEqual(256 * (1 + 16 + 16 * 9));
      }
      expect(useful).toBeGreaterThan(INPUTS / 20);
      expect(found.drops.malformed).toBeGreaterThan(INPUTS / 20);
    },
  );

  it('is refused before room is made for a quarter of a million records', () => {
    const header = Buffer.alloc(12, 0xff);
    header.writeUInt16BE(0x8400, 2);
    expect(decodeMessage(header)).toBeNull();
    // Well-formed as a whole: three hundred times the shortest question.
    const questions = Buffer.alloc(12 + 300 * 5, 0);
    questions.writeUInt16BE(300, 4);
    for (let at = 12; at < questions.length; at += 5) questions.set([0, 0, 12, 0, 1], at);
    expect(decodeMessage(questions)).toBeNull();
    questions.writeUInt16BE(200, 4);
    expect(decodeMessage(questions)?.questions).toHaveLength(200);
    header.fill(0, 4);
    expect(decodeMessage(header)).toEqual({
      isResponse: true,
      questions: [],
      answers: [],
      authorities: [],
      additionals: [],
    });
  });

  it.each(['8.8.8.8', '127.0.0.1', '224.0.0.251', '0.0.0.0', '2001:db8::1', '::1', 'ff02::1'])(
    'does not lead to %s',
    (address) => {
      const found = new FoundBoxes();
      found.take(
        encodeResponse(recordsOf('attic', PRINT, address)),
        { link: LINK, address: '192.168.1.2', port: 5353 },
        0,
      );
      expect(found.boxes(0)).toEqual([]);
      found.take(
        encodeResponse(recordsOf('attic', PRINT, '192.168.1.2')),
        { link: LINK, address: '192.168.1.2', port: 5353 },
        0,
      );
      expect(found.boxes(0).map(({ addresses }) => addresses)).toEqual([['192.168.1.2']]);
    },
  );

  it('by a thousand neighbours leaves room for the one box that is searched for', () => {
    const found = new FoundBoxes(PRINT);
    for (let i = 0; i < 1_000; i++) {
      const other = `${i.toString(16).padStart(4, '0')}-0000-0000-0000-0000`;
      const address = `10.0.${i >> 8}.${i & 255}`;
      found.take(
        encodeResponse(recordsOf(`box${i}`, other, address)),
        { link: LINK, address, port: 5353 },
        0,
      );
    }
    const at = '192.168.1.2';
    found.take(encodeResponse(recordsOf('attic', PRINT, at)), { link: LINK, address: at, port: 5353 }, 0);
    expect(found.endpointsOf(PRINT, 0)).toEqual([{ address: at, port: 4747 }]);
  });

  it('does not overwrite what another one says, and one liar does not fill the list', () => {
    const found = new FoundBoxes(PRINT);
    for (let i = 0; i < 100; i++) {
      const liar = { link: LINK, address: '192.168.1.66', port: 5353 };
      found.take(encodeResponse(recordsOf(`attic${i}`, PRINT, `192.168.1.${100 + i}`, 1)), liar, 0);
    }
    const honest = { link: LINK, address: '192.168.1.2', port: 5353 };
    found.take(encodeResponse(recordsOf('attic1', PRINT, '192.168.1.2')), honest, 0);
    found.take(
      encodeResponse(recordsOf('attic1', PRINT, '192.168.1.66', 1)),
      { ...honest, address: '192.168.1.66' },
      0,
    );
    expect(found.endpointsOf(PRINT, 0)).toContainEqual({ address: '192.168.1.2', port: 4747 });
    expect(found.endpointsOf(PRINT, 0).length).toBeLessThanOrEqual(16);
  });

  it.each([
    ['the first', ['192.168.1.2', '192.168.1.3']],
    ['the second', ['192.168.1.3', '192.168.1.2']],
  ])('of one box reads the same when %s of its networks answers sooner', (_, order) => {
    const found = new FoundBoxes();
    for (const address of order)
      found.take(encodeResponse(recordsOf('attic', PRINT, address)), { link: LINK, address, port: 5353 }, 0);
    expect(found.boxes(0).map(({ addresses }) => addresses)).toEqual([['192.168.1.2', '192.168.1.3']]);
  });

  it('prints as one line of visible characters', () => {
    expect(cleanName('\u001b[31mattic\u202e\n\u200bbox\0 ')).toBe('[31matticbox');
    expect(Buffer.byteLength(cleanName('é'.repeat(100)))).toBe(62);
    expect(parseText([Buffer.from('name=\u0007'), Buffer.from(`fp=${PRINT}`), Buffer.from('pv=1')])).toEqual({
      name: PRINT,
      fingerprint: PRINT,
      protocol: 1,
    });
  });

  it.each([
    ['no fingerprint', ['name=a', 'pv=1']],
    ['a fingerprint of another form', ['name=a', 'pv=1', 'fp=3F2A-91bc']],
    ['no version', ['name=a', `fp=${PRINT}`]],
    ['a version that is no number', ['name=a', `fp=${PRINT}`, 'pv=1x']],
    ['a version out of range', ['name=a', `fp=${PRINT}`, 'pv=256']],
    ['an inherited name', ['__proto__=a', 'toString=b']],
  ])('is no box with %s', (_what, strings) => {
    expect(parseText(strings.map((text) => Buffer.from(text)))).toBeNull();
  });
});

function recordsOf(
  label: string,
  fingerprint: string,
  address: string,
  port = 4747,
  ttlSeconds = 120,
): DnsRecord[] {
  const name = `${label}.${SERVICE_NAME}`;
  const target = `bowline-${fingerprint.replaceAll('-', '')}.local`;
  const strings = textStrings({ name: label, fingerprint, protocol: 1, port }, label).map((text) =>
    Buffer.from(text),
  );
  return [
    { type: 'PTR', name: SERVICE_NAME, ttlSeconds, target: name },
    { type: 'SRV', name, ttlSeconds, target, port },
    { type: 'TXT', name, ttlSeconds, strings },
    { type: address.includes(':') ? 'AAAA' : 'A', name: target, ttlSeconds, address },
  ];
}

/** A well-formed answer with hostile content. */
function answerOf(hostile: Hostile, index: number): Uint8Array {
  const fingerprint = `${hostile.below(0x10000).toString(16).padStart(4, '0')}-0000-0000-0000-0000`;
  const label = hostile.pick(['attic', `b${index}`, '\u001b[2J', 'x'.repeat(63), '\u202eevil', 'é', ' ']);
  const address = hostile.pick([
    '192.168.1.5',
    `10.0.0.${hostile.below(256)}`,
    'fe80::1',
    '8.8.8.8',
    '::',
    '255.255.255.255',
  ]);
  return encodeResponse(
    recordsOf(label, fingerprint, address, hostile.below(0x10000), hostile.pick([0, 1, 120, 0x7fffffff])),
  );
}

function garbage(hostile: Hostile): Uint8Array {
  const bytes = new Uint8Array(hostile.below(300));
  hostile.fill(bytes, 0, bytes.length);
  // Small counts of entries, so that it is not refused at the header.
  for (let at = 2; at < Math.min(12, bytes.length); at++)
    bytes[at] = at === 2 ? 0x84 : at % 2 === 0 ? 0 : hostile.below(4);
  if (bytes.length > 3) bytes[3] = 0;
  return bytes;
}

function entriesIn(found: FoundBoxes): number {
  const { senders } = found as unknown as {
    senders: Map<string, { instances: Map<string, unknown>; hosts: Map<string, Map<string, number>> }>;
  };
  let entries = 0;
  for (const { instances, hosts } of senders.values()) {
    entries += 1 + instances.size;
    for (const addresses of hosts.values()) entries += 1 + addresses.size;
  }
  return entries;
}
