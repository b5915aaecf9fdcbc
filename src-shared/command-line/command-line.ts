import { helpText, programHelpText } from './help.ts';
import type { CommandSpec, ProgramSpec } from './program-spec.ts';

/** Option values as strings; what they mean is checked by the program. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What a command line asks for. */
export type ParsedCommandLine =
  /** To be printed on standard output; done. */
  | { readonly kind: 'print'; readonly text: string }
  /** To be printed on standard error; wrong usage. */
  | { readonly kind: 'wrong-usage'; readonly message: string }
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly values: OptionValues;
      readonly positionals: readonly string[];
    };

/** The part of `parseArgs` of `node:util` that is needed; given in by the program. */
export type ParseArgs = (config: {
  readonly args: readonly string[];
  readonly options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }>;
  readonly allowPositionals: true;
  readonly strict: true;
}) => {
  readonly values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  readonly positionals: readonly string[];
};

/** Reads a command line by the program's table. Options may stand anywhere. Never throws. */
export function parseCommandLine(
  program: ProgramSpec,
  args: readonly string[],
  version: string,
  parseArgs: ParseArgs,
): ParsedCommandLine {
  let parsed: ReturnType<ParseArgs>;
  try {
    parsed = parseArgs({ args, options: allOptions(program), allowPositionals: true, strict: true });
  } catch (error) {
    return wrongUsage(program, firstSentence(error));
  }
  const { values, positionals } = parsed;
  if (values['version'] === true) return { kind: 'print', text: `${program.name} ${version}` };

  const command = findCommand(program, positionals);
  if (values['help'] === true) {
    return {
      kind: 'print',
      text: command === undefined ? programHelpText(program) : helpText(program, command),
    };
  }
  if (command === undefined) {
    const given = positionals.join(' ');
    return wrongUsage(program, given === '' ? 'a command is missing' : `unknown command: ${given}`);
  }
  const rest = positionals.slice(command.name.split(' ').length);
  const wanted = command.positionals ?? [];
  if (rest.length < wanted.length) {
    return wrongUsage(program, `${command.name}: ${wanted[rest.length] ?? ''} is missing`, command);
  }
  const tooMuch = rest[wanted.length];
  if (tooMuch !== undefined && command.isOpenEnded !== true)
    return wrongUsage(program, `${command.name}: unexpected ${tooMuch}`, command);
  const misplaced = Object.keys(values).find((name) => !Object.hasOwn(command.options, name));
  if (misplaced !== undefined) {
    return wrongUsage(program, `${command.name}: has no option --${misplaced}`, command);
  }
  return { kind: 'command', command: command.name, values: values as OptionValues, positionals: rest };
}

/** Builds the answer to a wrong command line: the cause and where to read more. */
export function wrongUsage(
  program: ProgramSpec,
  cause: string,
  command?: Pick<CommandSpec, 'name'>,
): Extract<ParsedCommandLine, { kind: 'wrong-usage' }> {
  const where = command === undefined ? program.name : `${program.name} ${command.name}`;
  return { kind: 'wrong-usage', message: `${program.name}: ${cause}; see ${where} --help` };
}

function findCommand(program: ProgramSpec, positionals: readonly string[]): CommandSpec | undefined {
  return program.commands.find(({ name }) => {
    const words = name.split(' ');
    return words.every((word, index) => positionals[index] === word);
  });
}

function allOptions(program: ProgramSpec): Parameters<ParseArgs>[0]['options'] {
  const options: Parameters<ParseArgs>[0]['options'] = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const command of program.commands) {
    for (const [name, spec] of Object.entries(command.options)) {
      options[name] = {
        type: spec.value === undefined ? 'boolean' : 'string',
        multiple: spec.isRepeatable === true,
      };
    }
  }
  return options;
}

function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const sentence = text.split(/\.\s|\n/)[0] ?? text;
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
