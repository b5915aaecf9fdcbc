import type { Wording } from '../../src-shared/i18n/wording.ts';
import type { Status } from '../../src-shared/model/status.ts';
import type { WallClockMs } from '../../src-shared/model/units.ts';
import { describeStatus } from '../../src-shared/view/describe-status.ts';

/*
 * Which notifications a person gets. A notification is for what needs a person or is news to one, and never the only
 * place where a fact is shown: the tray and the window say the same at the same time.
 *
 * A *concern* is something that is wrong. One status has at most one concern, the cause that hides the effects. It is
 * told once it has lasted for its delay, and withdrawn as soon as it is over. It is told once for as long as it comes
 * and goes: only a settled state (protected and well, off, away) ends that, and even then not before ten minutes.
 *
 * *News* is a switch that happened while nobody looked at the window, or the very first protection. It is withdrawn
 * after ten seconds: whoever was away reads it in the timeline.
 */

/** Short blips belong to the timeline: a roaming laptop is often without its box for a few seconds. */
const CONCERN_DELAY_MS = 10_000;

/** How soon the same concern may be told again; a link that flaps all day must not ring all day. */
const SAME_CONCERN_PAUSE_MS = 600_000;

/** How long a switch is news; the headline of the status uses the same time. */
const NEWS_MS = 10_000;

/** Between two switches that are told: somebody who walks through the house changes links every few seconds. */
const NEWS_PAUSE_MS = 60_000;

/** What can be wrong; each is told at most once at a time. */
export type Concern =
  | 'degraded'
  | 'box-unreachable'
  | 'failed'
  | 'service-stopped'
  | 'not-installed'
  | 'no-permission'
  | 'version';

/** One notification: at most one of each key is shown at a time. */
export interface NotificationText {
  readonly key: 'concern' | 'news';
  readonly title: string;
  readonly body: string;
}

/** What the shell around the policy does. */
export type NotificationEffect =
  | { readonly kind: 'show'; readonly notification: NotificationText }
  | { readonly kind: 'withdraw'; readonly key: NotificationText['key'] };

/** What the policy remembers. */
export interface NotificationState {
  readonly concern: { readonly kind: Concern; readonly since: WallClockMs; readonly isTold: boolean } | null;
  /** When each concern was told last, and whether that was in the trouble that still goes on. */
  readonly told: Readonly<
    Partial<Record<Concern, { readonly at: WallClockMs; readonly isSameTrouble: boolean }>>
  >;
  readonly news: { readonly until: WallClockMs } | null;
  readonly lastSwitchSeen: string | null;
  readonly lastNewsAt: WallClockMs | null;
  /** Whether this user was ever told that protection works. */
  readonly wasProtectionTold: boolean;
}

/** What the policy looks at. */
export interface NotificationInput {
  readonly status: Status;
  readonly isWindowVisible: boolean;
  readonly now: WallClockMs;
  readonly wording: Wording;
}

/** What follows. */
export interface NotificationDecision {
  readonly state: NotificationState;
  readonly effects: readonly NotificationEffect[];
  /** When the policy has to be asked again though nothing has changed; null if never. */
  readonly nextAt: WallClockMs | null;
}

/** The state of a fresh start. */
export function initialNotificationState(wasProtectionTold: boolean): NotificationState {
  return {
    concern: null,
    told: {},
    news: null,
    lastSwitchSeen: null,
    lastNewsAt: null,
    wasProtectionTold,
  };
}

/** Decides what to show and what to withdraw. */
export function decideNotifications(
  state: NotificationState,
  input: NotificationInput,
): NotificationDecision {
  const concerned = decideConcern(state, input);
  const informed = decideNews(concerned.state, input);
  const times = [concerned.nextAt, informed.nextAt].filter((time) => time !== null);
  return {
    state: informed.state,
    effects: [...concerned.effects, ...informed.effects],
    nextAt: times.length === 0 ? null : Math.min(...times),
  };
}

