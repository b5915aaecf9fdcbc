import type { SessionEvent } from '../../src-engine/session-events.ts';
import type { UnplugKind, UnplugReport } from '../../src-shared/control/contract.ts';
import { type ControlError, controlError } from '../../src-shared/control/error.ts';
import type { LinkState } from '../../src-shared/model/link.ts';
import { type Result, err, ok } from '../../src-shared/util/result.ts';
import type { HandledDaemon } from '../control/handled-daemon.ts';

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
  const path = tunnel.linkPaths.paths.find(({ linkName }) => linkName === link)!;
  const lostBefore = status.counters.packetsLost;
  const switched = nextSwitch(daemon);
  if (kind === 'carrier') {
    daemon.unplugged.add(link);
    await daemon.onLinks();
  } else {
    tunnel.pump.setSilenced(path.socket, true);
    // Something has to be under way for silence to be noticed.
    tunnel.linkPaths.hurry();
  }
  const event = await switched;
  daemon.unplugged.delete(link);
  tunnel.pump.setSilenced(path.socket, false);
  await daemon.onLinks();
  if (event === null)
    return err(controlError('TIMEOUT', `traffic did not leave ${link} within ${TIMEOUT_MS / 1_000} s`));
  const after = daemon.status();
  return ok({
    link,
    kind,
    to: after.lastSwitch?.to ?? link,
    gapMicros: event.gapMicros,
    packetsReplayed: event.replayedChunks,
    packetsLost: after.counters.packetsLost - lostBefore,
  });
}

function nextSwitch(daemon: HandledDaemon): Promise<Extract<SessionEvent, { kind: 'switch' }> | null> {
  return new Promise((resolve) => {
    const finish = (event: Extract<SessionEvent, { kind: 'switch' }> | null): void => {
      clearTimeout(timer);
      daemon.eventListeners.delete(listener);
      resolve(event);
    };
    const listener = (event: SessionEvent): void => {
      if (event.kind === 'switch') finish(event);
    };
    const timer = setTimeout(() => finish(null), TIMEOUT_MS);
    daemon.eventListeners.add(listener);
  });
}

/** Far beyond any switch; then something is wrong. */
const TIMEOUT_MS = 3_000;
