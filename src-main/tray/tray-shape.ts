import type { Status } from '../../src-shared/model/status.ts';
import { assertNever } from '../../src-shared/util/assert-never.ts';

/** What the tray icon looks like; each is a drawing of its own in assets/tray. Colour says nothing. */
export const TRAY_SHAPES = [
  'outline',
  'dots',
  'one-bar',
  'two-bars',
  'notch',
  'pin',
  'exclamation',
  'lock',
] as const;
export type TrayShape = (typeof TRAY_SHAPES)[number];

/** Chooses the icon for a status; null while nothing was heard of the daemon yet. */
export function trayShape(status: Status | null): TrayShape {
  if (status === null) return 'dots';
  switch (status.state) {
    case 'unreachable':
      return 'lock';
    case 'off':
      return 'outline';
    case 'connecting':
      return 'dots';
    case 'protected':
      if (status.degraded.some((reason) => reason.kind !== 'no-standby')) return 'notch';
      return status.carrying.length > 1 ? 'two-bars' : 'one-bar';
    case 'away':
      return 'pin';
    case 'box-unreachable':
    case 'failed':
      return 'exclamation';
    default:
      return assertNever(status);
  }
}
