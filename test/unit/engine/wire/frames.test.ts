import { describe, expect, test } from 'vitest';
import {
  ACK_HEAD_BYTES,
  ACK_MAX_RANGES,
  ACK_RANGE_BYTES,
  emptyAck,
  emptyPiece,
  readAck,
  readPiece,
  writeAck,
  writeChunkHead,
  writeMessageHead,
} from '../../../../src-engine/wire/frames.ts';
import {
  readPacketNumber,
  readU24,
  readU64,
  writeDataHeader,
  writeU24,
  writeU64,
} from '../../../../src-engine/wire/header.ts';
import { Rng } from '../../../support/rng.ts';

const bytes = new Uint8Array(400);

describe('numbers', () => {
  test.each([0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 48 - 1])(
    'the packet number %d comes out of a header as it went in',
    (packetNumber) => {
      const bytes = new Uint8Array(20);
      writeDataHeader(bytes, 4, 15, 0xffff_ffff, packetNumber);
      expect(readPacketNumber(bytes, 4)).toBe(packetNumber);
    },
  );

  test.each([0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER])(
    '%d survives 64 bits',
    (value) => {
      writeU64(bytes, 3, value);
      expect(readU64(bytes, 3)).toBe(value);
    },
  );

  test.each([0, 255, 65_536, 2 ** 24 - 1])('%d survives 24 bits', (value) => {
    writeU24(bytes, 3, value);
    expect(readU24(bytes, 3)).toBe(value);
  });
});

describe('pieces', () => {
  const piece = emptyPiece();

  test('a chunk that is cut off anywhere is malformed', () => {
    writeChunkHead(bytes, 0, 1, 2, 30, 10, 20);
    const read = Array.from({ length: 32 }, (_, end) => readPiece(bytes, 0, end, piece));
    expect(read).toEqual(Array<number>(32).fill(-1));
    expect(readPiece(bytes, 0, 32, piece)).toBe(32);
  });

  test('a message that is cut off anywhere is malformed', () => {
    writeMessageHead(bytes, 0, 1, 2, 3);
    const read = Array.from({ length: 11 }, (_, end) => readPiece(bytes, 0, end, piece));
    expect(read).toEqual(Array<number>(11).fill(-1));
    expect(readPiece(bytes, 0, 11, piece)).toBe(11);
  });

  test('a chunk may run to the end of the datagram', () => {
    writeChunkHead(bytes, 0, 1, 2, 30, 10, 0);
    expect(readPiece(bytes, 0, 10, piece)).toBe(-1);
    expect(readPiece(bytes, 0, 25, piece)).toBe(25);
    expect(piece).toEqual({ lane: 1, number: 2, total: 30, offset: 10, length: 15, at: 10 });
    expect(readPiece(bytes, 0, 31, piece), 'beyond the end of its message').toBe(-1);
  });

  test.each([
    [65_535, 65_534],
    [65_536, 65_535],
    [65_600, 65_536],
  ])('a chunk of a message of %d bytes may begin at %d', (total, offset) => {
    writeChunkHead(bytes, 0, 1, 0xfffffe, total, offset, 1);
    expect(readPiece(bytes, 0, 13, piece)).toBe(13);
    expect(piece).toEqual({ lane: 1, number: 0xfffffe, total, offset, length: 1, at: 12 });
  });

  test('a chunk beyond the end of its message is malformed', () => {
    writeChunkHead(bytes, 0, 1, 2, 29, 10, 20);
    expect(readPiece(bytes, 0, 400, piece)).toBe(-1);
  });

  test('a piece without bytes is malformed', () => {
    writeMessageHead(bytes, 0, 1, 2, 0);
    expect(readPiece(bytes, 0, 400, piece)).toBe(-1);
    writeChunkHead(bytes, 0, 1, 2, 29, 10, 1);
    bytes[11] = 0;
    expect(readPiece(bytes, 0, 400, piece)).toBe(-1);
  });
});

describe('acknowledgements', () => {
  const ack = emptyAck();

  test('any ranges survive', () => {
    const rng = new Rng(1);
    for (let round = 0; round < 500; round++) {
      const count = rng.int(1, ACK_MAX_RANGES);
      const ranges = new Float64Array(2 * ACK_MAX_RANGES);
      let last = 2 ** 33 + rng.int(0, 1e6);
      for (let i = 0; i < count; i++) {
        ranges[2 * i + 1] = last;
        ranges[2 * i] = last - rng.int(0, 500);
        last = ranges[2 * i]! - 2 - rng.int(0, 500);
      }
      const length = writeAck(bytes, 5, 9, 160, ranges, count);
      expect(readAck(bytes, 5, 5 + length, ack), `round ${round}`).toBe(5 + length);
      expect([...ack.ranges.subarray(0, 2 * count)], `round ${round}`).toEqual([
        ...ranges.subarray(0, 2 * count),
      ]);
    }
  });

  test('one that is cut off anywhere is malformed', () => {
    const length = writeAck(bytes, 0, 0, 0, Float64Array.of(10, 12, 3, 5), 2);
    const read = Array.from({ length }, (_, end) => readAck(bytes, 0, end, ack));
    expect(read).toEqual(Array<number>(length).fill(-1));
  });

  test('one with more ranges than allowed is malformed', () => {
    writeAck(bytes, 0, 0, 0, Float64Array.of(5_000, 5_000), 1);
    bytes.fill(0, ACK_HEAD_BYTES);
    bytes[12] = ACK_MAX_RANGES - 1;
    expect(readAck(bytes, 0, 400, ack)).toBe(ACK_HEAD_BYTES + 31 * ACK_RANGE_BYTES);
    bytes[12] = ACK_MAX_RANGES;
    expect(readAck(bytes, 0, 400, ack)).toBe(-1);
  });

  test('one that reaches below number 0 is malformed', () => {
    writeAck(bytes, 0, 0, 0, Float64Array.of(0, 5), 1);
    expect(readAck(bytes, 0, 400, ack)).toBe(ACK_HEAD_BYTES);
    bytes[14] = 6;
    expect(readAck(bytes, 0, 400, ack)).toBe(-1);
  });
});
