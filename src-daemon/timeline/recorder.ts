import type { LinkState } from '../../src-shared/model/link.ts';
import type { Internet, LastSwitch, StateName } from '../../src-shared/model/status.ts';
import type { TimelineEntry } from '../../src-shared/model/timeline.ts';
import type { Micros } from '../../src-shared/model/units.ts';

/** What of a status becomes history. */
export interface Observation {
  readonly state: StateName;
  readonly internet: Internet;
  readonly links: readonly { readonly name: string; readonly state: LinkState }[];
}

/** A moment by both clocks: the wall's, which people read and which may jump, and the monotonic one, which decides. */
export interface Moment {
  readonly at: string;
  readonly now: Micros;
}

/**
 * Turns statuses and switches into entries. A subject that changes all the time (a loose plug, a link at the edge of
 * its range) is written a few times and then rarely; what is written last is how things are, so that the bands between
 * entries stay true.
 */
export class TimelineRecorder {
  private readonly links = new Map<string, LinkRecord>();
  private readonly switches = new EntryBudget();
  private readonly connection = new EntryBudget();
  private written: Pick<Observation, 'state' | 'internet'> | null = null;

  /** Takes a status; any number of them, at any time. */
  observe(status: Observation, { at, now }: Moment): TimelineEntry[] {
    const entries: TimelineEntry[] = [];
    const { state, internet } = status;
    const isChanged = this.written?.state !== state || this.written.internet !== internet;
    if (isChanged && this.connection.take(now)) {
      this.written = { state, internet };
      entries.push({ kind: 'connection', at, state, internet });
    }
    // Without a tunnel links do nothing: their bands end with the connection's entry, and begin anew after it.
    if (state === 'off') for (const record of this.links.values()) record.written = null;
    else entries.push(...this.observeLinks(status.links, { at, now }));
    return entries;
  }

  /** Takes a switch, as the status shows it. */
  noteSwitch(happened: LastSwitch, now: Micros): TimelineEntry[] {
    return this.switches.take(now) ? [{ kind: 'switch', ...happened }] : [];
  }

  /** The daemon stops in order: nothing is known from here on. */
  end(at: string): TimelineEntry[] {
    if (this.written === null || this.written.state === 'off') return [];
    const internet = this.written.internet === 'none' ? 'none' : 'direct';
    this.written = { state: 'off', internet };
    return [{ kind: 'connection', at, state: 'off', internet }];
  }

  private observeLinks(links: Observation['links'], { at, now }: Moment): TimelineEntry[] {
    const states = new Map(links.map(({ name, state }) => [name, state]));
    // A device that is gone is no longer listed.
    for (const [name, record] of this.links) {
      if (states.has(name)) continue;
      if (record.written !== null && record.written !== 'lost') states.set(name, 'lost');
      // One that keeps coming and going is remembered, or each time would count as the first.
      else if (record.budget.isWhole(now)) this.links.delete(name);
    }
    const entries: TimelineEntry[] = [];
    for (const [link, state] of states) {
      const record = this.links.get(link) ?? newLinkRecord();
      this.links.set(link, record);
      record.suspectSince = state === 'suspect' ? Math.min(record.suspectSince, now) : Infinity;
      const isPause = state === 'suspect' && now - record.suspectSince < LASTING_SUSPICION_MICROS;
      // Nothing ends with a link that never did anything.
      const isNoNews = record.written === null && (state === 'lost' || state === 'ignored');
      if (record.written === state || isPause || isNoNews || !record.budget.take(now)) continue;
      record.written = state;
      entries.push({ kind: 'link', at, link, state });
    }
    return entries;
  }
}

interface LinkRecord {
  /** The state of the last entry; null before the first. */
  written: LinkState | null;
  /** Infinity while it is not suspect. */
  suspectSince: Micros;
  readonly budget: EntryBudget;
}

function newLinkRecord(): LinkRecord {
  return { written: null, suspectSince: Infinity, budget: new EntryBudget() };
}

/** How many entries one subject may make: many at once, few for long. */
class EntryBudget {
  private left = BURST_ENTRIES;
  private grownAt: Micros = 0;

  take(now: Micros): boolean {
    this.grow(now);
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }

  isWhole(now: Micros): boolean {
    this.grow(now);
    return this.left === BURST_ENTRIES;
  }

  private grow(now: Micros): void {
    this.left = Math.min(BURST_ENTRIES, this.left + (now - this.grownAt) / MICROS_PER_ENTRY);
    this.grownAt = now;
  }
}

/** A quarter of an hour of pulling a cable by hand is told in full. */
const BURST_ENTRIES = 20;
/** After that one a minute: 1,440 a day and subject, some 200 KB, which is what the byte limit counts on. */
const MICROS_PER_ENTRY = 60_000_000;
/** A suspicion that proves wrong within a second was a pause of one of the two machines, and no news of the link. */
const LASTING_SUSPICION_MICROS = 1_000_000;
