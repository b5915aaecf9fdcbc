import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  type AeadSuite,
  hasAesHardware,
  keyAdd,
  keyDrop,
  open,
  seal,
} from '../../../src-native/lib/index.ts';
import { createMemory } from '../../support/native/memory.ts';

const memory = createMemory();
const { words } = memory;
const HEADER = 12;
const OVERHEAD = HEADER + 16;

describe.each<{ name: string; suite: AeadSuite }>([
  { name: 'AES-256-GCM', suite: 1 },
  { name: 'ChaCha20-Poly1305', suite: 2 },
])('$name', ({ name, suite }) => {
  test('what is sealed from scattered segments is what node:crypto makes of the joined text', () => {
    const key = makeKey(suite);
    for (const lengths of [[], [0], [1], [16], [15, 1, 17], [1440], [0, 700, 0, 740], [3, 5, 9000, 7, 333]]) {
      const text = randomBytes(lengths.reduce((sum, length) => sum + length, 0));
      const header = randomBytes(HEADER);
      const destination = memory.reserve(text.length + OVERHEAD);
      memory.bytes.set(header, destination);
      const desc = sealDescriptor(destination, key.slot, scatter(text, lengths));

      seal(desc, 1);

      expect(words[desc + 4], `length of ${lengths.join('+')}`).toBe(text.length + OVERHEAD);
      expect(memory.copy(destination, text.length + OVERHEAD)).toEqual(
        Buffer.concat([header, key.encrypt(header, text)]),
      );
    }
  });

  test('random cuts of a random text never change the result', () => {
    const key = makeKey(suite);
    for (let round = 0; round < 200; round++) {
      const lengths = Array.from({ length: 1 + Math.floor(Math.random() * 6) }, () =>
        Math.floor(Math.random() ** 2 * 400),
      );
      const text = randomBytes(lengths.reduce((sum, length) => sum + length, 0));
      const header = randomBytes(HEADER);
      const destination = memory.put(Buffer.concat([header, Buffer.alloc(text.length + 16)]));
      seal(sealDescriptor(destination, key.slot, scatter(text, lengths)), 1);
      expect(memory.copy(destination + HEADER, text.length + 16), `cut ${lengths.join('+')}`).toEqual(
        key.encrypt(header, text),
      );
    }
  });

  test('a segment at its own place is encrypted there, after one that comes from elsewhere', () => {
    const key = makeKey(suite);
    const text = randomBytes(1000);
    const header = randomBytes(HEADER);
    const destination = memory.put(Buffer.concat([header, Buffer.alloc(1016)]));
    memory.bytes.set(text.subarray(300), destination + HEADER + 300);
    const away = memory.put(text.subarray(0, 300));

    seal(
      sealDescriptor(destination, key.slot, [
        [away, 300],
        [destination + HEADER + 300, 700],
      ]),
      1,
    );

    expect(memory.copy(destination + HEADER, 1016)).toEqual(key.encrypt(header, text));
  });

  test('a batch opens in place what node:crypto sealed', () => {
    const key = makeKey(suite);
    const texts = [0, 1, 64, 1440, 9000].map((length) => randomBytes(length));
    const offsets = texts.map((text) => putSealed(key, text));
    const desc = openDescriptors(key.slot, offsets, texts);

    expect(open(desc, texts.length)).toBe(texts.length);

    texts.forEach((text, i) => {
      expect(words[desc + 4 * i + 3]).toBe(1);
      expect(memory.copy(offsets[i]! + HEADER, text.length)).toEqual(text);
    });
  });

  test('one changed bit anywhere spoils that datagram and no other', () => {
    const key = makeKey(suite);
    const text = randomBytes(100);
    for (let position = 0; position < text.length + OVERHEAD; position++) {
      const offsets = [putSealed(key, text), putSealed(key, text), putSealed(key, text)];
      const broken = offsets[1]! + position;
      memory.bytes[broken] = memory.bytes[broken]! ^ (1 << (position % 8));
      const desc = openDescriptors(key.slot, offsets, [text, text, text]);
      expect(open(desc, 3), `byte ${position}`).toBe(2);
      expect([words[desc + 3], words[desc + 7], words[desc + 11]]).toEqual([1, 0, 1]);
    }
  });

  test('a datagram cut short or too short for a tag does not open', () => {
    const key = makeKey(suite);
    const offset = putSealed(key, randomBytes(50));
    for (const length of [0, 1, HEADER, OVERHEAD - 1, OVERHEAD, 50 + OVERHEAD - 1]) {
      const desc = memory.list(offset, length, key.slot, 7);
      expect(open(desc, 1), `length ${length}`).toBe(0);
      expect(words[desc + 3]).toBe(0);
    }
  });

  test('another key, a dropped key and a slot that never was open nothing', () => {
    const key = makeKey(suite);
    const other = makeKey(suite);
    const dropped = makeKey(suite);
    const text = randomBytes(20);
    const offsets = [
      putSealed(key, text),
      putSealed(dropped, text),
      putSealed(key, text),
      putSealed(key, text),
    ];
    keyDrop(dropped.slot);
    const desc = openDescriptors(key.slot, offsets, [text, text, text, text]);
    words[desc + 2] = other.slot;
    words[desc + 6] = dropped.slot;
    words[desc + 10] = 2_000_000_000;
    expect(open(desc, 4)).toBe(1);
    expect([words[desc + 3], words[desc + 7], words[desc + 11], words[desc + 15]]).toEqual([0, 0, 0, 1]);
  });

  test('one key seals and opens by turns', () => {
    const key = makeKey(suite);
    for (let i = 0; i < 5; i++) {
      const text = randomBytes(200);
      const destination = memory.put(Buffer.concat([randomBytes(HEADER), text, Buffer.alloc(16)]));
      seal(sealDescriptor(destination, key.slot, [[destination + HEADER, 200]]), 1);
      expect(key.decrypt(memory.copy(destination, 200 + OVERHEAD))).toEqual(text);
      expect(open(memory.list(destination, 200 + OVERHEAD, key.slot, 0), 1)).toBe(1);
      expect(memory.copy(destination + HEADER, 200)).toEqual(text);
    }
  });

  test('sealing with a dropped key throws and leaves the datagram as it was', () => {
    const key = makeKey(suite);
    keyDrop(key.slot);
    keyDrop(key.slot);
    const before = randomBytes(100);
    const destination = memory.put(before);
    const desc = sealDescriptor(destination, key.slot, [[destination + HEADER, 68]]);
    expect(() => seal(desc, 1)).toThrow(expect.objectContaining({ code: 'ERR_BAD_KEY_SLOT' }));
    expect(memory.copy(destination, 100)).toEqual(before);
  });

  test(`${name} refuses segments that its own output would overwrite`, () => {
    const key = makeKey(suite);
    const destination = memory.reserve(2048) + 512;
    const refused: [number, number][][] = [
      [[destination + HEADER + 1, 100]],
      [[destination - 50, 100]],
      [[destination, HEADER]],
      // The tag of this text would fall on its second segment.
      [
        [destination - 500, 100],
        [destination + HEADER + 110, 10],
      ],
    ];
    for (const segments of refused) {
      expect(
        () => seal(sealDescriptor(destination, key.slot, segments), 1),
        JSON.stringify(segments),
      ).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_OVERLAP' }));
    }
    seal(sealDescriptor(destination, key.slot, [[destination - 100, 100]]), 1);
    seal(sealDescriptor(destination, key.slot, [[destination + OVERHEAD + 100, 100]]), 1);
  });
});

