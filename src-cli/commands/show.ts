import { alignColumns } from '../../src-shared/command-line/columns.ts';
import { en } from '../../src-shared/i18n/en.ts';
import { formatDuration, formatRate, formatRatio, formatTimeOfDay } from '../../src-shared/i18n/format.ts';
import type { LinkStatus } from '../../src-shared/model/link.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';
import { describeCapacity, describeLinkUse } from '../../src-shared/view/describe-link.ts';
import { describeStatus } from '../../src-shared/view/describe-status.ts';
import { shownLink } from '../../src-shared/view/shown-link.ts';
import { unreachableStatus } from '../../src-shared/view/unreachable-status.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** Prints the status. Where the daemon does not answer, JSON readers get a status object that says so. */
export async function showStatus({ client, isJson, now, print }: CommandContext): Promise<CommandOutcome> {
  const answer = await client.call('status.get', {});
  if (!answer.ok) {
    const unreachable = unreachableStatus(answer.error);
    if (isJson && unreachable !== null) print(JSON.stringify(unreachable));
    return answer.error;
  }
  print(isJson ? JSON.stringify(answer.value) : statusText(answer.value, now()));
  return null;
}

/** Prints the links. */
export async function showLinks({ client, isJson, print }: CommandContext): Promise<CommandOutcome> {
  const answer = await client.call('status.get', {});
  if (!answer.ok) return answer.error;
  const { links } = answer.value;
  if (isJson) print(JSON.stringify(links));
  else print(links.length === 0 ? 'No links' : linksTable(links, answer.value).join('\n'));
  return null;
}

function statusText(status: DaemonStatus, now: WallClockMs): string {
  const { headline, detail } = describeStatus(status, now);
  const used = status.links.filter((link) => link.state !== 'ignored');
  const ignoredCount = status.links.length - used.length;
  return [
    headline,
    detail,
    ...(used.length === 0 ? [] : ['', ...linksTable(used, status)]),
    '',
    ...alignColumns([
      ['Internet', en.internet[status.internet]],
      ['Mode', en.mode[status.mode]],
      ...boxRow(status),
      ...lastSwitchRow(status),
      ['Hidden', hiddenText(status)],
      ...(ignoredCount === 0 ? [] : [['Not used', `${ignoredCount} more; see bowline links`]]),
    ]),
  ].join('\n');
}

function linksTable(links: readonly LinkStatus[], status: DaemonStatus): readonly string[] {
  const hasReason = links.some((link) => link.ignoredBecause !== null || link.trouble !== null);
  const header = [
    'Link',
    'Kind',
    'State',
    'Priority',
    'Carries',
    'Round trip',
    'Loss',
    'Down',
    'Up',
    'Address',
  ];
  const rows = links.map((link) => [
    link.name,
    en.linkKind[link.kind],
    describeLinkUse(shownLink(link, status)),
    en.linkPriority[link.priority],
    describeCapacity(link.model) ?? '-',
    link.rttMicros === null ? '-' : formatDuration(link.rttMicros),
    formatRatio(link.lossRatio),
    formatRate(link.rxBitsPerSecond),
    formatRate(link.txBitsPerSecond),
    link.address ?? '-',
    ...(hasReason ? [link.ignoredBecause ?? troubleText(link)] : []),
  ]);
  return alignColumns([hasReason ? [...header, 'Remarks'] : header, ...rows]);
}

function troubleText({ trouble }: LinkStatus): string {
  return trouble === null ? '' : en.linkTrouble[trouble];
}

function boxRow({ box, version }: DaemonStatus): readonly (readonly string[])[] {
  if (box === null) return [['Box', 'none paired; see bowline pair']];
  const boxVersion = version.box === null ? '' : `, version ${version.box}`;
  return [['Box', `${box.name} at ${box.address} (${box.fingerprint}${boxVersion})`]];
}

function lastSwitchRow({ lastSwitch }: DaemonStatus): readonly (readonly string[])[] {
  if (lastSwitch === null) return [];
  const { at, from, to, reason, gapMicros, replayedPackets } = lastSwitch;
  const what = `${from} to ${to}, ${en.switchReason[reason]}`;
  const cost = `${formatDuration(gapMicros)} gap, ${replayedPackets} packets sent again`;
  return [['Last switch', `${formatTimeOfDay(Date.parse(at))}  ${what}; ${cost}`]];
}

function hiddenText({ counters }: DaemonStatus): string {
  const { interruptionsHidden: hidden, packetsLost: lost } = counters;
  return `${hidden} ${hidden === 1 ? 'interruption' : 'interruptions'}, ${lost} packets lost`;
}
