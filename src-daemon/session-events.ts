import { decodeControlMessage } from '../src-driver/control-messages.ts';
import type { SessionEvent } from '../src-engine/session-events.ts';
import { CLOSE_REVOKED } from '../src-engine/session-types.ts';
import type { Log } from '../src-platform/log.ts';
import type { FailureCause, LastSwitch } from '../src-shared/model/status.ts';
import type { TunnelConfig } from '../src-shared/tunnel/control-message.ts';
import type { SwitchLog } from './status/switch-log.ts';
import type { Tunnel } from './tunnel.ts';

/** What follows from events of the session. */
export interface SessionConsequences {
  readonly log: Log;
  readonly switches: SwitchLog;
  readonly tunnel: () => Tunnel | null;
  /** Remembers a switch for weeks. */
  readonly noteSwitch: (happened: LastSwitch | null) => void;
  readonly onEstablished: () => void;
  readonly onConfig: (config: TunnelConfig) => void;
  readonly fail: (cause: FailureCause, error: Error) => void;
}

/** Logs one event of the session and lets follow what follows from it. */
export function takeSessionEvent(event: SessionEvent, consequences: SessionConsequences): void {
  const { log, switches, tunnel, noteSwitch, onEstablished, onConfig, fail } = consequences;
  switch (event.kind) {
    case 'established':
      onEstablished();
      log.info('session-established', { isResumed: event.isResumed });
      tunnel()?.greet();
      break;
    case 'switch':
      noteSwitch(switches.note(event));
      break;
    case 'control': {
      const message = decodeControlMessage(event.bytes);
      if (message?.type !== 'config') break;
      log.info('config', { box: message.boxName, version: message.version });
      onConfig(message);
      break;
    }
    case 'version-mismatch':
      fail('box-version', new Error(`the box speaks protocol version ${event.peerVersion}`));
      break;
    case 'bonding':
      log.info('bonding', { link: tunnel()?.linkPaths.pathOf(event.pathId)?.linkName, ...event });
      break;
    case 'path':
    case 'closed':
      if (event.kind === 'closed' && event.reason === CLOSE_REVOKED)
        fail('box-refused-key', new Error('the pairing was revoked on the box; pair again'));
      log.debug('session', { ...event });
      break;
  }
}
