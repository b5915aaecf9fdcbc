import * as z from 'zod';
import { parseJsonOutput, type Exec } from '../exec.ts';
import type { Family } from '../journal/entry.ts';
import { protocolNumber } from './transport-protocols.ts';

/** A rule of ours as the kernel has it. Numbers of the kernel. */
export type OwnRule = z.infer<typeof ownRuleSchema>;

/**
 * Lists the rules that were made under a number of ours, in the kernel's order. Of the rules of others only that number
 * is read, so that none of them can be in the way, whatever it holds.
 *
 * @throws ExecError
 */
export async function listOwnRules(
  exec: Exec,
  family: Family,
  protocol: number,
): Promise<readonly OwnRule[]> {
  const output = await exec('ip', [`-${family}`, '-N', '-j', 'rule', 'show']);
  return z
    .array(ownerSchema)
    .parse(parseJsonOutput(output))
    .filter((rule) => rule.protocol === String(protocol))
    .map((rule) => ownRuleSchema.parse(rule));
}

const ownerSchema = z.looseObject({ protocol: z.coerce.string().optional() });

const ownRuleSchema = z
  .object({
    priority: z.number(),
    src: z.string(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    fwmark: z.string().optional(),
    fwmask: z.string().optional(),
    uid_start: z.number().optional(),
    uid_end: z.number().optional(),
    ipproto: z.string().optional(),
    dport: z.number().optional(),
    table: z.coerce.number().optional(),
    suppress_prefixlen: z.number().optional(),
    goto: z.number().optional(),
    nop: z.null().optional(),
  })
  .transform(({ src, srclen, dst, dstlen, ipproto, ...rule }) => ({
    ...rule,
    from: src === 'all' ? undefined : prefixText(src, srclen),
    to: dst === undefined ? undefined : prefixText(dst, dstlen),
    ipproto: ipproto === undefined ? undefined : protocolNumber(ipproto),
  }));

function prefixText(address: string, length: number | undefined): string {
  return length === undefined ? address : `${address}/${length}`;
}
