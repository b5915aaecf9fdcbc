/**
 * Congestion control of one path: a window and a pacing rate from a model of the path, after BBR (Cardwell et al.,
 * "BBR: Congestion-Based Congestion Control", 2016): delivery rate (windowed maximum) times minimum round trip, plus a
 * fixed amount of time that data may queue. Loss does not shrink the window: on Wi-Fi it says nothing about congestion.
 *
 * The headroom in time is what makes the model climb: as long as the real queue is shorter than the headroom, more is
 * in flight than the path holds, it delivers faster than estimated, and the estimate follows.
 */
export class RateModel {
  /** Highest delivery rate of the window, bytes per second; 0 before the first sample. */
  bytesPerSecond = 0;
  /** Bytes acknowledged so far; written by the path. */
  delivered = 0;
  /** When {@link delivered} last grew, microseconds. */
  deliveredAt = 0;
  /** The last rate sampled, bytes per second. */
  private latestRate = 0;
  private firstSentAt = 0;
  private isStartup = true;
  private trialSent = 0;
  private trialFrom = 0;
  private roundEnd = 0;
  private fullRate = 0;
  private roundsWithoutGrowth = 0;
  private readonly best = new Float64Array(RATE_BUCKETS);
  /** Whether a call shares the path: then bursts get no room, for the price of 1 to 3 % of the rate on a busy machine. */
  keepsShort = false;
  private readonly bursts = new Float64Array(RATE_BUCKETS);
  private burstBytes = 0;
  private epochStart = 0;
  private epochBytes = 0;
  private bucket = 0;
  private bucketStart = 0;
  private allowance = 0;
  private allowanceAt = 0;
  private bytesPerMicro = 1;

  reset(): void {
    this.bytesPerSecond = 0;
    this.latestRate = 0;
    this.isStartup = true;
    this.trialSent = 0;
    this.trialFrom = this.delivered;
    this.roundEnd = this.delivered;
    this.fullRate = 0;
    this.roundsWithoutGrowth = 0;
    this.best.fill(0);
    this.bursts.fill(0);
    this.burstBytes = 0;
    this.epochStart = 0;
    this.epochBytes = 0;
    this.bucket = 0;
    this.bucketStart = 0;
    this.allowance = PACING_BURST_BYTES;
    this.allowanceAt = 0;
  }

  /** Begins to measure what the path can carry, as if nothing were known. */
  startTrial(): void {
    this.isStartup = true;
    this.trialSent = 0;
    this.trialFrom = this.delivered;
    this.fullRate = 0;
    this.roundsWithoutGrowth = 0;
    this.roundEnd = this.delivered;
  }

  /** Whether the path was full once, or was given enough to carry, so that its rate is more than a guess. */
  get isRateKnown(): boolean {
    return !this.isStartup || this.trialBytes > TRIAL_BYTES;
  }

  /** Bytes delivered since the trial began. */
  get deliveredInTrial(): number {
    return this.delivered - this.trialFrom;
  }

  /** Of these, at most what was sent while more waited: what tells a rate rather than a demand. */
  get trialBytes(): number {
    return Math.min(this.trialSent, this.deliveredInTrial);
  }

  /** Start of the sending interval for a datagram that leaves now; restarts when nothing is in flight. */
  sendIntervalStart(bytesInFlight: number, now: number): number {
    if (bytesInFlight === 0) {
      this.firstSentAt = now;
      this.deliveredAt = now;
    }
    return this.firstSentAt;
  }

  /**
   * Takes one delivery-rate sample.
   * @param deliveredThen value of {@link delivered} when the sampled datagram left.
   * @param deliveredAtThen when that value was reached.
   * @param sentAt when the sampled datagram left; `firstSentThen` the start of its sending interval.
   */
  onSample(
    deliveredThen: number,
    deliveredAtThen: number,
    sentAt: number,
    firstSentThen: number,
    isAppLimited: boolean,
    now: number,
  ): void {
    this.firstSentAt = sentAt;
    const interval = Math.max(now - deliveredAtThen, sentAt - firstSentThen, MIN_INTERVAL_MICROS);
    const rate = ((this.delivered - deliveredThen) / interval) * 1e6;
    this.latestRate = rate;
    if (!isAppLimited && now - this.bucketStart >= RATE_BUCKET_MICROS) this.nextBucket(now);
    if (isAppLimited && rate <= this.bytesPerSecond) return;
    if (rate > this.best[this.bucket]!) this.best[this.bucket] = rate;
    if (rate > this.bytesPerSecond) this.bytesPerSecond = rate;
    if (this.isStartup && !isAppLimited && deliveredThen >= this.roundEnd) this.endStartupRound();
  }

