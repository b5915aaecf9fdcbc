import type { Cable, CableCondition } from '../src-shared/bridge/home-cables.ts';

/** The cables of a virtual home, as the program that plays it hands them to the window's server. */
export interface HomeCables {
  /** All of them, as they are. */
  readonly all: readonly Cable[];
  /** Brings a cable into a condition; links that the home does not have are passed over. */
  set(link: string, condition: CableCondition): void;
  /** Has a listener called after each change. */
  onChange(listener: () => void): void;
}
