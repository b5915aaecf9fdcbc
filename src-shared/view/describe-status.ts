import { ENGLISH, type Wording } from '../i18n/wording.ts';
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
 * @param wording the language; the command line and the logs speak English
 */
export function describeStatus(
  status: Status,
  now: WallClockMs,
  wording: Wording = ENGLISH,
): StatusDescription {
  const { texts } = wording;
  switch (status.state) {
    case 'unreachable':
      return describeUnreachable(status, wording);
    case 'off':
      if (status.draining) return { headline: texts.draining, detail: texts.drainingDetail, tone: 'neutral' };
      return {
        headline: texts.off,
        detail: status.internet === 'none' ? texts.offNoInternet : texts.offDetail,
        tone: 'neutral',
      };
    case 'connecting':
      return {
        headline: texts.connecting,
        detail: texts.connectingDetail(texts.internet[status.internet]),
        tone: 'neutral',
      };
    case 'protected':
      return describeProtected(status, now, wording);
    case 'away':
      return status.reason === 'no-link'
        ? { headline: texts.noLink, detail: texts.noLinkDetail, tone: 'warning' }
        : { headline: texts.away, detail: texts.awayDetail, tone: 'neutral' };
    case 'box-unreachable':
      return describeBoxUnreachable(status, now, wording);
    case 'failed':
      return {
        headline: texts.failed,
        detail: texts.failedDetail(
          texts.failure[status.cause],
          status.detail,
          texts.internet[status.internet],
        ),
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
export function linkLabel(name: string, links: readonly LinkStatus[], { texts }: Wording = ENGLISH): string {
  const link = links.find((candidate) => candidate.name === name);
  if (link === undefined || link.kind === 'other') return name;
  const label = texts.linkKind[link.kind];
  const isAmbiguous = links.some(
    (other) => other.name !== name && other.kind === link.kind && other.state !== 'ignored',
  );
  return isAmbiguous ? `${label} ${name}` : label;
}

/** Whether getting ready to leave makes sense: there is a radio to go on with. */
export function canLeave(status: DaemonStatus): boolean {
  return (
    status.state === 'protected' &&
    status.links.some(({ kind, state }) => (kind === 'wifi' || kind === 'cellular') && state === 'standby')
  );
}

/** Says what a switch cost: `8.3 ms gap, 7 packets sent again`. */
export function describeSwitchCost(
  happened: Pick<LastSwitch, 'gapMicros' | 'replayedPackets'>,
  { texts, format }: Wording = ENGLISH,
): string {
  const gap = format.duration(happened.gapMicros);
  return happened.replayedPackets === 0
    ? texts.switchGapNothingLost(gap)
    : texts.switchGapReplayed(gap, happened.replayedPackets);
}

function describeUnreachable(status: UnreachableStatus, { texts }: Wording): StatusDescription {
  switch (status.reason) {
    case 'no-permission':
      return { headline: texts.permissionNeeded, detail: texts.permissionDetail, tone: 'problem' };
    case 'version':
      return { headline: texts.updateNeeded, detail: texts.updateDetail, tone: 'problem' };
    case 'stopped':
    case 'not-installed':
      return { headline: texts.serviceStopped, detail: texts.unreachable[status.reason], tone: 'problem' };
    default:
      return assertNever(status.reason);
  }
}

type StatusOf<S extends DaemonStatus['state']> = Extract<DaemonStatus, { state: S }>;

function describeProtected(
  status: StatusOf<'protected'>,
  now: WallClockMs,
  wording: Wording,
): StatusDescription {
  const { texts } = wording;
  const { links, lastSwitch } = status;
  const label = (name: string): string => linkLabel(name, links, wording);

  if (lastSwitch !== null) {
    const ageMs = now - Date.parse(lastSwitch.at);
    if (ageMs >= 0 && ageMs < SWITCH_IS_NEWS_MS) {
      return {
        headline: texts.switchedTo(label(lastSwitch.to)),
        detail: describeSwitchCost(lastSwitch, wording),
        tone: 'good',
      };
    }
  }

  if (status.leavingUntil !== null) {
    const time = wording.format.exactTime(Date.parse(status.leavingUntil));
    return { headline: texts.readyToLeave, detail: texts.readyToLeaveDetail(time), tone: 'good' };
  }

  const complaints = status.degraded.filter((reason) => reason.kind !== 'no-standby');
  if (complaints.length > 0) {
    const sentences = complaints.map((reason) => describeDegraded(reason, label, wording));
    const isContested = complaints.some(({ kind }) => kind === 'routes-contested');
    return {
      headline: isContested ? texts.contested : texts.degraded,
      detail: sentences.reduce(texts.join),
      tone: 'warning',
    };
  }

  if (status.carrying.length > 1) {
    return {
      headline: texts.usingLinks(status.carrying.map(label)),
      detail: rates(status, wording),
      tone: 'good',
    };
  }
  const standby = links.filter((link) => link.state === 'standby').map((link) => label(link.name));
  const troubled = links.find(({ trouble }) => trouble !== null);
  const alone =
    troubled?.trouble == null
      ? texts.noStandby
      : texts.colon(label(troubled.name), texts.linkTrouble[troubled.trouble]);
  return {
    headline: texts.protectedOn(label(status.carrying[0] ?? '')),
    detail: standby.length > 0 ? texts.standsBy(standby) : alone,
    tone: 'good',
  };
}

function describeDegraded(
  reason: DegradedReason,
  label: (name: string) => string,
  { texts, format }: Wording,
): string {
  switch (reason.kind) {
    case 'loss':
      return texts.losesPackets(label(reason.link), format.ratio(reason.lossRatio));
    case 'slow':
      return texts.answersSlowly(label(reason.link), format.duration(reason.rttMicros));
    case 'no-standby':
      return texts.noStandby;
    case 'routes-contested':
      return texts.routesContested(reason.by);
    default:
      return assertNever(reason);
  }
}

function rates(status: StatusOf<'protected'>, { texts, format }: Wording): string {
  const carrying = status.links.filter((link) => link.state === 'carrying');
  const down = carrying.reduce((sum, link) => sum + link.rxBitsPerSecond, 0);
  const up = carrying.reduce((sum, link) => sum + link.txBitsPerSecond, 0);
  const rtts = carrying.flatMap((link) => (link.rttMicros === null ? [] : [link.rttMicros]));
  const rtt = rtts.length === 0 ? null : format.duration(Math.min(...rtts));
  return texts.rates(format.rate(down), format.rate(up), rtt);
}

function describeBoxUnreachable(
  status: StatusOf<'box-unreachable'>,
  now: WallClockMs,
  { texts, format }: Wording,
): StatusDescription {
  const since = format.timeOfDay(Date.parse(status.since));
  const first = status.internet === 'none' ? texts.noInternetSince(since) : texts.directSince(since);
  const waitMs = status.nextTryAt === null ? 0 : Date.parse(status.nextTryAt) - now;
  const second = waitMs > 0 ? texts.retryingIn(format.duration(waitMs * 1000)) : texts.retrying;
  return { headline: texts.boxUnreachable, detail: texts.join(first, second), tone: 'warning' };
}
