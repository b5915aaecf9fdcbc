/**
 * The bytes of a transfer: pseudo-random from a seed, the same at both ends, cheap enough for gigabits.
 *
 * One random block is made once; every further block is the same with its number written over the start, so that no
 * two blocks are equal and a block lost, doubled or out of order changes the hash.
 */
export class StreamPattern {
  readonly #blocks: Buffer[];
  #number = 0;

  constructor(seed: number) {
    const first = Buffer.alloc(BLOCK_BYTES);
    const words = new Uint32Array(first.buffer, first.byteOffset, BLOCK_BYTES / 4);
    let state = seed >>> 0 || 1;
    for (let index = 0; index < words.length; index++) {
      // xorshift32: full period, no multiplication, good enough to defeat compression and offset mistakes.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[index] = state;
    }
    this.#blocks = Array.from({ length: BLOCKS_IN_FLIGHT }, () => Buffer.from(first));
  }

  /** Hands out the next block; it stays valid until 64 more were taken. */
  next(): Buffer {
    const block = this.#blocks[this.#number % BLOCKS_IN_FLIGHT] as Buffer;
    block.writeDoubleBE(this.#number++, 0);
    return block;
  }
}

/** Large enough that a block costs one write, small enough that a rate of 20 Mbit/s stays smooth when it is split. */
export const BLOCK_BYTES = 64 * 1024;

/** A writer keeps at most one block beyond its high-water mark in flight; 64 leave no doubt. */
const BLOCKS_IN_FLIGHT = 64;
