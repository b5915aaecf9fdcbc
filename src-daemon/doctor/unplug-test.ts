import type { LinkPath } from '../../src-driver/link-paths.ts';
import type { SessionEvent } from '../../src-engine/session-events.ts';
import type { UnplugKind, UnplugReport } from '../../src-shared/control/contract.ts';
import { type ControlError, controlError } from '../../src-shared/control/error.ts';
import type { LinkState } from '../../src-shared/model/link.ts';
import { type Result, err, ok } from '../../src-shared/util/result.ts';
import type { HandledDaemon } from '../control/handled-daemon.ts';
import type { Tunnel } from '../tunnel.ts';

/** Takes a carrying link away for a moment, as a pulled cable or a dead switch would, and measures what that does. */
export async function testUnplug(
  daemon: HandledDaemon,
  wanted: string | null,
  kind: UnplugKind,
): Promise<Result<UnplugReport, ControlError>> {
  const status = daemon.status();
  const { tunnel } = daemon;
  const link = wanted ?? status.carrying[0];
  if (tunnel === null || link === undefined) {
    return err(controlError('NOT_POSSIBLE_NOW', 'no link carries anything; switch protection on first'));
  }
  // A link that only adds to the first one leaves without a switch that could be measured.
  if (link !== status.carrying[0]) {
    return err(
      controlError('NO_SUCH_LINK', `${link} does not lead; leading: ${status.carrying[0] ?? 'none'}`),
    );
  }
  const canTakeOver = (state: LinkState): boolean => state === 'standby' || state === 'carrying';
  if (!status.links.some(({ name, state }) => name !== link && canTakeOver(state))) {
    return err(controlError('NOT_POSSIBLE_NOW', 'no other link stands by; connect a second one'));
  }
  const lostBefore = status.counters.packetsLost;
  const departure = awaitDeparture(daemon, tunnel, link);
  const silenced = kind === 'silent' ? pathsOver(tunnel, link) : [];
  try {
    if (kind === 'carrier') {
      daemon.unplugged.add(link);
      await daemon.onLinks();
    } else {
      for (const { socket } of silenced) tunnel.pump.setSilenced(socket, true);
      // Something has to be under way for silence to be noticed.
      tunnel.linkPaths.hurry();
    }
    const left = await departure;
    if (left === null)
      return err(controlError('TIMEOUT', `traffic did not leave ${link} within ${TIMEOUT_MS / 1_000} s`));
    const packetsLost = daemon.status().counters.packetsLost - lostBefore;
    return ok({ link, kind, ...left, packetsLost });
  } finally {
    for (const { socket } of silenced) tunnel.pump.setSilenced(socket, false);
    daemon.unplugged.delete(link);
    await daemon.onLinks();
  }
}

function pathsOver(tunnel: Tunnel, link: string): LinkPath[] {
  return tunnel.linkPaths.paths.filter(({ linkName }) => linkName === link);
}

/**
 * Waits for the switch away from a link; others may come before it, or after it at once.
 * @returns null if there is none in time.
 */
function awaitDeparture(
  daemon: HandledDaemon,
  tunnel: Tunnel,
  link: string,
): Promise<Pick<UnplugReport, 'to' | 'gapMicros' | 'packetsReplayed'> | null> {
  const ownIds = pathsOver(tunnel, link).map(({ pathId }) => pathId);
  return new Promise((resolve) => {
    const finish = (departure: Parameters<typeof resolve>[0]): void => {
      clearTimeout(timer);
      daemon.eventListeners.delete(listener);
      resolve(departure);
    };
    const listener = (event: SessionEvent): void => {
      if (event.kind !== 'switch' || !ownIds.includes(event.from)) return;
      const to = tunnel.linkPaths.pathOf(event.to)?.linkName;
      if (to === undefined || to === link) return;
      finish({ to, gapMicros: event.gapMicros, packetsReplayed: event.replayedChunks });
    };
    const timer = setTimeout(() => finish(null), TIMEOUT_MS);
    daemon.eventListeners.add(listener);
  });
}

/** Far beyond any switch; then something is wrong. */
const TIMEOUT_MS = 3_000;
