import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import {
  parseCommandLine,
  wrongUsage,
  type ParsedCommandLine,
} from '../src-shared/command-line/command-line.ts';
import type { ProgramSpec } from '../src-shared/command-line/program-spec.ts';
import { publicKeySchema } from '../src-shared/model/box-status.ts';
import {
  DEFAULT_DAEMON_SOCKET,
  DEFAULT_DAEMON_STATE_DIR,
  DEFAULT_PORT,
} from '../src-shared/model/defaults.ts';
import { linkNameSchema } from '../src-shared/model/link.ts';
import { logLevelSchema } from '../src-shared/model/log-level.ts';

/** One address of a box. */
export interface BoxHost {
  /** IPv4 or IPv6 address, the latter perhaps with a `%interface`, or a host name. */
  readonly host: string;
  readonly port: number;
}

/** Where a box may be, and who it is. */
export interface KnownBox extends BoxArgument {
  /** What it called itself when it was paired; null if it was given by an argument. */
  readonly name: string | null;
  /** Where it said itself that it is, in the last session. */
  readonly told: readonly BoxHost[];
}

/** A box given by key: `PUBLICKEY@HOST[,HOST...][:PORT]`. */
export interface BoxArgument {
  /** Base64, 44 characters. */
  readonly publicKey: string;
  /** At least one. */
  readonly hosts: readonly BoxHost[];
}

const STATE_DIR_OPTION = { value: 'DIR', help: `state folder (default ${DEFAULT_DAEMON_STATE_DIR})` };

const PROGRAM: ProgramSpec = {
  name: 'bowlined',
  summary: "Bowline's daemon on the laptop: keeps connections alive between links.",
  commands: [
    {
      name: 'run',
      summary: 'Run in the foreground until SIGTERM or SIGINT',
      options: {
        'state-dir': STATE_DIR_OPTION,
        socket: { value: 'PATH', help: `control socket (default ${DEFAULT_DAEMON_SOCKET})` },
        links: { value: 'auto|NAME,NAME', help: 'interfaces to use (default auto)' },
        box: {
          value: 'KEY@HOST[,HOST...][:PORT]',
          help: 'the box, by its key and addresses (default the paired one)',
        },
        'log-level': { value: 'LEVEL', help: 'error, warn, info or debug (default info)' },
      },
      notes: [
        `The port is ${DEFAULT_PORT} unless given. IPv6 addresses stand in brackets where a port follows:`,
        '  --box KEY@192.168.1.2,[fd00::2],[fe80::2%eth0]:4747',
      ],
    },
    {
      name: 'key',
      summary: 'Print the public key of this laptop; made on first use',
      options: { 'state-dir': STATE_DIR_OPTION },
    },
    {
      name: 'revert',
      summary: 'Undo whatever a dead daemon left on the system',
      options: {
        'state-dir': STATE_DIR_OPTION,
        'keep-rules': { help: 'but keep what rules for programs forbid, for a daemon that starts again' },
      },
    },
  ],
};

const linksSchema = z.string().transform((text, context): 'auto' | readonly string[] => {
  if (text === 'auto') return 'auto';
  const names = text.split(',');
  const bad = names.find((name) => !linkNameSchema.safeParse(name).success);
  if (bad === undefined && new Set(names).size === names.length) return names;
  const message = bad === undefined ? 'a link is named twice' : `"${bad}" is no interface name`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const boxSchema = z.string().transform((text, context): BoxArgument => {
  const parsed = parseBox(text);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

const stateDirSchema = z.string().min(1).default(DEFAULT_DAEMON_STATE_DIR);
const argumentsSchema = z.discriminatedUnion('command', [
  z.object({
    command: z.literal('run'),
    'state-dir': stateDirSchema,
    socket: z.string().min(1).default(DEFAULT_DAEMON_SOCKET),
    links: linksSchema.default('auto'),
    box: boxSchema.nullable().default(null),
    'log-level': logLevelSchema.default('info'),
  }),
  z.object({ command: z.literal('key'), 'state-dir': stateDirSchema }),
  z.object({
    command: z.literal('revert'),
    'state-dir': stateDirSchema,
    'keep-rules': z.boolean().default(false),
  }),
]);

/** What `bowlined` was asked to do, with defaults filled in. */
export type DaemonArguments = z.infer<typeof argumentsSchema>;

/** Reads the command line of `bowlined`. Never throws. */
export function parseDaemonArguments(
  args: readonly string[],
  version: string,
):
  | Exclude<ParsedCommandLine, { kind: 'command' }>
  | { readonly kind: 'command'; readonly arguments: DaemonArguments } {
  const parsed = parseCommandLine(PROGRAM, args, version, parseArgs);
  if (parsed.kind !== 'command') return parsed;
  const checked = argumentsSchema.safeParse({ ...parsed.values, command: parsed.command });
  if (checked.success) return { kind: 'command', arguments: checked.data };
  const issue = checked.error.issues[0];
  const cause = `--${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
  return wrongUsage(PROGRAM, cause, { name: parsed.command });
}

/** Reads a box argument; gives a sentence about what is wrong with it where it is no good. */
function parseBox(text: string): BoxArgument | string {
  const at = text.indexOf('@');
  if (at < 0) return 'the form is PUBLICKEY@HOST[,HOST...][:PORT]';
  const publicKey = publicKeySchema.safeParse(text.slice(0, at));
  if (!publicKey.success) return publicKey.error.issues[0]?.message ?? 'invalid public key';

  const hosts: { host: string; port: number | null }[] = [];
  for (const part of text.slice(at + 1).split(',')) {
    const host = parseHost(part);
    if (host === null) return `"${part}" is no address or host name`;
    hosts.push(host);
  }
  // A port after the last address is that of all which have none.
  const lastPort = hosts[hosts.length - 1]?.port ?? DEFAULT_PORT;
  return {
    publicKey: publicKey.data,
    hosts: hosts.map(({ host, port }) => ({ host, port: port ?? lastPort })),
  };
}

/** Reads `HOST[:PORT]`, the form in which `bowline pair` names a box; null if it is none. */
export function parseBoxHost(text: string): BoxHost | null {
  const host = parseHost(text);
  return host === null ? null : { host: host.host, port: host.port ?? DEFAULT_PORT };
}

const HOST_NAME = /^(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$/;

function parseHost(text: string): { host: string; port: number | null } | null {
  if (isAddress(text)) return { host: text, port: null };
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const match = bracketed ?? /^([^:]+?)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1];
  if (host === undefined) return null;
  const isGood =
    bracketed === null ? isIP(host) === 4 || isHostName(host) : host.includes(':') && isAddress(host);
  const port = match?.[2] === undefined ? null : Number(match[2]);
  if (!isGood || (port !== null && (port < 1 || port > 65_535))) return null;
  return { host, port };
}

function isAddress(text: string): boolean {
  const [address, scope] = text.split('%', 2);
  if (scope !== undefined && !linkNameSchema.safeParse(scope).success) return false;
  return address !== undefined && isIP(address) !== 0 && (scope === undefined || isIP(address) === 6);
}

/** Four numbers with dots are meant as an address, so a wrong one is no host name either. */
function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/^[\d.]+$/.test(text);
}
