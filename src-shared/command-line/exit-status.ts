import type { ControlError } from '../control/error.ts';

/** Exit statuses of all programs. */
export const EXIT_STATUS = { done: 0, failed: 1, wrongUsage: 2, unreachable: 3, notPermitted: 4 } as const;
export type ExitStatus = (typeof EXIT_STATUS)[keyof typeof EXIT_STATUS];

/** Tells which exit status a failed control call means. */
export function exitStatusOf({ code }: Pick<ControlError, 'code'>): ExitStatus {
  switch (code) {
    case 'UNREACHABLE':
    case 'VERSION_MISMATCH':
      return EXIT_STATUS.unreachable;
    case 'NOT_PERMITTED':
      return EXIT_STATUS.notPermitted;
    default:
      return EXIT_STATUS.failed;
  }
}
