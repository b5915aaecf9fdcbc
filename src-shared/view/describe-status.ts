import { en } from '../i18n/en.ts';
import { formatDuration, formatRate, formatRatio, formatTimeOfDay } from '../i18n/format.ts';
import type { LinkStatus } from '../model/link.ts';
import type { DaemonStatus, DegradedReason, LastSwitch, Status, UnreachableStatus } from '../model/status.ts';
import type { WallClockMs } from '../model/units.ts';
import { assertNever } from '../util/assert-never.ts';

/** How good the news is; views map it to a shape first and a colour second. */
export type Tone = 'good' | 'neutral' | 'warning' | 'problem';

/** One status in the product's words. */
export interface StatusDescription {
  readonly headline: string;
  readonly detail: string;
  readonly tone: Tone;
}

/**
 * How long a switch is the headline. People look at the screen a few seconds after the cable came out; much longer
 * and the headline would hide what carries the traffic.
 */
const SWITCH_IS_NEWS_MS = 10_000;

/**
 * Says a status in words. Tray, window, command line and notifications all use this, so that they never disagree.
 *
 * @param now the wall clock, for "switched just now" and "retrying in"
 */
export function describeStatus(status: Status, now: WallClockMs): StatusDescription {
  switch (status.state) {
    case 'unreachable':
      return describeUnreachable(status);
    case 'off':
      if (status.draining) return { headline: en.draining, detail: en.drainingDetail, tone: 'neutral' };
      return {
        headline: en.off,
        detail: status.internet === 'none' ? en.offNoInternet : en.offDetail,
        tone: 'neutral',
      };
    case 'connecting':
      return {
        headline: en.connecting,
        detail: en.connectingDetail(en.internet[status.internet]),
        tone: 'neutral',
      };
    case 'protected':
      return describeProtected(status, now);
    case 'away':
      return status.reason === 'no-link'
        ? { headline: en.noLink, detail: en.noLinkDetail, tone: 'warning' }
        : { headline: en.away, detail: en.awayDetail, tone: 'neutral' };
    case 'box-unreachable':
      return describeBoxUnreachable(status, now);
    case 'failed':
      return {
        headline: en.failed,
        detail: en.failedDetail(en.failure[status.cause], status.detail, en.internet[status.internet]),
        tone: 'problem',
      };
    default:
      return assertNever(status);
  }
}

/**
 * Names a link as people do: by its kind, and by its interface name too where the kind alone is ambiguous or says
 * nothing.
 */
export function linkLabel(name: string, links: readonly LinkStatus[]): string {
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined || link.kind === 'other') return name;
  const label = en.linkKind[link.kind];
  const isAmbiguous = links.some(
    (other) => other.name !== name && other.kind === link.kind && other.state !== 'ignored',
  );
  return isAmbiguous ? `${label} ${name}` : label;
}

/** Says what a switch cost: `8.3 ms gap, 7 packets sent again`. */
export function describeSwitchCost(happened: Pick<LastSwitch, 'gapMicros' | 'replayedPackets'>): string {
  const gap = formatDuration(happened.gapMicros);
  return happened.replayedPackets === 0
    ? en.switchGapNothingLost(gap)
    : en.switchGapReplayed(gap, happened.replayedPackets);
}

function describeUnreachable(status: UnreachableStatus): StatusDescription {
  switch (status.reason) {
    case 'no-permission':
      return { headline: en.permissionNeeded, detail: en.permissionDetail, tone: 'problem' };
    case 'version':
      return { headline: en.updateNeeded, detail: en.updateDetail, tone: 'problem' };
    case 'stopped':
    case 'not-installed':
      return { headline: en.serviceStopped, detail: en.unreachable[status.reason], tone: 'problem' };
    default:
      return assertNever(status.reason);
  }
}

type StatusOf<S extends DaemonStatus['state']> = Extract<DaemonStatus, { state: S }>;

function describeProtected(status: StatusOf<'protected'>, now: WallClockMs): StatusDescription {
  const { links, lastSwitch } = status;
  const label = (name: string): string => linkLabel(name, links);

  if (lastSwitch !== null) {
    const ageMs = now - Date.parse(lastSwitch.at);
    if (ageMs >= 0 && ageMs < SWITCH_IS_NEWS_MS) {
      return {
        headline: en.switchedTo(label(lastSwitch.to)),
        detail: describeSwitchCost(lastSwitch),
        tone: 'good',
      };
    }
  }

  const complaints = status.degraded.filter((reason) => reason.kind !== 'no-standby');
  if (complaints.length > 0) {
    const sentences = complaints.map((reason) => describeDegraded(reason, label));
    return { headline: en.degraded, detail: sentences.reduce(en.join), tone: 'warning' };
  }

  if (status.carrying.length > 1) {
    return { headline: en.usingLinks(status.carrying.map(label)), detail: rates(status), tone: 'good' };
  }
  const standby = links.filter((link) => link.state === 'standby').map((link) => label(link.name));
  return {
    headline: en.protectedOn(label(status.carrying[0] ?? '')),
    detail: standby.length > 0 ? en.standsBy(standby) : en.noStandby,
    tone: 'good',
  };
}

function describeDegraded(reason: DegradedReason, label: (name: string) => string): string {
  switch (reason.kind) {
    case 'loss':
      return en.losesPackets(label(reason.link), formatRatio(reason.lossRatio));
    case 'slow':
      return en.answersSlowly(label(reason.link), formatDuration(reason.rttMicros));
    case 'no-standby':
      return en.noStandby;
    default:
      return assertNever(reason);
  }
}

function rates(status: StatusOf<'protected'>): string {
  const carrying = status.links.filter((link) => link.state === 'carrying');
  const down = carrying.reduce((sum, link) => sum + link.rxBitsPerSecond, 0);
  const up = carrying.reduce((sum, link) => sum + link.txBitsPerSecond, 0);
  const rtts = carrying.flatMap((link) => (link.rttMicros === null ? [] : [link.rttMicros]));
  const rtt = rtts.length === 0 ? null : formatDuration(Math.min(...rtts));
  return en.rates(formatRate(down), formatRate(up), rtt);
}

function describeBoxUnreachable(status: StatusOf<'box-unreachable'>, now: WallClockMs): StatusDescription {
  const since = formatTimeOfDay(Date.parse(status.since));
  const first = status.internet === 'none' ? en.noInternetSince(since) : en.directSince(since);
  const waitMs = status.nextTryAt === null ? 0 : Date.parse(status.nextTryAt) - now;
  const second = waitMs > 0 ? en.retryingIn(formatDuration(waitMs * 1000)) : en.retrying;
  return { headline: en.boxUnreachable, detail: en.join(first, second), tone: 'warning' };
}
