import { createArena } from '../../../src-native/lib/index.ts';

/** The arena of a test file, handed out piece by piece and never taken back. */
export interface Memory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly sizeBytes: number;
  /** Offset of fresh bytes, aligned to 64. */
  reserve(lengthBytes: number): number;
  /** Int32 index of fresh words. */
  reserveWords(count: number): number;
  /** Copies `data` into fresh bytes and gives their offset. */
  put(data: Uint8Array): number;
  /** Copies words into a fresh list and gives its Int32 index. */
  list(...values: number[]): number;
  /** A copy of bytes, so that later calls do not change it. */
  copy(offset: number, lengthBytes: number): Buffer;
}

/** Makes the arena. Once a process: call it at the top of a test file. */
export function createMemory(sizeBytes = 512 * 1024 * 1024): Memory {
  const buffer = createArena(sizeBytes);
  const bytes = new Uint8Array(buffer);
  const words = new Int32Array(buffer);
  let next = 4096;
  const reserve = (lengthBytes: number): number => {
    const offset = next;
    next += Math.ceil(lengthBytes / 64) * 64;
    if (next > sizeBytes) throw new Error('the test needs a larger arena');
    return offset;
  };
  const reserveWords = (count: number): number => reserve(count * 4) / 4;
  return {
    bytes,
    words,
    sizeBytes,
    reserve,
    reserveWords,
    put: (data) => {
      const offset = reserve(data.length);
      bytes.set(data, offset);
      return offset;
    },
    list: (...values) => {
      const index = reserveWords(values.length);
      words.set(values, index);
      return index;
    },
    copy: (offset, lengthBytes) => Buffer.from(bytes.slice(offset, offset + lengthBytes)),
  };
}