test('the tag has to fit the arena, not only the text', () => {
  const key = makeKey(1);
  const end = memory.sizeBytes;
  const size = 100 + OVERHEAD;
  const source = memory.put(randomBytes(100));
  const fits = sealDescriptor(end - size, key.slot, [[source, 100]]);
  seal(fits, 1);
  for (const overhang of [1, HEADER, OVERHEAD]) {
    const desc = sealDescriptor(end - size + overhang, key.slot, [[source, 100]]);
    expect(() => seal(desc, 1), `overhang ${overhang}`).toThrow(outOfArena);
  }
  expect(open(memory.list(end - size, size, key.slot, 0), 1)).toBe(1);
  expect(() => open(memory.list(end - size, size + 1, key.slot, 0), 1)).toThrow(outOfArena);
});

test('lists and segments outside the arena are refused', () => {
  const key = makeKey(1);
  const destination = memory.reserve(256);
  const wordCount = memory.sizeBytes / 4;
  expect(() => seal(wordCount - 5, 1)).toThrow(outOfArena);
  expect(() => open(wordCount - 3, 1)).toThrow(outOfArena);
  expect(() => seal(-1, 1)).toThrow(outOfArena);
  expect(() => seal(0, -1)).toThrow(outOfArena);
  for (const [first, count] of [
    [wordCount - 1, 1],
    [-2, 1],
    [0, -1],
    [0, 2_000_000_000],
  ] as const) {
    expect(() => seal(memory.list(destination, key.slot, first, count, 0, 0), 1)).toThrow(outOfArena);
  }
  for (const segment of [
    [-1, 4],
    [memory.sizeBytes - 1, 2],
    [destination, -5],
  ] as const) {
    expect(() => seal(sealDescriptor(destination, key.slot, [[...segment]]), 1)).toThrow(outOfArena);
  }
});

