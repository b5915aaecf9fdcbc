/**
 * Round-trip time of one path, in microseconds (RFC 9002, section 5), with a minimum that only clean samples may
 * raise: a sample taken while our own data queues would teach the controller that its own queue is the distance.
 */
export class RttEstimator {
  smoothedMicros = 0;
  variationMicros = 0;
  latestMicros = 0;
  minimumMicros = 0;
  hasSample = false;
  private minimumSetAt = 0;
  private cleanMinimum = Infinity;

  reset(): void {
    this.smoothedMicros = 0;
    this.variationMicros = 0;
    this.latestMicros = 0;
    this.minimumMicros = 0;
    this.hasSample = false;
    this.cleanMinimum = Infinity;
  }

  /**
   * @param sampleMicros time from sending to hearing the acknowledgement.
   * @param ackDelayMicros what the peer says it waited; taken out where that leaves at least the minimum.
   * @param isClean whether the path was idle when the datagram left.
   */
  update(sampleMicros: number, ackDelayMicros: number, isClean: boolean, now: number): void {
    const raw = Math.max(1, sampleMicros);
    this.updateMinimum(raw, isClean, now);
    const adjusted = raw - ackDelayMicros >= this.minimumMicros ? raw - ackDelayMicros : raw;
    this.latestMicros = adjusted;
    if (!this.hasSample) {
      this.hasSample = true;
      this.smoothedMicros = adjusted;
      this.variationMicros = adjusted / 2;
      return;
    }
    const deviation = Math.abs(this.smoothedMicros - adjusted);
    this.variationMicros += (deviation - this.variationMicros) / 4;
    this.smoothedMicros += (adjusted - this.smoothedMicros) / 8;
  }

  private updateMinimum(raw: number, isClean: boolean, now: number): void {
    if (!this.hasSample || raw < this.minimumMicros) {
      this.minimumMicros = raw;
      this.minimumSetAt = now;
      this.cleanMinimum = Infinity;
      return;
    }
    if (!isClean) return;
    this.cleanMinimum = Math.min(this.cleanMinimum, raw);
    if (now - this.minimumSetAt < MINIMUM_WINDOW_MICROS) return;
    this.minimumMicros = this.cleanMinimum;
    this.cleanMinimum = Infinity;
    this.minimumSetAt = now;
  }
}

/**
 * How long a minimum stands unchallenged. Ten seconds is BBR's value: long enough for several idle probes (one each
 * second at worst), short enough to follow a Wi-Fi station that walked to another access point.
 */
const MINIMUM_WINDOW_MICROS = 10_000_000;
