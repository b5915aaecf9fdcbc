import type { Path } from '../path/path.ts';
import type { Outbox } from '../send/outbox.ts';
import type { SessionEvent, SwitchReason } from '../session-events.ts';

/** From when on data may have waited, and what had been sent again by then. */
interface Silence {
  readonly since: number;
  readonly replayedBefore: number;
}

/**
 * Measures switches: the gap is the time from the last sign of life on the old path (or the first data that it left
 * unanswered) to the first acknowledgement on the new one.
 */
export class SwitchRecorder {
  private readonly outbox: Outbox;
  private readonly events: SessionEvent[];
  private carrying: Path | null = null;
  /** Since the path that carries has failed; null while it works. */
  private failure: Silence | null = null;
  private pending: {
    readonly from: number;
    readonly to: Path;
    readonly reason: SwitchReason;
    readonly silence: Silence;
  } | null = null;

  constructor(outbox: Outbox, events: SessionEvent[]) {
    this.outbox = outbox;
    this.events = events;
  }

  /** Starts over from the path that carries now, if any: what came before was ended on purpose, or by the peer. */
  reset(carrying: Path | null): void {
    this.carrying = carrying;
    this.failure = null;
    this.pending = null;
  }

  /** To be called before a path's state says that it failed. */
  noteFailure(path: Path, now: number): void {
    this.noteFailureSince(path, path.awaitingSince > 0 ? path.awaitingSince : now);
  }

  noteFailureSince(path: Path, since: number): void {
    if (path === this.carrying) this.failure ??= this.silenceSince(since);
  }

  onSwitch(to: Path | null, reason: SwitchReason, now: number): void {
    // While nothing carries, the silence goes on.
    if (to === null) return;
    const from = this.carrying;
    const silence = this.failure ?? this.silenceSince(now);
    this.carrying = to;
    this.failure = null;
    if (from !== null && from.id !== to.id) this.pending = { from: from.id, to, reason, silence };
  }

  /** To be called when a path's data was acknowledged. */
  onProgress(path: Path, now: number): void {
    if (this.pending === null || this.pending.to !== path) return;
    const { from, to, reason, silence } = this.pending;
    this.pending = null;
    this.events.push({
      kind: 'switch',
      from,
      to: to.id,
      reason,
      gapMicros: Math.max(0, Math.round(now - silence.since)),
      replayedChunks: this.outbox.chunksReplayed - silence.replayedBefore,
    });
  }

  private silenceSince(since: number): Silence {
    return { since, replayedBefore: this.outbox.chunksReplayed };
  }
}
