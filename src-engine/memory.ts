/**
 * The engine's view of the one arena that engine and platform share. Offsets are byte offsets into {@link bytes};
 * indexes are Int32 indexes into {@link words}. Nothing here allocates after construction.
 */
export interface Arena {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** Wraps a whole buffer as an {@link Arena}. The buffer's length must be a multiple of 4. */
export function arenaOver(buffer: ArrayBuffer): Arena {
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}

/**
 * Hands out equal slots of one arena region, last freed first, so that the pages in use stay few and warm.
 */
export class SlotPool {
  readonly base: number;
  readonly slotBytes: number;
  readonly count: number;
  private readonly free: Int32Array;
  private freeCount: number;

  /** @param base byte offset of the first slot; `count * slotBytes` bytes from there belong to the pool. */
  constructor(base: number, slotBytes: number, count: number) {
    this.base = base;
    this.slotBytes = slotBytes;
    this.count = count;
    this.free = new Int32Array(count);
    for (let i = 0; i < count; i++) this.free[i] = base + (count - 1 - i) * slotBytes;
    this.freeCount = count;
  }

  get available(): number {
    return this.freeCount;
  }

  /** Takes a slot; returns its byte offset, or -1 when the pool is empty. */
  take(): number {
    if (this.freeCount === 0) return -1;
    return this.free[--this.freeCount]!;
  }

  /** Gives back the slot that holds the byte at `offset`. Each taken slot must be given back exactly once. */
  give(offset: number): void {
    this.free[this.freeCount++] = offset - ((offset - this.base) % this.slotBytes);
  }
}

/**
 * Largest inner message: a 10-byte virtio-net header and an IP packet of 65,535 bytes, rounded up so that slots stay
 * aligned to cache lines.
 */
export const LARGE_SLOT_BYTES = 65_600;

/** Holds one ordinary packet (inner MTU 1,500 and a virtio-net header); four make a page and a half. */
export const SMALL_SLOT_BYTES = 1_536;

/**
 * Holds what TCP hands over at once on a home link: the kernel makes super-packets of a millisecond of a stream's rate,
 * 16 KiB at 130 Mbit/s. A slot for the largest packet would waste most of itself on them.
 */
export const MEDIUM_SLOT_BYTES = 16_384;

/** How many slots and datagram buffers an endpoint works with. Memory is touched only when used. */
export interface MemoryPlan {
  /** Slots for packets that wait to be sent or acknowledged. */
  readonly sendLarge: number;
  readonly sendMedium: number;
  readonly sendSmall: number;
  /** Slots for packets that wait for a hole to be filled. */
  readonly receiveLarge: number;
  readonly receiveMedium: number;
  readonly receiveSmall: number;
  /** Receive buffers of 64 KiB for one batch of datagrams. */
  readonly receiveBuffers: number;
}

/**
 * 104 large slots hold 6.5 MiB: 18 ms at 3 Gbit/s, more than any LAN round trip with a busy scheduler. 512 medium ones
 * hold half a second of one stream of up to 130 Mbit/s, or 64 ms of eight: two links of very different delay ask for that. 4,096 small ones hold 4 s of a
 * 1,000 packets/s stream while no path works. The receiver mirrors the sender, because a sender never has more
 * outstanding than its peer advertises. Twice as much would push a daemon that was busy once over 90 MB.
 */
export const DEFAULT_MEMORY_PLAN: MemoryPlan = {
  sendLarge: 104,
  sendMedium: 512,
  sendSmall: 4_096,
  receiveLarge: 104,
  receiveMedium: 512,
  receiveSmall: 4_096,
  receiveBuffers: 8,
};

/** Most datagrams built, sealed and sent in one go: one GSO send holds at most 64. */
export const TRANSMIT_BATCH = 64;

/** Most bytes of one outer datagram: a 9,000-byte jumbo frame. */
export const MAX_DATAGRAM_BYTES = 8_972;

/** Most deliveries that one receive batch may produce before they must be drained. */
export const DELIVERY_BATCH = 8_192;

/** Classes of slots, by what they hold. */
export const SIZE_CLASSES = 3;

/** The smallest class of slots that holds a message: 0 small, 1 medium, 2 large. */
export function sizeClass(messageBytes: number): number {
  if (messageBytes <= SMALL_SLOT_BYTES) return 0;
  return messageBytes <= MEDIUM_SLOT_BYTES ? 1 : 2;
}

/** Room in a receive slot for the rest of a short head (see inner-head), as much as keeps slots aligned to words. */
const RECEIVE_ROOM_BYTES = 8;
const RECEIVE_BUFFER_BYTES = 65_536;
const MAX_SEGMENTS_PER_DATAGRAM = 96;
const OPEN_BATCH = 1_024;
/** Small packets of one receive batch, joined: as much as the batch itself. */
const JOIN_BYTES = 8 * RECEIVE_BUFFER_BYTES;

/** The arena divided into its regions; the sizes follow from a {@link MemoryPlan}. */
export class EngineMemory implements Arena {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Pools by {@link sizeClass}. */
  readonly send: readonly SlotPool[];
  readonly receive: readonly SlotPool[];
  /** Byte offset and geometry of the receive buffers, for the socket's `receive`. */
  readonly receiveBase: number;
  readonly receiveStride = RECEIVE_BUFFER_BYTES;
  readonly receiveBuffers: number;
  /** Int32 index of receive metadata: 4 words per buffer. */
  readonly receiveMeta: number;
  /** Byte offset of the region in which outgoing datagrams are built. */
  readonly transmitBase: number;
  /** Int32 indexes of descriptor tables; see the addon's `seal`, `open`, `send` and `write`. */
  readonly sealTable: number;
  readonly segmentTable: number;
  readonly sendTable: number;
  readonly sendResult: number;
  readonly openTable: number;
  readonly openBatch = OPEN_BATCH;
  readonly deliveryTable: number;
  /** Byte offset and size of the region for joined packets; see UdpCoalescer. */
  readonly joinBase: number;
  readonly joinBytes = JOIN_BYTES;
  /** Int32 index of one word for the length of a packet read from the TUN. */
  readonly readLength: number;

