import * as z from 'zod';
import { ExecError, parseJsonOutput, type Exec } from '../exec.ts';
import type { Family } from '../journal/entry.ts';
import { LAST_RULE_PRIORITY, ROUTE_PROTOCOL, FIRST_RULE_PRIORITY } from './constants.ts';

/** Which way a packet of a program would take. */
export type WayOut =
  | { readonly kind: 'device'; readonly device: string }
  /** A route says that there is no way. */
  | { readonly kind: 'refused' }
  /** No route says anything. */
  | { readonly kind: 'none' };

/**
 * Asks the kernel which way a new connection into the internet would take. Nothing is sent.
 *
 * @throws ExecError
 */
export async function lookUpWayOut(exec: Exec, family: Family): Promise<WayOut> {
  try {
    const output = await exec('ip', [`-${family}`, '-j', 'route', 'get', SOME_ADDRESS[family]]);
    const [route] = z
      .array(z.looseObject({ type: z.string().optional(), dev: z.string().optional() }))
      .parse(parseJsonOutput(output));
    if (route?.dev === undefined || isRefusal(route.type)) return { kind: 'refused' };
    return { kind: 'device', device: route.dev };
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    if (/No route to host|Operation not permitted|Invalid argument/.test(error.stderr))
      return { kind: 'refused' };
    if (/Network is unreachable|not supported/.test(error.stderr)) return { kind: 'none' };
    throw error;
  }
}

/** A rule of somebody else that is looked at before our last one. */
export interface ForeignRule {
  readonly priority: number;
  /** The rule in the words of `ip rule`. */
  readonly text: string;
}

const ruleSchema = z.looseObject({
  priority: z.number(),
  protocol: z.coerce.string().optional(),
  table: z.coerce.string().optional(),
  src: z.string().optional(),
  fwmark: z.string().optional(),
  not: z.unknown().optional(),
});

/**
 * Lists the rules of others that come before ours; the kernel's own first one, for local addresses, is left out.
 *
 * @throws ExecError
 */
export async function listRulesBeforeOurs(exec: Exec, family: Family): Promise<readonly ForeignRule[]> {
  const output = await exec('ip', [`-${family}`, '-N', '-j', 'rule', 'show']);
  return z
    .array(ruleSchema)
    .parse(parseJsonOutput(output))
    .filter((rule) => rule.priority > 0 && rule.priority <= LAST_RULE_PRIORITY && !isOurs(rule))
    .map((rule) => ({ priority: rule.priority, text: ruleText(rule) }));
}

/** Default routes in any table, by device. @throws ExecError */
export async function listDefaultRoutes(
  exec: Exec,
  family: Family,
): Promise<readonly { readonly device: string; readonly table: string; readonly isDead: boolean }[]> {
  const output = await exec('ip', [`-${family}`, '-N', '-j', 'route', 'show', 'table', 'all', 'default']);
  return z
    .array(
      z.looseObject({
        dev: z.string().optional(),
        table: z.coerce.string().optional(),
        flags: z.array(z.string()).optional(),
      }),
    )
    .parse(parseJsonOutput(output))
    .flatMap(({ dev, table, flags }) =>
      dev === undefined
        ? []
        : [{ device: dev, table: table ?? 'main', isDead: flags?.includes('linkdown') === true }],
    );
}

function isOurs({ priority, protocol }: z.infer<typeof ruleSchema>): boolean {
  return (
    protocol === String(ROUTE_PROTOCOL) && priority >= FIRST_RULE_PRIORITY && priority <= LAST_RULE_PRIORITY
  );
}

function ruleText({ priority, src, fwmark, table, ...rule }: z.infer<typeof ruleSchema>): string {
  const parts = [
    `${priority}:`,
    ...(rule.not === undefined ? [] : ['not']),
    `from ${src ?? 'all'}`,
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}`]),
    ...(table === undefined ? [] : [`lookup ${table}`]),
  ];
  return parts.join(' ');
}

function isRefusal(type: string | undefined): boolean {
  return type === 'unreachable' || type === 'blackhole' || type === 'prohibit';
}

/** Two of the internet's root name servers, whose addresses nobody has at home. */
const SOME_ADDRESS: Readonly<Record<Family, string>> = { 4: '198.41.0.4', 6: '2001:503:ba3e::2:30' };
