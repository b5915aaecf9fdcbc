import { alignColumns } from '../../src-shared/command-line/columns.ts';
import { en } from '../../src-shared/i18n/en.ts';
import { formatDateTime } from '../../src-shared/i18n/format.ts';
import type { LinkStatus } from '../../src-shared/model/link.ts';
import type { Timeline } from '../../src-shared/model/timeline.ts';
import { describeTimelineEntry } from '../../src-shared/view/describe-timeline.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** Prints what happened, oldest first. @param sinceMs how far back. */
export async function showTimeline(
  { client, isJson, now, print }: CommandContext,
  sinceMs: number,
): Promise<CommandOutcome> {
  const since = new Date(Math.max(0, now() - sinceMs)).toISOString();
  const answer = await client.call('timeline.list', { since });
  if (!answer.ok) return answer.error;
  if (isJson) {
    print(JSON.stringify(answer.value));
    return null;
  }
  const listed = await client.call('links.list', {});
  if (!listed.ok) return listed.error;
  print(timelineText(answer.value, listed.value.links));
  return null;
}

function timelineText({ entries, truncated }: Timeline, links: readonly LinkStatus[]): string {
  if (entries.length === 0) return en.timelineEmpty;
  const rows = entries.map((entry) => [
    formatDateTime(Date.parse(entry.at)),
    describeTimelineEntry(entry, links),
  ]);
  return [...(truncated ? [en.timelineTruncated] : []), ...alignColumns(rows)].join('\n');
}
