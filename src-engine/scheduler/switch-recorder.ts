import type { Path } from '../path/path.ts';
import type { Outbox } from '../send/outbox.ts';
import type { SessionEvent, SwitchReason } from '../session-events.ts';

/**
 * Measures switches: the gap is the time from the last sign of life on the old path (or the first data that it left
 * unanswered) to the first acknowledgement on the new one.
 */
export class SwitchRecorder {
  private readonly outbox: Outbox;
  private readonly events: SessionEvent[];
  private pending: {
    from: number;
    to: Path;
    reason: SwitchReason;
    silentSince: number;
    replayedBefore: number;
  } | null = null;
  private failed: { path: Path; silentSince: number; replayedBefore: number } | null = null;
  private lastCarrying = -1;

  constructor(outbox: Outbox, events: SessionEvent[]) {
    this.outbox = outbox;
    this.events = events;
  }

  /** To be called before a path's state says that it failed. */
  noteFailure(path: Path, now: number): void {
    this.noteFailureSince(path, path.awaitingSince > 0 ? path.awaitingSince : now);
  }

  noteFailureSince(path: Path, silentSince: number): void {
    this.failed = { path, silentSince, replayedBefore: this.outbox.chunksReplayed };
  }

  onSwitch(from: Path | null, to: Path | null, reason: SwitchReason, now: number): void {
    if (from !== null) this.lastCarrying = from.id;
    if (to === null || this.lastCarrying < 0 || to.id === this.lastCarrying) return;
    const isFailure = this.failed !== null && this.failed.path.id === this.lastCarrying;
    this.pending = {
      from: this.lastCarrying,
      to,
      reason,
      silentSince: isFailure ? this.failed!.silentSince : now,
      replayedBefore: isFailure ? this.failed!.replayedBefore : this.outbox.chunksReplayed,
    };
    this.failed = null;
    this.lastCarrying = to.id;
  }

  /** To be called when a path's data was acknowledged. */
  onProgress(path: Path, now: number): void {
    if (this.pending === null || this.pending.to !== path) return;
    const { from, to, reason, silentSince, replayedBefore } = this.pending;
    this.pending = null;
    this.events.push({
      kind: 'switch',
      from,
      to: to.id,
      reason,
      gapMicros: Math.max(0, Math.round(now - silentSince)),
      replayedChunks: this.outbox.chunksReplayed - replayedBefore,
    });
  }
}
