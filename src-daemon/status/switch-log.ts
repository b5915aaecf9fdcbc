import type { LinkPath } from '../../src-driver/link-paths.ts';
import type { SessionEvent } from '../../src-engine/session-events.ts';
import type { LastSwitch } from '../../src-shared/model/status.ts';

/** Remembers switches by the names of links, also of those whose paths are closed already. */
export class SwitchLog {
  /** The last switch, or null. */
  last: LastSwitch | null = null;
  /** Switches that the user would have felt as an interruption. */
  hidden = 0;
  private readonly linkNames = new Map<number, string>();

  /** Learns which path belongs to which link. */
  learn(paths: readonly LinkPath[]): void {
    for (const { pathId, linkName } of paths) this.linkNames.set(pathId, linkName);
  }

  /** @returns the switch as it is shown; null for one between two paths of a link, which people need not know of. */
  note(event: Extract<SessionEvent, { kind: 'switch' }>): LastSwitch | null {
    const from = this.linkNames.get(event.from) ?? 'unknown';
    const to = this.linkNames.get(event.to) ?? 'unknown';
    if (from === to) return null;
    const { reason, gapMicros, replayedChunks: replayedPackets } = event;
    this.last = { at: new Date().toISOString(), from, to, reason, gapMicros, replayedPackets };
    if (reason !== 'better-link' && reason !== 'user') this.hidden++;
    return this.last;
  }
}
