import { parseArgs } from 'node:util';
import { CONTENDER_NAMES } from './contender.ts';
import type { ContenderName } from './contender.ts';
import type { Durations } from './steps.ts';

/** What the command line asks for. */
export interface BenchOptions {
  readonly rounds: number;
  readonly durations: Durations;
  readonly only: readonly ContenderName[];
  /** Where the report goes, or null. */
  readonly jsonPath: string | null;
  /** Whether a missed target is a failure. */
  readonly asserts: boolean;
  readonly isHelp: boolean;
}

export const HELP = `Usage: npm run bench -- [OPTIONS]

Measures Bowline against the raw link and against the tunnels that are installed, interleaved in one run,
in a virtual home of network namespaces. Needs root.

  --json FILE       write the report to FILE
  --rounds N        rounds to measure, 1 to 99 (default 5; 2 with --quick)
  --quick           short measurements, for a first look: their spread is wide
  --only NAMES      only these, separated by commas: ${CONTENDER_NAMES.join(', ')}
  --assert          exit with 1 if a target is missed or Bowline could not be measured
  --help            show this

Exit status: 0 it ran, 1 it failed, 2 wrong usage, 4 not root.
`;

/** Long enough for a congestion window to grow to its end and for CPU counters of 10 ms to be fine. */
const FULL: Durations = { streamSeconds: 3, warmUpSeconds: 1, pacedSeconds: 3, idleSeconds: 10, pings: 200 };
const QUICK: Durations = { streamSeconds: 1, warmUpSeconds: 1, pacedSeconds: 2, idleSeconds: 4, pings: 60 };
const FULL_ROUNDS = 5;
const QUICK_ROUNDS = 2;

/** @throws Error in the user's words when the arguments make no sense. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      assert: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const standard = values.quick ? QUICK_ROUNDS : FULL_ROUNDS;
  return {
    rounds: values.rounds === undefined ? standard : parseRounds(values.rounds),
    durations: values.quick ? QUICK : FULL,
    only: values.only === undefined ? CONTENDER_NAMES : parseNames(values.only),
    jsonPath: values.json ?? null,
    asserts: values.assert,
    isHelp: values.help,
  };
}

function parseRounds(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new Error(`--rounds wants a number from 1 to 99, not ${text}`);
  return Number(text);
}

function parseNames(text: string): readonly ContenderName[] {
  const wanted = text.split(',');
  const unknown = wanted.find((name) => !CONTENDER_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    throw new Error(`--only does not know "${unknown}"; it knows ${CONTENDER_NAMES.join(', ')}`);
  }
  return CONTENDER_NAMES.filter((name) => wanted.includes(name));
}
