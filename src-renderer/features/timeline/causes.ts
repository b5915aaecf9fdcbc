import type { TimelineEntry } from '../../../src-shared/model/timeline.ts';

/** A switch and what it does to the links are told within this time of one another. */
const TOGETHER_MS = 1_500;

/** Leaves out what a switch already says: that its links carry, stand by or were lost at that moment. */
export function withoutEffects(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const switches = entries.filter((entry) => entry.kind === 'switch');
  return entries.filter(
    (entry) =>
      entry.kind !== 'link' ||
      !switches.some(
        ({ at, from, to }) =>
          (entry.link === from || entry.link === to) &&
          Math.abs(Date.parse(at) - Date.parse(entry.at)) <= TOGETHER_MS,
      ),
  );
}
