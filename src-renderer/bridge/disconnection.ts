import type { ControlError } from '../../src-shared/control/error.ts';

/** Why a page in a browser has lost the program behind it: it ended, or it does not let this page in. */
export type Disconnection = 'ended' | 'refused';

/** Marks an error as one between the page and the program behind it, rather than the daemon's. */
export function disconnectionError(disconnection: Disconnection, message: string): ControlError {
  return { code: 'CONNECTION_LOST', message, data: { disconnection } };
}

/** Tells a lost program behind the page from a lost daemon. */
export function disconnectionOf({ data }: ControlError): Disconnection | null {
  const disconnection = data?.['disconnection'];
  return disconnection === 'ended' || disconnection === 'refused' ? disconnection : null;
}
