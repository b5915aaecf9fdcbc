import type { LinkPriority } from '../../src-shared/model/link.ts';
import type { DaemonStatus, Mode, Status } from '../../src-shared/model/status.ts';

/** What the user has asked for and the daemon has not confirmed yet. */
export interface Intents {
  readonly wanted: boolean | null;
  readonly mode: Mode | null;
  readonly priorities: Readonly<Record<string, LinkPriority>>;
}

export const NO_INTENTS: Intents = { wanted: null, mode: null, priorities: {} };

/** Whether protection is switched on, as the daemon says. */
export function isSwitchedOn(status: Status | null): boolean {
  return status !== null && status.state !== 'unreachable' && status.state !== 'off';
}

/** Whether the switch shows on: what the user just asked for, else what the daemon says. */
export function shownWanted(status: Status | null, intents: Intents): boolean {
  return intents.wanted ?? isSwitchedOn(status);
}

/** The mode to show. */
export function shownMode(status: DaemonStatus, intents: Intents): Mode {
  return intents.mode ?? status.mode;
}

/** Leaves what the status does not confirm yet; the same object if nothing is confirmed. */
export function unconfirmed(intents: Intents, status: DaemonStatus): Intents {
  const isWantedDone = intents.wanted === null || intents.wanted === isSwitchedOn(status);
  const isModeDone = intents.mode === null || intents.mode === status.mode;
  const open = Object.entries(intents.priorities).filter(([name, priority]) =>
    status.links.some((link) => link.name === name && link.priority !== priority),
  );
  const next: Intents = {
    wanted: isWantedDone ? null : intents.wanted,
    mode: isModeDone ? null : intents.mode,
    priorities: Object.fromEntries(open),
  };
  const isSame =
    next.wanted === intents.wanted &&
    next.mode === intents.mode &&
    open.length === Object.keys(intents.priorities).length;
  return isSame ? intents : next;
}
