/** Share of a path's datagrams that were lost lately, measured over rounds that are long enough to tell. */
export class LossMeter {
  /** 0 to 1. */
  ratio = 0;
  private sent = 0;
  private lost = 0;
  private start = 0;

  reset(): void {
    this.ratio = 0;
    this.restart();
  }

  /** Forgets the round that is being measured. */
  restart(): void {
    this.sent = 0;
    this.lost = 0;
  }

  onSent(): void {
    this.sent++;
  }

  onLost(): void {
    this.lost++;
  }

  /** The share of a round that is complete now, which the caller may {@link take}; -1 if none is. */
  finishRound(now: number): number {
    const isLong = now - this.start > ROUND_MICROS;
    if (this.sent < (isLong ? 1 : ROUND_DATAGRAMS)) return -1;
    const ratio = Math.min(1, this.lost / this.sent);
    this.start = now;
    this.restart();
    return ratio;
  }

  /** Lets a round's share count. */
  take(ratio: number): void {
    this.ratio += (ratio - this.ratio) / 4;
  }
}

/** Datagrams per sample: below 50, 1 % cannot be told from 0. */
const ROUND_DATAGRAMS = 50;
/** A standby path sends a few probes a second; after this time they are a sample too, so that old loss is forgotten. */
const ROUND_MICROS = 2_000_000;
