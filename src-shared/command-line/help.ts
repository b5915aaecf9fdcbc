import { alignColumns } from './columns.ts';
import type { CommandSpec, ProgramSpec } from './program-spec.ts';

const EXIT_STATUSES =
  'Exit status: 0 done, 1 failed, 2 wrong usage, 3 service not reachable, 4 not permitted.';

/** Writes the help of a whole program: its commands with one line each. */
export function programHelpText(program: ProgramSpec): string {
  const rows = program.commands.map((command) => [`  ${callOf(command)}`, command.summary]);
  return [
    program.summary,
    '',
    `Usage: ${program.name} COMMAND [OPTIONS]`,
    '',
    'Commands:',
    ...alignColumns(rows),
    '',
    `Each command has --help and --version. ${EXIT_STATUSES}`,
  ].join('\n');
}

/** Writes the help of one command. */
export function helpText(program: ProgramSpec, command: CommandSpec): string {
  const rows = [
    ...Object.entries(command.options).map(([name, { value, isRepeatable, help }]) => [
      `  --${name}${value === undefined ? '' : ` ${value}`}`,
      isRepeatable === true ? `${help}; may be repeated` : help,
    ]),
    ['  --help', 'this text'],
    ['  --version', 'the version'],
  ];
  return [
    command.summary,
    '',
    `Usage: ${program.name} ${callOf(command)} [OPTIONS]`,
    '',
    'Options:',
    ...alignColumns(rows),
    ...(command.notes === undefined ? [] : ['', ...command.notes]),
    '',
    EXIT_STATUSES,
  ].join('\n');
}

function callOf(command: CommandSpec): string {
  return [command.name, ...(command.positionals ?? [])].join(' ');
}
