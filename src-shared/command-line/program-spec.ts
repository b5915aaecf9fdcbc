/** One option of a command. */
export interface OptionSpec {
  /** Placeholder of the value in the help, such as `DIR`; absent for a switch. */
  readonly value?: string;
  readonly isRepeatable?: boolean;
  readonly help: string;
}

/** One command of a program. */
export interface CommandSpec {
  /** The words that call it, such as `link set`. */
  readonly name: string;
  readonly summary: string;
  /** Placeholders of the arguments that have to follow, such as `['NAME', 'auto|never']`. */
  readonly positionals?: readonly string[];
  /** Whether any number of further arguments may follow the last. */
  readonly isOpenEnded?: boolean;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Further lines of the command's own help. */
  readonly notes?: readonly string[];
}

/** A program and its commands. An option has the same form wherever its name occurs. */
export interface ProgramSpec {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandSpec[];
}