function decideConcern(
  state: NotificationState,
  { status, now, wording }: NotificationInput,
): NotificationDecision {
  const kind = concernOf(status);
  const told = isSettled(status) ? endTrouble(state.told) : state.told;
  const isSame = kind === state.concern?.kind;
  const withdrawal: readonly NotificationEffect[] =
    !isSame && state.concern?.isTold === true ? [{ kind: 'withdraw', key: 'concern' }] : [];
  if (kind === null) return { state: { ...state, told, concern: null }, effects: withdrawal, nextAt: null };

  const concern = isSame && state.concern !== null ? state.concern : { kind, since: now, isTold: false };
  if (concern.isTold || !mayTell(told[kind], now)) {
    return { state: { ...state, told, concern }, effects: withdrawal, nextAt: null };
  }
  const dueAt = concern.since + delayOf(kind);
  if (now < dueAt) return { state: { ...state, told, concern }, effects: withdrawal, nextAt: dueAt };

  const { headline, detail } = describeStatus(status, now, wording);
  return {
    state: {
      ...state,
      concern: { ...concern, isTold: true },
      told: { ...told, [kind]: { at: now, isSameTrouble: true } },
    },
    effects: [
      ...withdrawal,
      { kind: 'show', notification: { key: 'concern', title: headline, body: detail } },
    ],
    nextAt: null,
  };
}

function decideNews(state: NotificationState, input: NotificationInput): NotificationDecision {
  const { status, now, isWindowVisible, wording } = input;
  const lastSwitch = status.state === 'protected' ? status.lastSwitch : null;
  const isOver =
    state.news !== null && (now >= state.news.until || isWindowVisible || status.state !== 'protected');
  const effects: NotificationEffect[] = isOver ? [{ kind: 'withdraw', key: 'news' }] : [];
  const kept: NotificationState = {
    ...state,
    news: isOver ? null : state.news,
    lastSwitchSeen: lastSwitch?.at ?? state.lastSwitchSeen,
    wasProtectionTold: state.wasProtectionTold || status.state === 'protected',
  };

  const until = newsUntil(state, input);
  if (until === null) return { state: kept, effects, nextAt: kept.news?.until ?? null };
  const { headline, detail } = describeStatus(status, now, wording);
  effects.push({ kind: 'show', notification: { key: 'news', title: headline, body: detail } });
  return { state: { ...kept, news: { until }, lastNewsAt: now }, effects, nextAt: until };
}

/** Until when there is news to tell; null if there is none. */
function newsUntil(
  state: NotificationState,
  { status, now, isWindowVisible }: NotificationInput,
): WallClockMs | null {
  if (status.state !== 'protected' || isWindowVisible) return null;
  if (!state.wasProtectionTold) return now + NEWS_MS;
  const { lastSwitch } = status;
  if (lastSwitch === null || lastSwitch.at === state.lastSwitchSeen || lastSwitch.reason === 'user')
    return null;
  const until = Date.parse(lastSwitch.at) + NEWS_MS;
  const isTooSoon = state.lastNewsAt !== null && now - state.lastNewsAt < NEWS_PAUSE_MS;
  return now < until && !isTooSoon ? until : null;
}

function concernOf(status: Status): Concern | null {
  switch (status.state) {
    case 'unreachable':
      return status.reason === 'stopped' ? 'service-stopped' : status.reason;
    case 'protected':
      return status.degraded.some((reason) => reason.kind !== 'no-standby') ? 'degraded' : null;
    case 'box-unreachable':
    case 'failed':
      return status.state;
    case 'connecting':
    case 'away':
    case 'off':
      return null;
  }
}

/** What a restart of the service or of the box explains is waited for; what needs a person is told at once. */
function delayOf(concern: Concern): number {
  switch (concern) {
    case 'degraded':
    case 'box-unreachable':
    case 'failed':
    case 'service-stopped':
      return CONCERN_DELAY_MS;
    case 'not-installed':
    case 'no-permission':
    case 'version':
      return 0;
  }
}

/** True in states that end a trouble; `connecting` is between two tries. */
function isSettled(status: Status): boolean {
  switch (status.state) {
    case 'protected':
      return concernOf(status) === null;
    case 'off':
    case 'away':
      return true;
    case 'connecting':
    case 'box-unreachable':
    case 'failed':
    case 'unreachable':
      return false;
  }
}

function mayTell(told: NotificationState['told'][Concern], now: WallClockMs): boolean {
  return told === undefined || (!told.isSameTrouble && now - told.at >= SAME_CONCERN_PAUSE_MS);
}

function endTrouble(told: NotificationState['told']): NotificationState['told'] {
  return Object.fromEntries(
    Object.entries(told).map(([concern, { at }]) => [concern, { at, isSameTrouble: false }]),
  );
}
