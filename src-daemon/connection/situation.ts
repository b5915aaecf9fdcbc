import type { LinkPriority } from '../../src-shared/model/link.ts';
import type { FailureCause, Ipv6Access } from '../../src-shared/model/status.ts';

/** What is known about the tunnel at one moment; times are monotonic microseconds. */
export interface Situation {
  readonly now: number;
  /** What the user wants. */
  readonly isWanted: boolean;
  /** Switched off, but connections of the tunnel still live. */
  readonly isDraining: boolean;
  /** Where the user wants IPv6 to go. */
  readonly ipv6: Ipv6Access;
  readonly hasBox: boolean;
  readonly failure: FailureCause | null;
  /** Whether the box has told the tunnel's addresses since the daemon started. */
  readonly isConfigured: boolean;
  /** Whether the routes that lead new connections into the tunnel are in force. */
  readonly isRouted: boolean;
  readonly hasCarrying: boolean;
  /** Since when nothing carries, 0 if something does; and since when the tunnel has been wanted. */
  readonly lostSince: number;
  readonly wantedSince: number;
  /** Since when there is new reason to hope for the box: links are back, or the laptop woke up; 0 if never. */
  readonly hopeSince: number;
  /** Whether the laptop is in networks other than those in which the box has answered. */
  readonly isElsewhere: boolean;
  /** Links that are connected and not excluded. */
  readonly usableLinks: number;
}

export type TunnelState = 'off' | 'connecting' | 'protected' | 'away' | 'box-unreachable' | 'failed';

/**
 * What to do with the routes. `absent`: nothing of ours is on the system. `active`: new connections enter the tunnel.
 * `held`: new ones go direct, those of the tunnel wait or go on.
 */
export type Routing = 'absent' | 'held' | 'active';

/** Links that the tunnel may use at the moment. */
export function countUsable(
  links: readonly UsableLink[],
  priorities: ReadonlyMap<string, LinkPriority>,
): number {
  return links.filter(
    (link) =>
      link.ignoredBecause === null && link.up && link.carrier && priorities.get(link.name) !== 'never',
  ).length;
}

interface UsableLink {
  readonly name: string;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly ignoredBecause: string | null;
}

/** The state to show. Depends on the situation alone, so that it cannot disagree with it. */
export function stateOf(situation: Situation): TunnelState {
  if (situation.failure !== null) return 'failed';
  if (!situation.isWanted) return 'off';
  if (!situation.hasBox) return 'failed';
  if (situation.hasCarrying && situation.isConfigured && situation.isRouted) return 'protected';
  if (situation.usableLinks === 0) return 'away';
  if (!isLongLost(situation)) return 'connecting';
  return situation.isElsewhere ? 'away' : 'box-unreachable';
}

/** What the routes should be in this situation. */
export function routingOf(situation: Situation): Routing {
  if (!situation.isConfigured || situation.failure !== null) return 'absent';
  if (!situation.isWanted) return situation.isDraining ? 'held' : 'absent';
  // Without any link there is no direct way either, and connections that start now go on when a link returns.
  if (situation.hasCarrying || situation.usableLinks === 0) return 'active';
  return isLongLost(situation) ? 'held' : 'active';
}

/** When the answers above change by time alone, or Infinity. */
export function nextChangeAt(situation: Situation): number {
  if (!situation.isWanted || situation.hasCarrying || isLongLost(situation)) return Infinity;
  return lostAt(situation) + GIVE_UP_MICROS;
}

function isLongLost(situation: Situation): boolean {
  return situation.now - lostAt(situation) >= GIVE_UP_MICROS;
}

function lostAt({ lostSince, wantedSince, hopeSince }: Situation): number {
  return Math.max(lostSince, wantedSince, hopeSince);
}

/**
 * How long the box may be silent, with links up, before new connections go direct. A box restarts in about a second;
 * twice as long would be felt as "the internet is gone".
 */
const GIVE_UP_MICROS = 3_000_000;