  /**
   * Books acknowledged bytes and measures how many come at once beyond the delivery rate: Wi-Fi and busy hosts hold
   * acknowledgements back and release them in bursts, which the window has to bridge ("extra acked" of BBR,
   * draft-cardwell-iccrg-bbr-congestion-control, section 4.6.3).
   */
  onDelivered(bytes: number, now: number): void {
    const expected = (this.bytesPerSecond * (now - this.epochStart)) / 1e6;
    // While the rate is still being found, everything is more than expected.
    if (this.epochBytes <= expected || this.isStartup) {
      this.epochStart = now;
      this.epochBytes = bytes;
      return;
    }
    this.epochBytes += bytes;
    const extra = Math.min(this.epochBytes - expected, (this.bytesPerSecond * LONGEST_BURST_MICROS) / 1e6);
    if (extra > this.bursts[this.bucket]!) this.bursts[this.bucket] = extra;
    if (extra > this.burstBytes) this.burstBytes = extra;
  }

  /**
   * Looks at a round of losses: whether it was our own data that overflowed the path's queue, because more is in flight
   * than the path holds and waits long. Then only the latest rate counts, which may be a fraction of what the path
   * carried a moment ago, and the window shrinks to what it asks for.
   * @param lossRatio share of the round's datagrams that were lost, 0 to 1.
   */
  noteOverflow(
    lossRatio: number,
    bytesInFlight: number,
    minimumRttMicros: number,
    smoothedRttMicros: number,
  ): boolean {
    const isWaiting = smoothedRttMicros > minimumRttMicros + OVERFULL_MICROS;
    const isTooMuch = bytesInFlight > (2 * this.latestRate * minimumRttMicros) / 1e6;
    if (lossRatio <= OVERFLOW_LOSS_RATIO || !isWaiting || !isTooMuch) return false;
    this.isStartup = false;
    this.best.fill(0);
    this.best[this.bucket] = this.latestRate;
    this.bytesPerSecond = this.latestRate;
    this.bursts.fill(0);
    this.burstBytes = 0;
    return true;
  }

  private nextBucket(now: number): void {
    this.bucketStart = now;
    this.bucket = (this.bucket + 1) % RATE_BUCKETS;
    this.best[this.bucket] = 0;
    this.bursts[this.bucket] = 0;
    this.bytesPerSecond = largest(this.best);
    this.burstBytes = largest(this.bursts);
  }

  private endStartupRound(): void {
    this.roundEnd = this.delivered;
    if (this.bytesPerSecond > this.fullRate * 1.25) {
      this.fullRate = this.bytesPerSecond;
      this.roundsWithoutGrowth = 0;
    } else if (++this.roundsWithoutGrowth >= 3) {
      this.isStartup = false;
    }
  }

  /** Bytes that may be in flight, given the path's minimum round trip. */
  windowBytes(minimumRttMicros: number): number {
    const bytesPerMicro = this.bytesPerSecond / 1e6;
    const bursts = this.keepsShort ? 0 : this.burstBytes + bytesPerMicro * BURST_HEADROOM_MICROS;
    const queued = Math.max(bytesPerMicro * QUEUE_HEADROOM_MICROS, bursts);
    const held = SHARE_BYTES + bytesPerMicro * minimumRttMicros + queued;
    return Math.min(
      MAX_WINDOW_BYTES,
      Math.max(this.isStartup ? STARTUP_GAIN * held : held, MIN_WINDOW_BYTES),
    );
  }

  /** Bytes that pacing lets go now; may be negative. Call {@link spend} for what is sent. */
  pacingAllowance(minimumRttMicros: number, smoothedRttMicros: number, now: number): number {
    if (this.bytesPerSecond === 0) return PACING_BURST_BYTES;
    this.bytesPerMicro = this.pacingRate(minimumRttMicros, smoothedRttMicros);
    const cap = Math.max(PACING_BURST_BYTES, this.bytesPerMicro * PACING_QUANTUM_MICROS);
    this.allowance = Math.min(cap, this.allowance + this.bytesPerMicro * (now - this.allowanceAt));
    this.allowanceAt = now;
    return this.allowance;
  }

