import type { ControlError } from '../control/error.ts';
import type { UnreachableStatus } from '../model/status.ts';

/** The status object for a daemon that does not answer; null when it answered with a failure. */
export function unreachableStatus({ code, data }: ControlError): UnreachableStatus | null {
  const reason = ((): UnreachableStatus['reason'] | null => {
    switch (code) {
      case 'UNREACHABLE':
        return data?.['errno'] === 'ENOENT' ? 'not-installed' : 'stopped';
      case 'CONNECTION_LOST':
      case 'TIMEOUT':
        return 'stopped';
      case 'NOT_PERMITTED':
        return 'no-permission';
      case 'VERSION_MISMATCH':
        return 'version';
      default:
        return null;
    }
  })();
  return reason === null ? null : { state: 'unreachable', internet: 'direct', reason };
}
