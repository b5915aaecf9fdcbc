import type { TimelineEntry } from '../../../src-shared/model/timeline.ts';
import type { LinkState, LinkStatus } from '../../../src-shared/model/link.ts';

/** A stretch of time in which a link did one thing; places are shares of the time shown. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Null where nothing is known yet. */
  readonly state: LinkState | null;
}

/** What one link did over the time shown. */
export interface Band {
  readonly link: string;
  readonly stretches: readonly Stretch[];
}

/**
 * Turns the events of a while into one band for each link.
 *
 * @param entries oldest first
 * @param since start of the time shown, in milliseconds since 1970
 * @param until its end
 */
export function bandsOf(
  entries: readonly TimelineEntry[],
  links: readonly LinkStatus[],
  since: number,
  until: number,
): readonly Band[] {
  const changes = new Map<string, { at: number; state: LinkState }[]>();
  for (const link of links) if (link.state !== 'ignored') changes.set(link.name, []);
  for (const entry of entries) {
    if (entry.kind !== 'link') continue;
    const known = changes.get(entry.link) ?? [];
    changes.set(entry.link, known);
    known.push({ at: Date.parse(entry.at), state: entry.state });
  }
  const share = (at: number): number => Math.min(1, Math.max(0, (at - since) / (until - since)));
  return [...changes].map(([link, ofLink]) => {
    // Without a change the link has been all the time what it is now.
    const present = links.find(({ name }) => name === link)?.state ?? null;
    const before = ofLink.length === 0 ? present : null;
    const stretches: Stretch[] = [];
    let from = 0;
    let state: LinkState | null = before;
    for (const change of ofLink) {
      const at = share(change.at);
      if (at > from) stretches.push({ from, to: at, state });
      from = at;
      state = change.state;
    }
    if (from < 1) stretches.push({ from, to: 1, state });
    return { link, stretches };
  });
}
