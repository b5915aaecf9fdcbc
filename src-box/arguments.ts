import { isIP, isIPv4, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import {
  parseCommandLine,
  wrongUsage,
  type ParsedCommandLine,
} from '../src-shared/command-line/command-line.ts';
import type { ProgramSpec } from '../src-shared/command-line/program-spec.ts';
import { peerNameSchema, publicKeySchema } from '../src-shared/model/box-status.ts';
import { DEFAULT_BOX_SOCKET, DEFAULT_BOX_STATE_DIR, DEFAULT_PORT } from '../src-shared/model/defaults.ts';
import { linkNameSchema } from '../src-shared/model/link.ts';
import { logLevelSchema } from '../src-shared/model/log-level.ts';

/** Where the box waits for datagrams. */
export interface ListenArgument {
  /** IP address; `::` stands for every address of both families. */
  readonly address: string;
  /** 0 to 65,535; 0 lets the kernel choose. */
  readonly port: number;
}

/** A laptop given by key. */
export interface PeerArgument {
  readonly name: string;
  /** Base64, 44 characters. */
  readonly publicKey: string;
}

const STATE_DIR_OPTION = { value: 'DIR', help: `state folder (default ${DEFAULT_BOX_STATE_DIR})` };
const SOCKET_OPTION = { value: 'PATH', help: `control socket (default ${DEFAULT_BOX_SOCKET})` };
const JSON_OPTION = { help: 'print JSON' };

const PROGRAM: ProgramSpec = {
  name: 'bowline-box',
  summary: "Bowline's helper on the local network: the other end of the laptops' tunnels.",
  commands: [
    {
      name: 'run',
      summary: 'Run in the foreground until SIGTERM or SIGINT',
      options: {
        'state-dir': STATE_DIR_OPTION,
        socket: SOCKET_OPTION,
        listen: { value: 'ADDR:PORT', help: `UDP address and port (default [::]:${DEFAULT_PORT})` },
        uplink: { value: 'auto|IF', help: 'interface to the internet (default auto)' },
        'tunnel-net': { value: 'NET', help: 'IPv4 network of the tunnels (default 10.77.0.0/24)' },
        'tunnel-net6': { value: 'NET|none', help: 'IPv6 network of the tunnels (default fd77::/64)' },
        name: { value: 'NAME', help: 'how the box calls itself (default the host name)' },
        'no-mdns': { help: 'do not announce the box on the local network' },
        peer: { value: 'NAME=PUBLICKEY', isRepeatable: true, help: 'a laptop, by its public key' },
        'log-level': { value: 'LEVEL', help: 'error, warn, info or debug (default info)' },
      },
    },
    {
      name: 'key',
      summary: 'Print the public key of this box; made on first use',
      options: { 'state-dir': STATE_DIR_OPTION },
    },
    {
      name: 'revert',
      summary: 'Undo whatever a dead box daemon left on the system',
      options: { 'state-dir': STATE_DIR_OPTION },
    },
    {
      name: 'pair',
      summary: 'Show a code by which a laptop pairs with this box',
      options: { socket: SOCKET_OPTION, json: JSON_OPTION },
      notes: [
        'The code works once, for 5 minutes, and is void after 3 wrong tries; a new one replaces it. On the laptop:',
        '  bowline pair --code CODE',
      ],
    },
    {
      name: 'status',
      summary: 'Show what the box does',
      options: { socket: SOCKET_OPTION, json: JSON_OPTION },
    },
    {
      name: 'peers',
      summary: 'List the paired laptops',
      options: { socket: SOCKET_OPTION, json: JSON_OPTION },
    },
    {
      name: 'rename',
      summary: 'Give a paired laptop another name',
      positionals: ['NAME', 'NEWNAME'],
      options: { socket: SOCKET_OPTION, json: JSON_OPTION },
    },
    {
      name: 'revoke',
      summary: 'Forget a paired laptop and end its session',
      positionals: ['NAME'],
      options: { socket: SOCKET_OPTION, json: JSON_OPTION },
    },
  ],
};

const stateDirSchema = z.string().min(1).default(DEFAULT_BOX_STATE_DIR);
const socketSchema = z.string().min(1).default(DEFAULT_BOX_SOCKET);
const control = { socket: socketSchema, json: z.boolean().default(false) };

const listenSchema = z.string().transform((text, context): ListenArgument => {
  const match = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text);
  const [, six, four, port] = match ?? [];
  const isGood = (six !== undefined && isIPv6(six)) || (four !== undefined && isIPv4(four));
  if (isGood && Number(port) <= 65_535) return { address: six ?? four ?? '', port: Number(port) };
  context.addIssue({ code: 'custom', message: 'the form is ADDR:PORT, with IPv6 in brackets' });
  return z.NEVER;
});

