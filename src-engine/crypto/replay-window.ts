/**
 * How many packet numbers back from the largest a datagram may still arrive. At 3 Gbit/s in datagrams of 1,400
 * bytes this is 30 ms of reordering within one path; half of it would drop late datagrams of a path that buffers,
 * twice of it would only cost memory.
 */
export const REPLAY_WINDOW_PACKETS = 8_192;

/**
 * Remembers which packet numbers of one path's number space have arrived: refuses repeats, and lists what came for
 * acknowledgements.
 *
 * One bit per number, 32 to a word, in a ring of words. The ring has one word more than the window needs, because
 * the window's ends seldom fall on word borders. Packet numbers are exact integers up to 2^53 - 1; inside the ring
 * only their small distance to the largest counts. No method allocates.
 */
export class ReplayWindow {
  readonly #words = new Int32Array(RING_WORDS);
  #largest = -1;
  /** Packet numbers `32 * #headWord` to `32 * #headWord + 31` are the bits of `#words[#headSlot]`. */
  #headWord = 0;
  #headSlot = 0;

  /** The largest accepted packet number, -1 if there is none. */
  get largest(): number {
    return this.#largest;
  }

  /**
   * Tells whether a datagram with this number would be accepted: it is a packet number, within the window or
   * beyond the largest, and new. Call {@link accept} only after the datagram has been authenticated.
   */
  check(packetNumber: number): boolean {
    if (packetNumber > this.#largest) return Number.isSafeInteger(packetNumber);
    return this.#isInWindow(packetNumber) && !this.#hasBit(packetNumber);
  }

  /** Remembers a packet number. Does nothing for a number that {@link check} refuses. */
  accept(packetNumber: number): void {
    if (packetNumber > this.#largest) {
      if (!Number.isSafeInteger(packetNumber)) return;
      this.#advanceTo(Math.floor(packetNumber / 32));
      this.#largest = packetNumber;
    } else if (!this.#isInWindow(packetNumber)) {
      return;
    }
    const slot = this.#slotOf(packetNumber);
    this.#words[slot] = this.#wordAt(slot) | (1 << (packetNumber & 31));
  }

  /** Tells whether this number was accepted; false for one that has left the window. */
  isReceived(packetNumber: number): boolean {
    return packetNumber <= this.#largest && this.#isInWindow(packetNumber) && this.#hasBit(packetNumber);
  }

  /**
   * Lists the received ranges from the largest number downwards: `out[2 * i]` gets the first and `out[2 * i + 1]`
   * the last number of range `i`, both included.
   * @param out at least `2 * maxRanges` long; of doubles, since packet numbers exceed 32 bits.
   * @param maxDepth how many numbers to look at, the largest being the first; a range that reaches deeper is cut
   * there. At most {@link REPLAY_WINDOW_PACKETS} are looked at.
   * @returns the count of ranges written.
   */
  collectRanges(out: Float64Array, maxRanges: number, maxDepth: number): number {
    if (this.#largest < 0) return 0;
    // Bits are numbered from the lowest of the oldest word in the ring, so that the search uses small integers.
    const numberOfBitZero = (this.#headWord - (RING_WORDS - 1)) * 32;
    let bit = this.#largest - numberOfBitZero;
    const lowestBit = bit - Math.min(maxDepth, REPLAY_WINDOW_PACKETS) + 1;
    let count = 0;
    while (count < maxRanges) {
      const last = this.#findDownwards(bit, lowestBit, RECEIVED);
      if (last < lowestBit) break;
      bit = this.#findDownwards(last, lowestBit, MISSING);
      out[2 * count] = numberOfBitZero + bit + 1;
      out[2 * count + 1] = numberOfBitZero + last;
      count += 1;
    }
    return count;
  }

  /** Returns the highest bit from `from` down to `lowest` that is sought, else `lowest - 1`. */
  #findDownwards(from: number, lowest: number, sought: typeof RECEIVED | typeof MISSING): number {
    let index = from >> 5;
    // Bits 0 to `from`: shifting 2 by 31 gives 0, and 0 - 1 has all bits set, as it must be.
    let candidates = (this.#wordAtIndex(index) ^ sought) & ((2 << (from & 31)) - 1);
    while (candidates === 0) {
      if (index * 32 <= lowest) return lowest - 1;
      index -= 1;
      candidates = this.#wordAtIndex(index) ^ sought;
    }
    return Math.max(index * 32 + 31 - Math.clz32(candidates), lowest - 1);
  }

  #isInWindow(packetNumber: number): boolean {
    return (
      packetNumber > this.#largest - REPLAY_WINDOW_PACKETS &&
      packetNumber >= 0 &&
      Number.isSafeInteger(packetNumber)
    );
  }

  #hasBit(packetNumber: number): boolean {
    return ((this.#wordAt(this.#slotOf(packetNumber)) >>> (packetNumber & 31)) & 1) === 1;
  }

  #advanceTo(word: number): void {
    const distance = word - this.#headWord;
    this.#headWord = word;
    if (distance >= RING_WORDS) {
      this.#words.fill(0);
      return;
    }
    let slot = this.#headSlot;
    for (let step = 0; step < distance; step += 1) {
      slot = slot === RING_WORDS - 1 ? 0 : slot + 1;
      this.#words[slot] = 0;
    }
    this.#headSlot = slot;
  }

  /** `packetNumber` is in the window, so its word is at most `RING_WORDS - 1` behind the head. */
  #slotOf(packetNumber: number): number {
    const slot = this.#headSlot - (this.#headWord - Math.floor(packetNumber / 32));
    return slot < 0 ? slot + RING_WORDS : slot;
  }

  /** `index` counts words from the oldest in the ring, 0, to the head, `RING_WORDS - 1`. */
  #wordAtIndex(index: number): number {
    const slot = this.#headSlot - (RING_WORDS - 1 - index);
    return this.#wordAt(slot < 0 ? slot + RING_WORDS : slot);
  }

  #wordAt(slot: number): number {
    return this.#words[slot] ?? 0;
  }
}

const RING_WORDS = REPLAY_WINDOW_PACKETS / 32 + 1;
// Exclusive-or with these turns the bits sought into ones.
const RECEIVED = 0;
const MISSING = -1;
