import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SegmentFolder } from '../../src-platform/index.ts';
import { describeError, type Log, type LogFields } from '../../src-platform/log.ts';
import {
  MOST_TIMELINE_ENTRIES,
  timelineEntrySchema,
  type Timeline,
  type TimelineEntry,
  type TimelineQuery,
} from '../../src-shared/model/timeline.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';
import { expiredSegments, SEGMENT_PATTERN, segmentOf, segmentsFor, selectEntries } from './segments.ts';

export interface TimelineStoreOptions {
  readonly folder: SegmentFolder;
  readonly log: Log;
  readonly wallClock: () => WallClockMs;
}

/**
 * Keeps entries on disk, a file a day, and reads them only when somebody asks. A disk that takes nothing costs one
 * warning: entries wait in memory, are shown from there, and are written when it takes them again.
 */
export class TimelineStore {
  private readonly options: TimelineStoreOptions;
  /** Not on disk yet, oldest first. */
  private pending: TimelineEntry[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private isFlushQueued = false;
  private isDiskRefusing = false;
  /** What the log has been told of already. */
  private readonly told = new Set<string>();
  private checkedSegment = '';
  private bytesSinceCheck = 0;

  constructor(options: TimelineStoreOptions) {
    this.options = options;
  }

  add(entries: readonly TimelineEntry[]): void {
    this.pending = [...this.pending, ...entries].slice(-MOST_PENDING);
    if (this.isFlushQueued) return;
    this.isFlushQueued = true;
    void this.enqueue(() => this.flush());
  }

  /** Answers with what is on disk and in memory; what cannot be read is left out, with a line in the log. */
  list(query: TimelineQuery): Promise<Timeline> {
    return this.enqueue(async () => {
      await this.flush();
      const limit = query.limit ?? MOST_TIMELINE_ENTRIES;
      let found = selectEntries(this.pending, query, limit);
      for (const name of segmentsFor(await this.segmentNames(), query)) {
        if (found.truncated) break;
        found = selectEntries([...(await this.read(name)), ...found.entries], query, limit);
      }
      return found;
    });
  }

  /** Writes what waits, as far as the disk takes it. */
  async close(): Promise<void> {
    await this.enqueue(() => this.flush());
  }

  /** One after the other: an answer never sees an entry both in memory and on disk. */
  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async flush(): Promise<void> {
    this.isFlushQueued = false;
    while (this.pending.length > 0) {
      const name = segmentOf(this.pending[0]!.at);
      const other = this.pending.findIndex(({ at }) => segmentOf(at) !== name);
      const batch = this.pending.splice(0, other < 0 ? this.pending.length : other);
      try {
        const lines = batch.map((entry) => JSON.stringify(entry));
        this.bytesSinceCheck += await this.options.folder.append(name, lines);
        if (this.isDiskRefusing) this.options.log.info('timeline-stored-again');
        this.isDiskRefusing = false;
      } catch (error) {
        this.pending = [...batch, ...this.pending].slice(-MOST_PENDING);
        if (!this.isDiskRefusing) this.options.log.warn('timeline-not-stored', describeError(error));
        this.isDiskRefusing = true;
        return;
      }
      if (name !== this.checkedSegment || this.bytesSinceCheck > CHECK_BYTES) await this.removeExpired(name);
    }
  }

  private async removeExpired(name: string): Promise<void> {
    this.checkedSegment = name;
    this.bytesSinceCheck = 0;
    const { folder, log, wallClock } = this.options;
    try {
      for (const expired of expiredSegments(await folder.list(SEGMENT_PATTERN), wallClock())) {
        await folder.remove(expired);
        log.info('timeline-expired', { segment: expired });
      }
    } catch (error) {
      log.warn('timeline-not-tidied', describeError(error));
    }
  }

  private async segmentNames(): Promise<readonly string[]> {
    try {
      return (await this.options.folder.list(SEGMENT_PATTERN)).map(({ name }) => name);
    } catch (error) {
      this.warnOnce('timeline-unreadable', this.options.folder.dir, describeError(error));
      return [];
    }
  }

  private async read(name: string): Promise<readonly TimelineEntry[]> {
    const { folder } = this.options;
    const entries: TimelineEntry[] = [];
    try {
      const lines = await folder.read(name);
      for (const [index, line] of lines.entries()) {
        // Packets go through this thread, too.
        if (index % LINES_PER_TURN === LINES_PER_TURN - 1) await nextTurn();
        const entry = parseLine(line);
        if (entry !== null) entries.push(entry);
      }
      const dropped = lines.length - entries.length;
      if (dropped > 0) this.warnOnce('timeline-lines-dropped', name, { segment: name, lines: dropped });
    } catch (error) {
      this.warnOnce('timeline-unreadable', name, describeError(error));
    }
    return entries;
  }

  /** A window asks again and again. */
  private warnOnce(event: string, subject: string, fields: LogFields): void {
    if (this.told.has(`${event} ${subject}`)) return;
    this.told.add(`${event} ${subject}`);
    this.options.log.warn(event, fields);
  }
}

/** Null for a line that a crash or a power cut left behind, and for what another version wrote. */
function parseLine(line: string): TimelineEntry | null {
  try {
    const parsed = timelineEntrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** What waits in memory for a disk: some days of an ordinary laptop, 400 KB. */
const MOST_PENDING = 2_000;
/** The size is looked at now and then within a day, too. */
const CHECK_BYTES = 256 * 1024;
/** Less than a millisecond of work. */
const LINES_PER_TURN = 100;
