/** Why input was dropped. Nothing from the network throws; it is counted here. */
export const DROP_REASONS = [
  'too-short',
  'unknown-type',
  'unknown-session',
  'replayed',
  'forged',
  'malformed',
  'unknown-path',
  'receive-memory',
  'handshake-mac',
  'handshake-invalid',
  'handshake-late',
  'handshake-unknown-peer',
  'handshake-limited',
  'pairing-limited',
  'not-ip',
  'wrong-source',
  'send-memory',
  'send-refused',
  'tun-refused',
] as const;

export type DropReason = (typeof DROP_REASONS)[number];

/** Counts by reason. */
export class DropCounters {
  private readonly counts = new Map<DropReason, number>();

  add(reason: DropReason, count = 1): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + count);
  }

  /** The reasons that occurred, with their counts. */
  snapshot(): Partial<Record<DropReason, number>> {
    return Object.fromEntries(this.counts);
  }
}