  /** Books what is sent. @param isAppLimited whether more could have been sent, had there been more. */
  spend(bytes: number, isAppLimited: boolean): void {
    this.allowance -= bytes;
    if (!isAppLimited) this.trialSent += bytes;
  }

  /** When pacing lets the next datagram go; `now` or earlier if it does already. */
  nextSendAt(now: number): number {
    if (this.allowance > 0 || this.bytesPerSecond === 0) return now;
    return now + Math.ceil((1 - this.allowance) / this.bytesPerMicro);
  }

  /**
   * Bytes per microsecond: the window spread over the round trip as it is (RFC 9002, section 7.7). While the path is
   * not full the round trip is short and pacing hardly holds anything back; as a queue builds it nears the delivery
   * rate. So a rate that was only ever measured on small traffic never throttles a burst.
   */
  private pacingRate(minimumRttMicros: number, smoothedRttMicros: number): number {
    return (
      (PACING_GAIN * this.windowBytes(minimumRttMicros)) / Math.max(smoothedRttMicros, SHORTEST_PACED_MICROS)
    );
  }
}

function largest(values: Float64Array): number {
  let highest = 0;
  for (const value of values) highest = Math.max(highest, value);
  return highest;
}

/**
 * The highest rate of the last half second counts. BBR takes ten round trips, which are 2 ms on a LAN: one pause of
 * the scheduler would forget the rate. Twice as long would keep a link's old rate too long after Wi-Fi slows down.
 */
const RATE_BUCKETS = 10;
const RATE_BUCKET_MICROS = 50_000;
/** Radio loses less than this where it is worth using; a queue that overflows loses more. */
const OVERFLOW_LOSS_RATIO = 0.05;
/** Several times what the window lets our data wait: only a queue that is far too full is this late. */
const OVERFULL_MICROS = 15_000;
/**
 * A burst of acknowledgements longer than this is a pause of a machine or of the path, not the way it works: room for
 * it would be a queue that others wait in for the half second in which bursts count.
 */
const LONGEST_BURST_MICROS = 10_000;
/** Two windows of an unknown path: what a path has to deliver, with more waiting, before its rate counts. */
const TRIAL_BYTES = 256 * 1024;
/** A shorter interval says more about interrupt coalescing than about the path. */
const MIN_INTERVAL_MICROS = 200;
/**
 * Time that our data may queue in a path beyond its round trip: enough for the estimate to climb, little enough that a
 * call beside a bulk transfer waits 5 ms more at most. A receiver that is scheduled out for longer shows in bursts of
 * acknowledgements, for which there is room of their own.
 */
const QUEUE_HEADROOM_MICROS = 2_500;
/** What may queue beyond a burst of acknowledgements, so that the estimate climbs there, too. */
const BURST_HEADROOM_MICROS = 500;
/**
 * Fixed part of the window. It makes paths that share a bottleneck (two laptops, one box) converge: the one that has
 * less gains more by it, until rates are equal. It queues for 1 ms at 100 Mbit/s.
 */
const SHARE_BYTES = 12 * 1024;
/** Half a TSO super-packet: what may be in flight on a path of which nothing is known. */
const MIN_WINDOW_BYTES = 32 * 1024;
/**
 * How far the window goes beyond the model while the path's rate is being found. BBR doubles; half of that overflows no
 * queue of half the path's round trip, and the rate is found in a few rounds more.
 */
const STARTUP_GAIN = 1.5;
/** Below the ring of sent datagrams and the receiver's buffers, so that neither limits unexpectedly. */
const MAX_WINDOW_BYTES = 7 * 1024 * 1024;
/** Bytes that may leave in one burst at any rate: one GSO send. */
const PACING_BURST_BYTES = 64 * 1024;
/** At high rates a burst covers this much time, so that timers fire about 2,000 times a second at most. */
const PACING_QUANTUM_MICROS = 1_000;
/** Pacing a quarter above the estimate lets the window, not the pacer, be what limits a full path (RFC 9002). */
const PACING_GAIN = 1.25;
/** Within half a millisecond a burst is a burst; timers are no finer than that on a busy host. */
const SHORTEST_PACED_MICROS = 500;
