/** A fast seeded source of hostile bytes; the seed and the count of inputs name a run completely. */
export class Hostile {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }

  word(): number {
    let state = this.state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return state >>> 0;
  }

  below(limit: number): number {
    return this.word() % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  fill(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += 4) {
      const word = this.word();
      bytes[at] = word;
      if (at + 1 < to) bytes[at + 1] = word >>> 8;
      if (at + 2 < to) bytes[at + 2] = word >>> 16;
      if (at + 3 < to) bytes[at + 3] = word >>> 24;
    }
  }

  /** Real bytes, damaged: some overwritten, and mostly cut or lengthened. */
  damage(real: Uint8Array): Uint8Array {
    const length = Math.min(1_400, this.below(3) === 0 ? real.length : this.below(real.length + 40));
    const out = new Uint8Array(length);
    out.set(real.subarray(0, length));
    for (let i = this.below(4); i > 0; i--) out[this.below(Math.max(1, length))] = this.word();
    return out;
  }
}

/** Kinds of frames with the lengths that they have at least, so that garbage is not refused at the first byte. */
const FRAME_TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x84, 0xe4, 255];

/** Writes something that looks like frames between `from` and `to`. */
export function fillFrames(hostile: Hostile, bytes: Uint8Array, from: number, to: number): void {
  hostile.fill(bytes, from, to);
  let at = from;
  for (let frames = 1 + hostile.below(4); frames > 0 && at + 20 < to; frames--) {
    bytes[at] = hostile.pick(FRAME_TYPES);
    // Without the flags of a chunk.
    const type = bytes[at]! & 0x1f;
    // Small numbers reach further than random ones: lanes that exist, messages that are near, lengths that fit.
    if (type >= 3 && type <= 5) {
      bytes[at + 1] = hostile.pick([0, 0, 0, 3, 4]);
      bytes[at + 2] = hostile.pick([0, 1, 2, 255]);
      bytes.fill(0, at + 3, at + 5);
      bytes[at + 5] = hostile.below(6);
    }
    const length = hostile.below(24);
    if (type === 3) {
      bytes[at + 6] = 0;
      bytes[at + 7] = length;
    } else if (type === 4) {
      bytes[at + 6] = 0;
      bytes[at + 7] = hostile.below(8);
      bytes[at + 8] = 0;
      bytes[at + 9] = hostile.below(8);
      bytes[at + 10] = 0;
      bytes[at + 11] = length;
    } else if (type === 2) {
      bytes[at + 1] = hostile.below(4);
      bytes.fill(0, at + 4, at + 11);
      bytes[at + 12] = hostile.below(34);
      bytes.fill(0, at + 13, at + 14);
    } else if (type === 8) {
      bytes[at + 5] = hostile.below(6);
    }
    at += [1, 1, 15, 8 + length, 12 + length, 6, 9, 9, 12, 2][type] ?? 3;
  }
}