  constructor(buffer: ArrayBuffer, plan: MemoryPlan) {
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    let cursor = 0;
    const claim = (bytes: number): number => {
      const at = cursor;
      cursor += (bytes + 63) & ~63;
      return at;
    };
    this.sealTable = claim(TRANSMIT_BATCH * 24) >> 2;
    this.segmentTable = claim(TRANSMIT_BATCH * MAX_SEGMENTS_PER_DATAGRAM * 8) >> 2;
    this.sendTable = claim(TRANSMIT_BATCH * 16) >> 2;
    this.sendResult = claim(8) >> 2;
    this.openTable = claim(OPEN_BATCH * 16) >> 2;
    this.deliveryTable = claim(DELIVERY_BATCH * 8) >> 2;
    this.receiveMeta = claim(plan.receiveBuffers * 16) >> 2;
    this.readLength = claim(4) >> 2;
    this.transmitBase = claim(TRANSMIT_BATCH * MAX_DATAGRAM_BYTES);
    this.receiveBuffers = plan.receiveBuffers;
    this.receiveBase = claim(plan.receiveBuffers * RECEIVE_BUFFER_BYTES);
    this.joinBase = claim(JOIN_BYTES);
    const pool = (slotBytes: number, count: number): SlotPool =>
      new SlotPool(claim(slotBytes * count), slotBytes, count);
    this.send = [
      pool(SMALL_SLOT_BYTES, plan.sendSmall),
      pool(MEDIUM_SLOT_BYTES, plan.sendMedium),
      pool(LARGE_SLOT_BYTES, plan.sendLarge),
    ];
    this.receive = [
      pool(SMALL_SLOT_BYTES + RECEIVE_ROOM_BYTES, plan.receiveSmall),
      pool(MEDIUM_SLOT_BYTES + RECEIVE_ROOM_BYTES, plan.receiveMedium),
      pool(LARGE_SLOT_BYTES + RECEIVE_ROOM_BYTES, plan.receiveLarge),
    ];
    if (cursor > buffer.byteLength)
      throw new RangeError(`arena of ${buffer.byteLength} bytes, ${cursor} needed`);
  }

  /** Takes a send slot for a message: of its size, else one size larger while most of those are free; -1 if none. */
  takeSend(messageBytes: number): number {
    const size = sizeClass(messageBytes);
    const slot = this.send[size]!.take();
    const larger = this.send[size + 1];
    if (slot >= 0 || larger === undefined || larger.available * 2 < larger.count) return slot;
    return larger.take();
  }

  /** Gives a send slot back to the pool that it is of. */
  giveSend(slot: number): void {
    let size = SIZE_CLASSES - 1;
    while (slot < this.send[size]!.base) size--;
    this.send[size]!.give(slot);
  }

  /** The pool of slots for a message that is being put together; its size is what flow control counts by. */
  receivePool(messageBytes: number): SlotPool {
    return this.receive[sizeClass(messageBytes)]!;
  }

  /** Bytes that a plan needs. */
  static bytesFor(plan: MemoryPlan): number {
    const fixed = 64 * 16 + TRANSMIT_BATCH * (24 + MAX_SEGMENTS_PER_DATAGRAM * 8 + 16 + MAX_DATAGRAM_BYTES);
    const tables = OPEN_BATCH * 16 + DELIVERY_BATCH * 8 + plan.receiveBuffers * (RECEIVE_BUFFER_BYTES + 80);
    const slots =
      (plan.sendLarge + plan.receiveLarge) * LARGE_SLOT_BYTES +
      (plan.sendMedium + plan.receiveMedium) * MEDIUM_SLOT_BYTES +
      (plan.sendSmall + plan.receiveSmall) * SMALL_SLOT_BYTES +
      (plan.receiveLarge + plan.receiveMedium + plan.receiveSmall) * RECEIVE_ROOM_BYTES;
    return (fixed + tables + slots + JOIN_BYTES + 4_095) & ~4_095;
  }
}

export const SEGMENT_LIMIT_PER_DATAGRAM = MAX_SEGMENTS_PER_DATAGRAM;
