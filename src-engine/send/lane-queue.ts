import { LANES } from './lane-hash.ts';

/**
 * Which lane sends next: deficit round robin with a list for lanes that have just become active, after FQ-CoDel
 * (RFC 8290, section 4): a lane that sends little is served at once, lanes that send much share equally by bytes.
 */
export class LaneQueue {
  private readonly next = new Int32Array(LANES).fill(-1);
  private readonly deficit = new Int32Array(LANES);
  private readonly isListed = new Uint8Array(LANES);
  private newHead = -1;
  private newTail = -1;
  private oldHead = -1;
  private oldTail = -1;
  /** Lanes in line. */
  count = 0;

  /** Puts a lane in line, if it is not. */
  activate(lane: number): void {
    if (this.isListed[lane] === 1) return;
    this.isListed[lane] = 1;
    this.count++;
    this.deficit[lane] = QUANTUM_BYTES;
    this.next[lane] = -1;
    if (this.newTail < 0) this.newHead = lane;
    else this.next[this.newTail] = lane;
    this.newTail = lane;
  }

  /** The lane whose turn it is, or -1. Stays the same until {@link spend} or {@link retire}. */
  current(): number {
    for (;;) {
      const isNew = this.newHead >= 0;
      const lane = isNew ? this.newHead : this.oldHead;
      if (lane < 0) return -1;
      if (this.deficit[lane]! > 0) return lane;
      this.deficit[lane]! += QUANTUM_BYTES;
      this.popHead(isNew);
      this.pushOld(lane);
    }
  }

  /** Whether a lane in line sends so little that it is served at once. */
  isSparse(lane: number): boolean {
    return this.newHead === lane;
  }

  /** Books bytes sent by the current lane. */
  spend(lane: number, bytes: number): void {
    this.deficit[lane]! -= bytes;
  }

  /** Takes the current lane out of line, because it is empty. */
  retire(lane: number): void {
    const isNew = this.newHead === lane;
    this.popHead(isNew);
    // An emptied new lane passes through the old list once, so that it cannot stay "new" by sending one at a time.
    if (isNew && this.oldHead >= 0) return this.pushOld(lane);
    this.isListed[lane] = 0;
    this.count--;
  }

  private popHead(isNew: boolean): void {
    if (isNew) {
      this.newHead = this.next[this.newHead]!;
      if (this.newHead < 0) this.newTail = -1;
    } else {
      this.oldHead = this.next[this.oldHead]!;
      if (this.oldHead < 0) this.oldTail = -1;
    }
  }

  private pushOld(lane: number): void {
    this.next[lane] = -1;
    if (this.oldTail < 0) this.oldHead = lane;
    else this.next[this.oldTail] = lane;
    this.oldTail = lane;
  }
}

/**
 * Bytes of one turn. Four full datagrams: fine enough that 8 bulk lanes delay a small packet by 50 kB at most, coarse
 * enough that runs of full datagrams stay long.
 */
const QUANTUM_BYTES = 6_000;
