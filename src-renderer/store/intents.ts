import type { LanAccess, LinkPriority, LinkStatus, MeteredChoice } from '../../src-shared/model/link.ts';
import type { DaemonStatus, Ipv6Access, Mode, Status } from '../../src-shared/model/status.ts';

/** What the user has asked for and the daemon has not confirmed yet. */
export interface Intents {
  readonly wanted: boolean | null;
  readonly mode: Mode | null;
  readonly lan: LanAccess | null;
  readonly ipv6: Ipv6Access | null;
  readonly priorities: Readonly<Record<string, LinkPriority>>;
  readonly metered: Readonly<Record<string, MeteredChoice>>;
}

export const NO_INTENTS: Intents = {
  wanted: null,
  mode: null,
  lan: null,
  ipv6: null,
  priorities: {},
  metered: {},
};

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
  const next: Intents = {
    wanted: intents.wanted === isSwitchedOn(status) ? null : intents.wanted,
    mode: intents.mode === status.mode ? null : intents.mode,
    lan: intents.lan === status.lan ? null : intents.lan,
    ipv6: intents.ipv6 === status.ipv6 ? null : intents.ipv6,
    priorities: unconfirmedOf(intents.priorities, status, ({ priority }) => priority),
    metered: unconfirmedOf(intents.metered, status, ({ meteredChoice }) => meteredChoice),
  };
  return intentCount(next) === intentCount(intents) ? intents : next;
}

/** How much is asked for and not confirmed. */
export function intentCount({ priorities, metered, ...single }: Intents): number {
  const asked = Object.values(single).filter((intent) => intent !== null);
  return asked.length + Object.keys(priorities).length + Object.keys(metered).length;
}

function unconfirmedOf<Wish>(
  wishes: Readonly<Record<string, Wish>>,
  { links }: DaemonStatus,
  confirmed: (link: LinkStatus) => Wish | undefined,
): Record<string, Wish> {
  const open = Object.entries(wishes).filter(([name, wish]) =>
    links.some((link) => link.name === name && confirmed(link) !== wish),
  );
  return Object.fromEntries(open);
}
