import type { Timeline, TimelineEntry, TimelineQuery } from '../../src-shared/model/timeline.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';

/** Names of the timeline's files: one for each day that something happened on, in UTC. */
export const SEGMENT_PATTERN = /^\d{4}-\d{2}-\d{2}\.ndjson$/;

/** The file that holds what happened at a time. @param at ISO time in UTC. */
export function segmentOf(at: string): string {
  return `${at.slice(0, DATE_LENGTH)}.ndjson`;
}

/** The files that hold what is asked for, the newest first. */
export function segmentsFor(names: readonly string[], { since, until }: TimelineQuery): readonly string[] {
  const first = segmentOf(isoTime(since));
  const last = until === undefined ? null : segmentOf(isoTime(until));
  return names.filter((name) => name >= first && (last === null || name <= last)).reverse();
}

/**
 * The files to remove: those of days that are too long ago, and then the oldest ones until the rest is small enough.
 * A day in the future is kept: the clock was wrong then, or it is now.
 */
export function expiredSegments(
  segments: readonly { readonly name: string; readonly bytes: number }[],
  now: WallClockMs,
): readonly string[] {
  const oldestKept = segmentOf(new Date(now - KEPT_DAYS * DAY_MS).toISOString());
  const newestFirst = [...segments].sort((one, other) => (one.name < other.name ? 1 : -1));
  let bytes = 0;
  return newestFirst
    .filter((segment) => {
      bytes += segment.bytes;
      return segment.name < oldestKept || bytes > MOST_BYTES;
    })
    .map(({ name }) => name);
}

/**
 * Joins entries to an answer: those of the time that was asked for, oldest first, the newest if there are too many.
 * Entries of the same moment keep their order. @param limit how many at most.
 */
export function selectEntries(
  entries: readonly TimelineEntry[],
  { since, until }: TimelineQuery,
  limit: number,
): Timeline {
  const first = Date.parse(since);
  const end = until === undefined ? Infinity : Date.parse(until);
  const selected = entries
    .map((entry) => ({ entry, time: Date.parse(entry.at) }))
    .filter(({ time }) => time >= first && time < end)
    .sort((one, other) => one.time - other.time)
    .map(({ entry }) => entry);
  return { entries: selected.slice(-limit), truncated: selected.length > limit };
}

function isoTime(at: string): string {
  return new Date(at).toISOString();
}

const DATE_LENGTH = 'YYYY-MM-DD'.length;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Four weeks: "the same day last month" can be looked up, and older trouble has another cause by now. */
const KEPT_DAYS = 28;
/**
 * An ordinary day is 40 KB, four weeks 1 MB. A day on which twenty links flap all the time is 4 MB: two of these are
 * enough to see what is wrong, and no disk is filled by it.
 */
export const MOST_BYTES = 8 * 1024 * 1024;
