/**
 * When one path owes its peer an acknowledgement: at once on a gap and on the first datagram after a pause, otherwise
 * at most once in {@link ACK_INTERVAL_MICROS}. What arrives in one batch is acknowledged together, because the driver
 * lets the engine answer only after the whole batch.
 */
export class AckSchedule {
  /** When an acknowledgement is due; 0 if none is owed. */
  dueAt = 0;
  /** When the newest datagram arrived, for the delay field. */
  newestAt = 0;
  private lastSentAt = 0;
  private pending = 0;

  /** @param isGap whether the packet number was not the next in order. */
  onEliciting(isGap: boolean, isNewest: boolean, now: number): void {
    if (isNewest) this.newestAt = now;
    this.pending++;
    const isUrgent = isGap || this.pending >= ACK_EVERY_DATAGRAMS;
    const dueAt = isUrgent ? now : Math.max(now, this.lastSentAt + ACK_INTERVAL_MICROS);
    if (this.dueAt === 0 || dueAt < this.dueAt) this.dueAt = dueAt;
  }

  onSent(now: number): void {
    this.lastSentAt = now;
    this.pending = 0;
    this.dueAt = 0;
  }
}

/**
 * Long enough that acknowledgements mostly travel with data of the other direction (half the datagrams, and a third of
 * the processor time at 100 Mbit/s, against 1 ms); short against the 4 ms after which a sender asks for one.
 */
const ACK_INTERVAL_MICROS = 2_000;
/** At several Gbit/s a millisecond holds hundreds of datagrams; the sender's window should not wait for them all. */
const ACK_EVERY_DATAGRAMS = 64;
