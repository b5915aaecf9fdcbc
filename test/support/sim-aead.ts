import type { Arena } from '../../src-engine/memory.ts';
import { HEADER_BYTES } from '../../src-engine/wire/header.ts';
import type { AeadSuite, DatagramAead } from '../../src-engine/ports.ts';

/**
 * Stands in for the addon's AEAD in simulation: copies instead of encrypting, and authenticates header and plaintext
 * with a keyed 32-bit sum, which detects every corruption that the simulated links make.
 */
export class SimAead implements DatagramAead {
  readonly hasAesHardware = true;
  private readonly arena: Arena;
  private readonly keys = new Map<number, number>();
  private nextSlot = 1;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  get liveKeys(): number {
    return this.keys.size;
  }

  keyAdd(_suite: AeadSuite, key: Uint8Array, iv: Uint8Array): number {
    const slot = this.nextSlot++;
    this.keys.set(slot, key[0]! | (key[1]! << 8) | (key[31]! << 16) | (iv[0]! << 24));
    return slot;
  }

  keyDrop(slot: number): void {
    this.keys.delete(slot);
  }

  seal(descriptors: number, count: number): void {
    const { bytes, words } = this.arena;
    for (let i = 0; i < count; i++) {
      const entry = descriptors + 6 * i;
      const start = words[entry]!;
      let at = start + HEADER_BYTES;
      const first = words[entry + 2]!;
      for (let s = 0; s < words[entry + 3]!; s++) {
        const from = words[first + 2 * s]!;
        const length = words[first + 2 * s + 1]!;
        if (from !== at) bytes.copyWithin(at, from, from + length);
        at += length;
      }
      this.writeTag(start, at, this.keys.get(words[entry + 1]!)!);
      words[entry + 4] = at + 16 - start;
    }
  }

  open(descriptors: number, count: number): number {
    const { bytes, words } = this.arena;
    let good = 0;
    for (let i = 0; i < count; i++) {
      const entry = descriptors + 4 * i;
      const start = words[entry]!;
      const end = start + words[entry + 1]! - 16;
      const key = this.keys.get(words[entry + 2]!);
      const tag = bytes[end]! | (bytes[end + 1]! << 8) | (bytes[end + 2]! << 16) | (bytes[end + 3]! << 24);
      const isGood = key !== undefined && end - start >= HEADER_BYTES && tag === this.sum(start, end, key);
      words[entry + 3] = isGood ? 1 : 0;
      if (isGood) good++;
    }
    return good;
  }

  private writeTag(start: number, end: number, key: number): void {
    const { bytes } = this.arena;
    const tag = this.sum(start, end, key);
    bytes.fill(0, end, end + 16);
    for (let i = 0; i < 4; i++) bytes[end + i] = tag >>> (8 * i);
  }

  private sum(start: number, end: number, key: number): number {
    const { bytes } = this.arena;
    let hash = key;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193) + 1;
    return hash | 0;
  }
}
