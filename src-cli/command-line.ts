import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ControlClient } from '../src-control/index.ts';
import { parseCommandLine, wrongUsage, type OptionValues } from '../src-shared/command-line/command-line.ts';
import { EXIT_STATUS, exitStatusOf, type ExitStatus } from '../src-shared/command-line/exit-status.ts';
import { daemonContract, unplugKindSchema } from '../src-shared/control/contract.ts';
import { DEFAULT_DAEMON_SOCKET } from '../src-shared/model/defaults.ts';
import {
  lanAccessSchema,
  linkNameSchema,
  linkPrioritySchema,
  meteredChoiceSchema,
} from '../src-shared/model/link.ts';
import { ruleActionSchema, ruleIdSchema, type RuleSubject } from '../src-shared/model/app-rule.ts';
import { pairingCodeSchema } from '../src-shared/model/pairing.ts';
import { portalCheckSchema, wifiPowerSaveSchema } from '../src-shared/model/settings.ts';
import { ipv6AccessSchema, modeSchema } from '../src-shared/model/status.ts';
import type { CommandContext, CommandIo } from './command-context.ts';
import { listBoxes } from './commands/boxes.ts';
import { runDoctor, runUnplugTest } from './commands/checks.ts';
import { leave, setPortalCheck, setWifiPowerSave } from './commands/desktop.ts';
import {
  setIpv6Access,
  setLanAccess,
  setLinkMetered,
  setLinkPriority,
  setMode,
  setWanted,
} from './commands/intents.ts';
import { pairWithBox, unpair } from './commands/pair.ts';
import { addRule, enterAction, removeRule, showRules, subjectOf } from './commands/rules.ts';
import { runInForeground } from './commands/run.ts';
import { showLinks, showStatus } from './commands/show.ts';
import { showTimeline } from './commands/timeline.ts';
import { serveWindow } from './commands/ui.ts';
import { watchStatus } from './commands/watch.ts';
import { PROGRAM } from './program.ts';

const commonOptions = {
  socket: z.string().min(1).default(DEFAULT_DAEMON_SOCKET),
  json: z.boolean().default(false),
};

const DAY_MS = 24 * 60 * 60 * 1_000;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS } as const;

/** A time back from now, such as `90m`, in milliseconds. */
const pastSchema = z
  .string()
  .regex(/^[1-9]\d{0,4}[smhdw]$/, 'not a time such as 30m, 12h, 7d or 4w')
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS]);

const commandSchema = z.discriminatedUnion('command', [
  z.object({ ...commonOptions, command: z.literal('on') }),
  z.object({ ...commonOptions, command: z.literal('off'), now: z.boolean().default(false) }),
  z.object({ ...commonOptions, command: z.literal('status') }),
  z.object({ ...commonOptions, command: z.literal('watch') }),
  z.object({ ...commonOptions, command: z.literal('links') }),
  z.object({ ...commonOptions, command: z.literal('timeline'), since: pastSchema.default(DAY_MS) }),
  z.object({ ...commonOptions, command: z.literal('boxes') }),
  z.object({
    ...commonOptions,
    command: z.literal('link set'),
    positionals: z.tuple([linkNameSchema, linkPrioritySchema]),
  }),
  z.object({
    ...commonOptions,
    command: z.literal('link metered'),
    positionals: z.tuple([linkNameSchema, meteredChoiceSchema]),
  }),
  z.object({ ...commonOptions, command: z.literal('lan'), positionals: z.tuple([lanAccessSchema]) }),
  z.object({ ...commonOptions, command: z.literal('ipv6'), positionals: z.tuple([ipv6AccessSchema]) }),
  z.object({ ...commonOptions, command: z.literal('mode'), positionals: z.tuple([modeSchema]) }),
  z.object({ ...commonOptions, command: z.literal('leaving') }),
  z.object({
    ...commonOptions,
    command: z.literal('wifi power-save'),
    positionals: z.tuple([wifiPowerSaveSchema]),
  }),
  z.object({
    ...commonOptions,
    command: z.literal('portal-check'),
    positionals: z.tuple([portalCheckSchema]),
  }),
  z.object({ ...commonOptions, command: z.literal('rules') }),
  z.object({
    ...commonOptions,
    command: z.literal('rule add'),
    positionals: z.tuple([ruleActionSchema]),
    app: z.string().optional(),
    exec: z.string().optional(),
    cgroup: z.string().optional(),
    user: z.string().optional(),
    domain: z.string().optional(),
    network: z.string().optional(),
    protocol: z.enum(['tcp', 'udp']).optional(),
    port: z.coerce.number().int().min(1).max(65_535).optional(),
  }),
  z.object({ ...commonOptions, command: z.literal('rule remove'), positionals: z.tuple([ruleIdSchema]) }),
  z.object({
    ...commonOptions,
    command: z.literal('run'),
    positionals: z.tuple([ruleActionSchema, z.string()], z.string()),
  }),
  z.object({
    ...commonOptions,
    command: z.literal('test unplug'),
    link: linkNameSchema.optional(),
    kind: unplugKindSchema.default('carrier'),
  }),
  z.object({ ...commonOptions, command: z.literal('doctor'), fix: z.boolean().default(false) }),
  z.object({
    ...commonOptions,
    command: z.literal('pair'),
    box: z.string().min(1).max(300).default('auto'),
    code: z.string('the code that the box shows is missing').pipe(pairingCodeSchema),
  }),
  z.object({ ...commonOptions, command: z.literal('unpair') }),
  z.object({
    ...commonOptions,
    command: z.literal('ui'),
    port: z.coerce.number().int().min(1).max(65_535).optional(),
    'no-open': z.boolean().default(false),
  }),
]);
type CheckedCommand = z.infer<typeof commandSchema>;

