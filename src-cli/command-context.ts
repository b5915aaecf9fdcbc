import type { ControlClient } from '../src-control/index.ts';
import type { DaemonContract } from '../src-shared/control/contract.ts';
import type { ControlError } from '../src-shared/control/error.ts';
import type { WallClockMs } from '../src-shared/model/units.ts';

/** What the command line may touch of the outside world. */
export interface CommandIo {
  readonly version: string;
  readonly now: () => WallClockMs;
  /** Prints to standard output, adding a newline. */
  readonly print: (text: string) => void;
  /** Prints to standard error, adding a newline. */
  readonly printError: (text: string) => void;
  /** Aborted when the user interrupts. */
  readonly interrupted: AbortSignal;
}

/** What every command gets. */
export interface CommandContext extends CommandIo {
  readonly client: ControlClient<DaemonContract>;
  /** Whether JSON was asked for. */
  readonly isJson: boolean;
}

/** How a command ends: null when it is done, otherwise why not. */
export type CommandOutcome = ControlError | null;