test('a slot number is never given to another key, so an old one finds nothing', () => {
  const old = makeKey(1);
  keyDrop(old.slot);
  const destination = memory.reserve(64);
  const seen = new Set([old.slot]);
  for (let i = 0; i < 3000; i++) {
    const { slot } = makeKey(1);
    expect(seen.has(slot)).toBe(false);
    seen.add(slot);
    expect(() => seal(sealDescriptor(destination, old.slot, []), 1), `key ${i}`).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_KEY_SLOT' }),
    );
    keyDrop(old.slot);
    seal(sealDescriptor(destination, slot, []), 1);
    keyDrop(slot);
  }
});

test('the table holds 1,024 keys and says so when it is full', () => {
  const slots: number[] = [];
  expect(() => {
    for (;;) slots.push(keyAdd(2, randomBytes(32), randomBytes(12)));
  }).toThrow(expect.objectContaining({ code: 'ERR_NO_KEY_SLOT' }));
  expect(slots.length).toBeGreaterThan(900);
  expect(slots.length).toBeLessThanOrEqual(1024);
  keyDrop(slots[10]!);
  expect(keyAdd(1, randomBytes(32), randomBytes(12))).toBeGreaterThan(0);
  slots.forEach((slot) => keyDrop(slot));
});

test('keys of the wrong kind or size are refused', () => {
  const key = randomBytes(32);
  const iv = randomBytes(12);
  expect(() => keyAdd(3 as AeadSuite, key, iv)).toThrow(RangeError);
  expect(() => keyAdd(1, key.subarray(1), iv)).toThrow(RangeError);
  expect(() => keyAdd(1, key, randomBytes(16))).toThrow(RangeError);
  expect(() => keyAdd(1, new Float64Array(32) as never, iv)).toThrow(TypeError);
  expect(() => keyAdd(1, 'secret' as never, iv)).toThrow(TypeError);
});

test('whether the processor knows AES is a plain answer', () => {
  expect(typeof hasAesHardware()).toBe('boolean');
});

const outOfArena = expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_ARENA' }) as Error;

interface TestKey {
  readonly slot: number;
  encrypt(header: Buffer, text: Buffer): Buffer;
  decrypt(datagram: Buffer): Buffer;
}

function makeKey(suite: AeadSuite): TestKey {
  const key = randomBytes(32);
  const iv = randomBytes(12);
  const nonceOf = (header: Buffer): Buffer => {
    const nonce = Buffer.from(iv);
    nonce[3] = nonce[3]! ^ header[1]!;
    for (let i = 0; i < 2; i++) nonce[6 + i] = nonce[6 + i]! ^ header[2 + i]!;
    for (let i = 0; i < 4; i++) nonce[8 + i] = nonce[8 + i]! ^ header[8 + i]!;
    return nonce;
  };
  // The two algorithms have different types in node:crypto and the same methods.
  const algorithm = (suite === 1 ? 'aes-256-gcm' : 'chacha20-poly1305') as 'aes-256-gcm';
  return {
    slot: keyAdd(suite, key, iv),
    encrypt: (header, text) => {
      const cipher = createCipheriv(algorithm, key, nonceOf(header), { authTagLength: 16 });
      cipher.setAAD(header);
      return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt: (datagram) => {
      const header = datagram.subarray(0, HEADER);
      const decipher = createDecipheriv(algorithm, key, nonceOf(header), { authTagLength: 16 });
      decipher.setAAD(header);
      decipher.setAuthTag(datagram.subarray(-16));
      return Buffer.concat([decipher.update(datagram.subarray(HEADER, -16)), decipher.final()]);
    },
  };
}

function putSealed(key: TestKey, text: Buffer): number {
  const header = randomBytes(HEADER);
  return memory.put(Buffer.concat([header, key.encrypt(header, text)]));
}

/** Puts the pieces of a text at places apart from each other, in an order that is not theirs. */
function scatter(text: Buffer, lengths: readonly number[]): [number, number][] {
  let position = 0;
  const pieces = lengths.map((length) => text.subarray(position, (position += length)));
  const offsets = new Map([...pieces.entries()].reverse().map(([i, piece]) => [i, memory.put(piece)]));
  return pieces.map((piece, i) => [offsets.get(i)!, piece.length]);
}

function sealDescriptor(destination: number, slot: number, segments: readonly [number, number][]): number {
  const list = memory.list(...segments.flat());
  return memory.list(destination, slot, list, segments.length, -1, 0);
}

function openDescriptors(slot: number, offsets: readonly number[], texts: readonly Buffer[]): number {
  return memory.list(...offsets.flatMap((offset, i) => [offset, texts[i]!.length + OVERHEAD, slot, 7]));
}