/** A command line in the types of the contract. */
type Command =
  | Exclude<CheckedCommand, { command: 'rule add' }>
  | (Extract<CheckedCommand, { command: 'rule add' }> & { readonly subject: RuleSubject });

/**
 * Runs one command line and resolves to the exit status: one of ours, or that of the command that `run` started. Never
 * rejects for what a user or a daemon can cause.
 */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<number> {
  const parsed = parseCommandLine(PROGRAM, args, io.version, parseArgs);
  switch (parsed.kind) {
    case 'print':
      io.print(parsed.text);
      return EXIT_STATUS.done;
    case 'wrong-usage':
      io.printError(parsed.message);
      return EXIT_STATUS.wrongUsage;
    case 'command': {
      const command = checkCommand(parsed.command, parsed.values, parsed.positionals);
      if (typeof command === 'string') {
        io.printError(command);
        return EXIT_STATUS.wrongUsage;
      }
      return run(command, io);
    }
  }
}

async function run(command: Command, io: CommandIo): Promise<number> {
  const status = await ask(command, io);
  if (command.command !== 'run' || status !== EXIT_STATUS.done) return status;
  const [, program, ...args] = command.positionals;
  return runInForeground(program, args, io.printError);
}

async function ask(command: Command, io: CommandIo): Promise<ExitStatus> {
  const client = new ControlClient({
    contract: daemonContract,
    socketPath: command.socket,
    programVersion: io.version,
  });
  try {
    const failure = await dispatch(command, { ...io, client, isJson: command.json });
    if (failure === null) return EXIT_STATUS.done;
    io.printError(`bowline: ${failure.message}`);
    return exitStatusOf(failure);
  } finally {
    client.close();
  }
}

function dispatch(command: Command, context: CommandContext): ReturnType<typeof showStatus> {
  switch (command.command) {
    case 'on':
      return setWanted(context, { wanted: true });
    case 'off':
      return setWanted(context, { wanted: false, now: command.now });
    case 'status':
      return showStatus(context);
    case 'watch':
      return watchStatus(context);
    case 'links':
      return showLinks(context);
    case 'timeline':
      return showTimeline(context, command.since);
    case 'boxes':
      return listBoxes(context);
    case 'link set':
      return setLinkPriority(context, ...command.positionals);
    case 'link metered':
      return setLinkMetered(context, ...command.positionals);
    case 'lan':
      return setLanAccess(context, command.positionals[0]);
    case 'ipv6':
      return setIpv6Access(context, command.positionals[0]);
    case 'mode':
      return setMode(context, command.positionals[0]);
    case 'leaving':
      return leave(context);
    case 'wifi power-save':
      return setWifiPowerSave(context, command.positionals[0]);
    case 'portal-check':
      return setPortalCheck(context, command.positionals[0]);
    case 'rules':
      return showRules(context);
    case 'rule add':
      return addRule(context, command.subject, command.positionals[0]);
    case 'rule remove':
      return removeRule(context, command.positionals[0]);
    case 'run':
      return enterAction(context, command.positionals[0]);
    case 'test unplug':
      return runUnplugTest(context, command.kind, command.link);
    case 'doctor':
      return runDoctor(context, command.fix);
    case 'pair':
      return pairWithBox(context, command.box, command.code);
    case 'unpair':
      return unpair(context);
    case 'ui':
      return serveWindow(context, {
        socket: command.socket,
        port: command.port,
        opensBrowser: !command['no-open'],
      });
  }
}

/** Gives the typed command, or the message about what is wrong with it. */
function checkCommand(name: string, values: OptionValues, positionals: readonly string[]): Command | string {
  const checked = commandSchema.safeParse({ ...values, command: name, positionals });
  if (checked.success) {
    if (checked.data.command !== 'rule add') return checked.data;
    const subject = subjectOf(checked.data);
    if (typeof subject !== 'string') return { ...checked.data, subject };
    return wrongUsage(PROGRAM, `${name}: ${subject}`, { name }).message;
  }
  const issue = checked.error.issues[0];
  const [first, index] = issue?.path ?? [];
  const cause =
    first === 'positionals' ? `"${positionals[Number(index)] ?? ''}"` : `--${String(first ?? '')}`;
  return wrongUsage(PROGRAM, `${name}: ${cause}: ${issue?.message ?? 'invalid'}`, { name }).message;
}
