import { monotonicMicros } from '../../monotonic.ts';
import { lowerBound } from './lower-bound.ts';
import type { SentInWindow } from './requests.ts';

/** Datagram: magic (4), type (4), sequence (4), lateness in microseconds (4), send stamp (8, double); then padding. */
export const DATAGRAM_HEADER_BYTES = 24;
export const DATAGRAM_MAGIC = 0x424c5031;
export const DATAGRAM_TYPE = { hello: 0, data: 1 } as const;

/**
 * Sends numbered, stamped datagrams at a steady rate.
 *
 * The plan is fixed at the start: number n is due n intervals later. A late timer sends everything that has become
 * due, so the mean rate holds, and each datagram tells how late it is, so that nobody takes the sender's pause for the
 * network's.
 */
export class NumberedSender {
  readonly #send: (datagram: Uint8Array) => void;
  readonly #onTick: (nowMicros: number) => void;
  readonly #datagrams: Buffer[];
  readonly #sentMicros: Float64Array;
  readonly #lateMicros: Float32Array;
  readonly #intervalMicros: number;
  #startedMicros = 0;
  #next = 0;
  #refused = 0;
  #isHalted = false;

  /**
   * @param send takes a datagram that stays valid until 256 more were sent.
   * @param onTick is called about once a millisecond, also after `halt`.
   */
  constructor(
    packetsPerSecond: number,
    sizeBytes: number,
    capacity: number,
    send: (datagram: Uint8Array) => void,
    onTick: (nowMicros: number) => void,
  ) {
    this.#send = send;
    this.#onTick = onTick;
    this.#intervalMicros = 1_000_000 / packetsPerSecond;
    this.#sentMicros = new Float64Array(capacity);
    this.#lateMicros = new Float32Array(capacity);
    this.#datagrams = Array.from({ length: 256 }, () =>
      Buffer.alloc(Math.max(sizeBytes, DATAGRAM_HEADER_BYTES)),
    );
    for (const datagram of this.#datagrams) {
      datagram.writeUInt32BE(DATAGRAM_MAGIC, 0);
      datagram.writeUInt32BE(DATAGRAM_TYPE.data, 4);
    }
  }

  /** Begins to send; number 0 is due at once. */
  start(): void {
    this.#startedMicros = monotonicMicros();
    this.#tick();
  }

  /** Ends the sending for good. */
  halt(): void {
    this.#isHalted = true;
  }

  /** Notes that the kernel refused a datagram; it stays counted as sent. */
  noteRefusal(): void {
    this.#refused++;
  }

  /** Tells which numbers went out in a window. */
  sent(fromMicros: number, untilMicros: number): SentInWindow {
    const first = lowerBound(this.#sentMicros, this.#next, fromMicros);
    const end = lowerBound(this.#sentMicros, this.#next, untilMicros);
    let worstLateMicros = 0;
    for (let sequence = first; sequence < end; sequence++) {
      worstLateMicros = Math.max(worstLateMicros, this.#lateMicros[sequence] ?? 0);
    }
    return { first, end, worstLateMicros, refused: this.#refused };
  }

  #tick(): void {
    const now = monotonicMicros();
    this.#onTick(now);
    while (!this.#isHalted && this.#next < this.#sentMicros.length) {
      const dueMicros = this.#startedMicros + this.#next * this.#intervalMicros;
      const sentMicros = monotonicMicros();
      if (dueMicros > sentMicros) break;
      this.#sendNext(sentMicros, sentMicros - dueMicros);
    }
    setTimeout(() => this.#tick(), 1);
  }

  #sendNext(sentMicros: number, lateMicros: number): void {
    const sequence = this.#next++;
    this.#sentMicros[sequence] = sentMicros;
    this.#lateMicros[sequence] = lateMicros;
    const datagram = this.#datagrams[sequence % this.#datagrams.length] as Buffer;
    datagram.writeUInt32BE(sequence, 8);
    datagram.writeUInt32BE(Math.min(0xffffffff, Math.round(lateMicros)), 12);
    datagram.writeDoubleBE(sentMicros, 16);
    this.#send(datagram);
  }
}
