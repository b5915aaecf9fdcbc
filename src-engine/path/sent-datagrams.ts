/** Nothing is known of this packet number any more, or it asked for no acknowledgement. */
export const SENT_NONE = 0;
/** Sent, asks for an acknowledgement, counts as in flight. */
export const SENT_IN_FLIGHT = 1;
/** Its path fell silent: its chunks may go out elsewhere, an acknowledgement still counts. */
export const SENT_SUSPECTED = 2;
/** Given up; an acknowledgement would show that the loss was believed too early. */
export const SENT_LOST = 3;

/** Most datagrams of one path that may be unresolved; 8,192 of 1,472 bytes are 12 MB in flight. */
export const SENT_CAPACITY = 8_192;

/**
 * What one path has sent and not yet resolved: a ring over packet numbers, one struct-of-arrays entry each, so that
 * sending and acknowledging allocate nothing.
 */
export class SentDatagrams {
  /** The next packet number; never goes back as long as the session lives. */
  next = 0;
  /** Everything below is resolved. */
  oldest = 0;
  readonly state = new Uint8Array(SENT_CAPACITY);
  readonly bytes = new Int32Array(SENT_CAPACITY);
  /** Head of the list of chunk references, or -1. */
  readonly refs = new Int32Array(SENT_CAPACITY);
  readonly sentAt = new Float64Array(SENT_CAPACITY);
  /** Delivery-rate bookkeeping at the time of sending (draft-cheng-iccrg-delivery-rate-estimation). */
  readonly deliveredThen = new Float64Array(SENT_CAPACITY);
  readonly deliveredAtThen = new Float64Array(SENT_CAPACITY);
  readonly firstSentThen = new Float64Array(SENT_CAPACITY);
  /** Bit 0: the sender was limited by the application. Bit 1: the path was idle. */
  readonly flags = new Uint8Array(SENT_CAPACITY);

  slot(packetNumber: number): number {
    return packetNumber % SENT_CAPACITY;
  }

  get isFull(): boolean {
    return this.next - this.oldest >= SENT_CAPACITY - 1;
  }

  /** Moves {@link oldest} over everything that is resolved. */
  advance(): void {
    while (this.oldest < this.next) {
      const state = this.state[this.oldest % SENT_CAPACITY]!;
      if (state === SENT_IN_FLIGHT || state === SENT_SUSPECTED) return;
      this.oldest++;
    }
  }
}

export const FLAG_APP_LIMITED = 1;
export const FLAG_CLEAN = 2;