const peersSchema = z.array(z.string()).transform((texts, context): readonly PeerArgument[] => {
  const peers: PeerArgument[] = [];
  for (const text of texts) {
    // A key alone also has a = in it: the padding at its end.
    const separator = publicKeySchema.safeParse(text).success ? 0 : Math.max(text.indexOf('='), 0);
    const name = peerNameSchema.safeParse(text.slice(0, separator));
    const publicKey = publicKeySchema.safeParse(text.slice(separator + 1));
    const message = !name.success
      ? `"${text}": the form is NAME=PUBLICKEY; ${name.error.issues[0]?.message ?? ''}`
      : !publicKey.success
        ? `${name.data}: ${publicKey.error.issues[0]?.message ?? ''}`
        : peers.some((peer) => peer.name === name.data || peer.publicKey === publicKey.data)
          ? `${name.data}: the name or key is given twice`
          : null;
    if (message !== null || !name.success || !publicKey.success) {
      context.addIssue({ code: 'custom', message: message ?? 'invalid' });
      return z.NEVER;
    }
    peers.push({ name: name.data, publicKey: publicKey.data });
  }
  return peers;
});

const argumentsSchema = z.discriminatedUnion('command', [
  z.object({
    command: z.literal('run'),
    'state-dir': stateDirSchema,
    socket: socketSchema,
    listen: listenSchema.default({ address: '::', port: DEFAULT_PORT }),
    uplink: z.union([z.literal('auto'), linkNameSchema]).default('auto'),
    'tunnel-net': networkSchema(4, 8, 30).default('10.77.0.0/24'),
    'tunnel-net6': z
      .union([z.literal('none').transform(() => null), networkSchema(6, 16, 126)])
      .default('fd77::/64'),
    name: z.string().min(1).max(63).default(defaultName),
    'no-mdns': z.boolean().default(false),
    peer: peersSchema.default([]),
    'log-level': logLevelSchema.default('info'),
  }),
  z.object({ command: z.literal('key'), 'state-dir': stateDirSchema }),
  z.object({ command: z.literal('revert'), 'state-dir': stateDirSchema }),
  z.object({ command: z.literal('pair'), ...control }),
  z.object({ command: z.literal('status'), ...control }),
  z.object({ command: z.literal('peers'), ...control }),
  z.object({
    command: z.literal('rename'),
    ...control,
    positionals: z.tuple([peerNameSchema, peerNameSchema]),
  }),
  z.object({ command: z.literal('revoke'), ...control, positionals: z.tuple([peerNameSchema]) }),
]);

/** What `bowline-box` was asked to do, with defaults filled in. */
export type BoxArguments = z.infer<typeof argumentsSchema>;

/** Reads the command line of `bowline-box`. Never throws. */
export function parseBoxArguments(
  args: readonly string[],
  version: string,
):
  | Exclude<ParsedCommandLine, { kind: 'command' }>
  | { readonly kind: 'command'; readonly arguments: BoxArguments } {
  const parsed = parseCommandLine(PROGRAM, args, version, parseArgs);
  if (parsed.kind !== 'command') return parsed;
  const { command, values, positionals } = parsed;
  const checked = argumentsSchema.safeParse({ ...values, command, positionals });
  if (checked.success) return { kind: 'command', arguments: checked.data };
  const issue = checked.error.issues[0];
  const option = issue?.path[0] === 'positionals' ? 'NAME' : `--${String(issue?.path[0] ?? '')}`;
  return wrongUsage(PROGRAM, `${option}: ${issue?.message ?? 'invalid'}`, { name: command });
}

/** A network in prefix notation without host bits. */
function networkSchema(family: 4 | 6, shortest: number, longest: number): z.ZodType<string> {
  return z.string().refine(
    (text) => {
      const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
      const address = match?.[1] ?? '';
      const length = Number(match?.[2]);
      return (
        isIP(address) === family && length >= shortest && length <= longest && isNetwork(address, length)
      );
    },
    `an IPv${family} network such as ${family === 4 ? '10.77.0.0/24' : 'fd77::/64'}, without host bits, is needed`,
  );
}

/** Whether all bits after the prefix are zero. */
function isNetwork(address: string, prefixLength: number): boolean {
  const bits = addressBytes(address)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  return !bits.slice(prefixLength).includes('1');
}

function addressBytes(address: string): readonly number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  const [head = '', tail] = address.split('::');
  const first = groupBytes(head);
  const last = groupBytes(tail ?? '');
  return [...first, ...Array<number>(16 - first.length - last.length).fill(0), ...last];
}

function groupBytes(groups: string): readonly number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (isIPv4(group)) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function defaultName(): string {
  return hostname().split('.')[0] || 'box';
}
