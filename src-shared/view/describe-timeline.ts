import { en } from '../i18n/en.ts';
import type { LinkStatus } from '../model/link.ts';
import type { TimelineEntry } from '../model/timeline.ts';
import { assertNever } from '../util/assert-never.ts';
import { describeSwitchCost, linkLabel } from './describe-status.ts';

/**
 * Says an entry of the timeline in words, without its time.
 *
 * @param links the links of now, which are named as everywhere else; others by their interface name
 */
export function describeTimelineEntry(entry: TimelineEntry, links: readonly LinkStatus[]): string {
  switch (entry.kind) {
    case 'switch': {
      const [from, to] = [linkLabel(entry.from, links), linkLabel(entry.to, links)];
      return en.join(en.leftFor(from, to, en.switchReason[entry.reason]), describeSwitchCost(entry));
    }
    case 'link':
      return en.linkBecame[entry.state](linkLabel(entry.link, links));
    case 'connection': {
      if (entry.state === 'protected' && entry.internet === 'tunnelled') return en.connectionBecame.protected;
      const isCutOff = entry.state === 'away' && entry.internet === 'none';
      const what = isCutOff ? en.noLink : en.connectionBecame[entry.state];
      return en.andInternet(what, en.internet[entry.internet]);
    }
    default:
      return assertNever(entry);
  }
}
