/**
 * Interrupt moderation, as network cards do it: when small packets come by the ten thousand a second, to be woken for
 * each costs their sender and us more than to carry it, so the TUN is then read by the clock.
 */
export class ReadModeration {
  /** When to read next, microseconds; Infinity while packets should wake us. */
  readAt = Infinity;
  private watchStart = -Infinity;
  private watchPackets = 0;

  /** Takes the result of one read that emptied the queue or reached the batch limit. */
  onRead(packets: number, now: number): void {
    if (now - this.watchStart > WATCH_MICROS) {
      this.watchStart = now;
      this.watchPackets = 0;
    }
    this.watchPackets += packets;
    const isFlood =
      this.readAt === Infinity ? this.watchPackets >= FLOOD_PACKETS : packets >= LEAST_FLOOD_READ_PACKETS;
    this.readAt = isFlood ? now + READ_INTERVAL_MICROS : Infinity;
  }
}

/** 32,000 packets a second, ten times what the calls and games of a household send, are a flood. */
const FLOOD_PACKETS = 32;
const WATCH_MICROS = 1_000;
/** In a flood packets wait this long at most: a fraction of what the air adds, and 60 packets at 120,000 a second. */
const READ_INTERVAL_MICROS = 500;
/** Fewer packets in one read end the flood: below this a wake-up for each costs little. */
const LEAST_FLOOD_READ_PACKETS = 8;
