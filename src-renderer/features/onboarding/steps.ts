import type { Status } from '../../../src-shared/model/status.ts';

/** The steps of setting up, in order. */
export const STEPS = ['service', 'permission', 'find', 'code', 'try'] as const;
export type Step = (typeof STEPS)[number];

/** What the user has done in this window; the rest is read from the status. */
export interface Progress {
  /** The box that was chosen, as `pairing.pair` takes it; null before. */
  readonly chosen: ChosenBox | null;
}

/** A box that the user has chosen, from the list or by its address. */
export interface ChosenBox {
  readonly name: string;
  readonly target: string;
}

/**
 * Tells which step comes next. Each step before it is one that the machine has verified, so that nothing is lost by
 * closing the window in the middle.
 */
export function currentStep(status: Status, { chosen }: Progress): Step {
  if (status.state === 'unreachable') return status.reason === 'no-permission' ? 'permission' : 'service';
  if (status.box !== null) return 'try';
  return chosen === null ? 'find' : 'code';
}
