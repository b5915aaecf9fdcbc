import { describe, expect, it } from 'vitest';
import {
  expiredSegments,
  MOST_BYTES,
  segmentOf,
  segmentsFor,
  selectEntries,
} from '../../../../src-daemon/timeline/segments.ts';
import type { TimelineEntry } from '../../../../src-shared/model/timeline.ts';

const NOW = Date.parse('2026-11-22T10:00:00.000Z');
const DAY_MS = 24 * 60 * 60 * 1_000;
const MOST_ENTRIES = 100;

describe('the files of the timeline', () => {
  it('hold a day each', () => {
    expect(segmentOf('2026-11-22T23:59:59.999Z')).toBe('2026-11-22.ndjson');
  });

  it('are read as far as the question goes, the newest first', () => {
    const names = ['2026-11-19.ndjson', '2026-11-20.ndjson', '2026-11-21.ndjson', '2026-11-22.ndjson'];
    expect(segmentsFor(names, { since: '2026-11-20T12:00:00Z' })).toEqual([...names.slice(1)].reverse());
    const until = '2026-11-21T00:00:01Z';
    expect(segmentsFor(names, { since: '2026-11-20T12:00:00Z', until })).toEqual([names[2], names[1]]);
  });

  it('are kept for four weeks', () => {
    const segments = days(40).map((name) => ({ name, bytes: 1_000 }));
    const expired = expiredSegments(segments, NOW);
    expect(expired).toHaveLength(11);
    expect(segments.map(({ name }) => name).filter((name) => !expired.includes(name))).toEqual(days(29));
  });

  it('go sooner, the oldest first, if they are large', () => {
    const segments = days(5).map((name) => ({ name, bytes: MOST_BYTES / 3 }));
    expect(expiredSegments(segments, NOW)).toEqual(days(5).slice(3));
  });

  it('of the future are kept: it was the clock that was wrong, or it is now', () => {
    const at1970 = Date.parse('1970-01-01T00:00:10Z');
    expect(expiredSegments([{ name: '2026-11-22.ndjson', bytes: 1 }], at1970)).toEqual([]);
  });
});

describe('an answer', () => {
  it('is what lies in the time asked for, oldest first, also after the clock was set back', () => {
    const entries = [link('10:00', 'a'), link('11:00', 'b'), link('10:30', 'c'), link('12:00', 'd')];
    const query = { since: time('10:00'), until: time('12:00') };
    expect(linksOf(selectEntries(entries, query, MOST_ENTRIES))).toEqual(['a', 'c', 'b']);
  });

  it('keeps the order of what happened in the same moment', () => {
    const entries = ['b', 'a', 'c'].map((name) => link('10:00', name));
    expect(linksOf(selectEntries(entries, { since: time('09:00') }, MOST_ENTRIES))).toEqual(['b', 'a', 'c']);
  });

  it('holds the newest if there are too many, and says so', () => {
    const entries = [link('10:00', 'a'), link('11:00', 'b'), link('12:00', 'c')];
    expect(selectEntries(entries, { since: time('10:00') }, 2)).toEqual({
      entries: entries.slice(1),
      truncated: true,
    });
    expect(selectEntries(entries, { since: time('11:00') }, 2).truncated).toBe(false);
  });
});

/** Names of the last days, the newest first. */
function days(count: number): readonly string[] {
  return Array.from({ length: count }, (_, ago) => segmentOf(new Date(NOW - ago * DAY_MS).toISOString()));
}

function time(clock: string): string {
  return `2026-11-22T${clock}:00.000Z`;
}

function link(clock: string, name: string): TimelineEntry {
  return { kind: 'link', at: time(clock), link: name, state: 'lost' };
}

function linksOf({ entries }: { readonly entries: readonly TimelineEntry[] }): readonly string[] {
  return entries.map((entry) => (entry.kind === 'link' ? entry.link : entry.kind));
}
