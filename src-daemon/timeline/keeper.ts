import { join } from 'node:path';
import { SegmentFolder } from '../../src-platform/index.ts';
import type { Log } from '../../src-platform/log.ts';
import { native } from '../../src-platform/native.ts';
import type { DaemonStatus, LastSwitch } from '../../src-shared/model/status.ts';
import type { Timeline, TimelineEntry, TimelineQuery } from '../../src-shared/model/timeline.ts';
import { TimelineRecorder } from './recorder.ts';
import { TimelineStore } from './store.ts';

/** The daemon's history: takes every status and switch, and keeps what is new in them for weeks. */
export class TimelineKeeper {
  /** Entries since the daemon started. */
  length = 0;
  private isClosed = false;
  private readonly recorder = new TimelineRecorder();
  private readonly store: TimelineStore;
  private readonly log: Log;

  constructor(stateDir: string, log: Log) {
    this.log = log;
    const folder = new SegmentFolder(join(stateDir, 'timeline'));
    this.store = new TimelineStore({ folder, log, wallClock: Date.now });
  }

  /** Takes a status. @returns it with the entries counted that it made. */
  observe(status: DaemonStatus): DaemonStatus {
    this.add(this.recorder.observe(status, { at: new Date().toISOString(), now: native.nowMicros() }));
    return { ...status, timelineLength: this.length };
  }

  /** Takes a switch; null for one that is no news. */
  noteSwitch(happened: LastSwitch | null): void {
    if (happened === null) return;
    this.log.info('switch', { ...happened });
    this.add(this.recorder.noteSwitch(happened, native.nowMicros()));
  }

  list(query: TimelineQuery): Promise<Timeline> {
    return this.store.list(query);
  }

  /** Writes the end of it all. What the daemon takes down afterwards is no news. */
  async close(): Promise<void> {
    this.add(this.recorder.end(new Date().toISOString()));
    this.isClosed = true;
    await this.store.close();
  }

  private add(entries: readonly TimelineEntry[]): void {
    if (entries.length === 0 || this.isClosed) return;
    this.length += entries.length;
    this.store.add(entries);
  }
}
