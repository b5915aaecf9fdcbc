import type { LinkSelection } from '../src-platform/index.ts';
import type { BoxArgument } from './arguments.ts';

/** What a daemon is started with; see `bowlined run --help`. */
export interface DaemonOptions {
  readonly stateDir: string;
  readonly socketPath: string;
  readonly links: LinkSelection;
  /** Null for the box that the laptop is paired with, if there is one. */
  readonly box: BoxArgument | null;
}
