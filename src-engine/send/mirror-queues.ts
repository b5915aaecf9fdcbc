import type { Outbox } from './outbox.ts';

/**
 * Chunks that go out on a further path as a copy: in `redundant` mode always, otherwise around a switch. A path that
 * cannot keep up loses copies, never originals.
 */
export class MirrorQueues {
  private readonly outbox: Outbox;
  private readonly queues: (Ring | undefined)[] = [];

  constructor(outbox: Outbox) {
    this.outbox = outbox;
  }

  push(pathId: number, chunk: number): void {
    const ring = (this.queues[pathId] ??= { chunks: new Int32Array(CAPACITY), head: 0, count: 0 });
    if (ring.count === CAPACITY) {
      this.outbox.unhold(ring.chunks[ring.head]!);
      ring.head = (ring.head + 1) % CAPACITY;
      ring.count--;
    }
    this.outbox.hold(chunk);
    ring.chunks[(ring.head + ring.count) % CAPACITY] = chunk;
    ring.count++;
  }

  /** Whether a path has copies to send; drops those that are no longer wanted. */
  hasWork(pathId: number): boolean {
    const ring = this.queues[pathId];
    if (ring === undefined) return false;
    while (ring.count > 0 && !this.outbox.isWanted(ring.chunks[ring.head]!))
      this.outbox.unhold(this.shift(ring));
    return ring.count > 0;
  }

  /**
   * Takes the next copy that fits, or -1. The caller references the chunk before anything else happens, which keeps
   * its record alive; a copy that does not fit an empty datagram of this path is dropped.
   */
  take(pathId: number, whole: number, part: number): number {
    if (!this.hasWork(pathId)) return -1;
    const ring = this.queues[pathId]!;
    const chunk = ring.chunks[ring.head]!;
    if (this.outbox.lengthOf(chunk) > (this.outbox.isWholeMessage(chunk) ? whole : part)) {
      if (part >= TOO_LARGE_ROOM_BYTES) this.outbox.unhold(this.shift(ring));
      return -1;
    }
    this.outbox.release(this.shift(ring));
    this.outbox.bytesMirrored += this.outbox.lengthOf(chunk);
    return chunk;
  }

  /** Forgets everything; the outbox's chunk records have been recycled. */
  reset(): void {
    this.queues.length = 0;
  }

  private shift(ring: Ring): number {
    const chunk = ring.chunks[ring.head]!;
    ring.head = (ring.head + 1) % CAPACITY;
    ring.count--;
    return chunk;
  }
}

interface Ring {
  readonly chunks: Int32Array;
  head: number;
  count: number;
}

/** Copies that may wait: 20 ms of a full 2 Gbit/s path. */
const CAPACITY = 4_096;
/** A chunk that does not fit this much room was cut for larger datagrams than this path has. */
const TOO_LARGE_ROOM_BYTES = 1_100;
