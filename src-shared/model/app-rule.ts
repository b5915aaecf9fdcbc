import * as z from 'zod';
import { linkNameSchema } from './link.ts';

/**
 * Which way a program's traffic takes. `bonded`: through the tunnel over all links at once; `redundant`: through the
 * tunnel, each packet over every link; `direct`: beside the tunnel, as if there were none; `only:LINK`: beside the
 * tunnel over that link alone, and nowhere while it is away; `block-without-tunnel`: through the tunnel or not at all.
 */
export const ruleActionSchema = z.union([
  z.enum(['bonded', 'redundant', 'direct', 'block-without-tunnel']),
  z.templateLiteral(['only:', linkNameSchema]),
]);
export type RuleAction = z.infer<typeof ruleActionSchema>;

/** Desktop entry id without `.desktop`, such as `org.mozilla.firefox`. */
export const appIdSchema = z.string().regex(/^[^\s/"'\\]{1,200}$/, 'not a desktop entry id');

/** Written into firewall rules and compared with what the kernel says: no control characters, no quotes. */
const absolutePathSchema = z.string().regex(/^\/[^"\\\p{Cc}]{0,1023}$/u, 'not an absolute path');

const portSchema = z.number().int().min(1).max(65_535);

/** What a rule is about: a program, or a destination. */
export const ruleSubjectSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('app'), id: appIdSchema }),
  /** An executable, or a script by its own path. */
  z.object({ kind: z.literal('exec'), path: absolutePathSchema }),
  /** A control group and everything below it, as a path from the root of cgroup v2. */
  z.object({ kind: z.literal('cgroup'), path: absolutePathSchema }),
  z.object({
    kind: z.literal('user'),
    name: z.string().regex(/^[a-z_][a-z0-9_.-]{0,31}\$?$/, 'not a user name'),
  }),
  /** A domain and everything below it, from the answers that the machine's resolver gets. */
  z.object({
    kind: z.literal('domain'),
    name: z
      .string()
      .regex(
        /^(?!.{254})([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        'not a domain',
      ),
  }),
  z.object({
    kind: z.literal('network'),
    network: z.union([z.cidrv4(), z.cidrv6()]),
    protocol: z.enum(['tcp', 'udp']).optional(),
    port: portSchema.optional(),
  }),
]);
export type RuleSubject = z.infer<typeof ruleSubjectSchema>;

/** Made by the daemon; short, so that people can type it. */
export const ruleIdSchema = z.string().regex(/^[a-z0-9]{1,12}$/, 'not the id of a rule');

/**
 * One rule. Of several that fit a packet, one about a program (`app`, `exec`, `cgroup`) wins over one about a user, and
 * that over one about a destination; among those of one kind a later over an earlier.
 */
export const appRuleSchema = z.object({
  id: ruleIdSchema,
  subject: ruleSubjectSchema,
  action: ruleActionSchema,
});
export type AppRule = z.infer<typeof appRuleSchema>;

/** More is a mistake of a script, and all of them together have to fit one request. */
export const MAX_RULES = 500;

/** Why a rule does nothing at the moment, or less than it says. */
export const ruleProblemSchema = z.enum([
  /** The kernel lacks what sorting packets by program takes; see `missing`. */
  'unsupported',
  /** No installed app has this id. */
  'app-not-installed',
  'no-such-user',
  'no-such-cgroup',
  /** `only:LINK` while the link is away: its programs wait. */
  'link-away',
  /** `bonded` and `redundant` while there is no tunnel. */
  'no-tunnel',
  /** No program has asked for the domain where that can be heard; it may be that they ask encrypted. */
  'no-answer-yet',
]);
export type RuleProblem = z.infer<typeof ruleProblemSchema>;

/** A rule, and what it does now. */
export const ruleStatusSchema = appRuleSchema.extend({
  problem: ruleProblemSchema.nullable(),
  /** Running processes that the rule decides about. */
  processes: z.number().int().nonnegative(),
  /** Of these, those that had sockets open when the rule came: such sockets keep their way until a restart. */
  toRestart: z.number().int().nonnegative(),
});
export type RuleStatus = z.infer<typeof ruleStatusSchema>;

/** What the kernel or the distribution lacks for rules, each told with what to do by the doctor. */
export const ruleFacilitySchema = z.enum(['cgroup2', 'cgroup-bpf', 'proc-connector', 'fanotify']);
export type RuleFacility = z.infer<typeof ruleFacilitySchema>;

export const rulesReportSchema = z.object({
  rules: z.array(ruleStatusSchema).max(MAX_RULES),
  missing: z.array(ruleFacilitySchema),
});
export type RulesReport = z.infer<typeof rulesReportSchema>;

/** An app as its desktop entry describes it. */
export const installedAppSchema = z.object({
  id: appIdSchema,
  name: z.string().max(300),
  /** Other words under which people search for it. */
  keywords: z.array(z.string().max(100)).max(50),
  origin: z.enum(['system', 'user', 'flatpak', 'snap']),
  /** Whether `apps.icon` has a picture of it. */
  hasIcon: z.boolean(),
  /** Whether it hands over to an instance that runs, so that a rule needs a restart of that. */
  isSingleInstance: z.boolean(),
  processes: z.number().int().nonnegative(),
});
export type InstalledApp = z.infer<typeof installedAppSchema>;

export const MAX_APPS = 2_000;

/** Who uses which way now. */
export const appUsageSchema = z.object({
  /** App id if the process belongs to an installed app, else null. */
  app: appIdSchema.nullable(),
  /** What to call it: the app's name, else the executable's. */
  name: z.string().max(300),
  /** `tunnel`, or the link that its packets leave by beside the tunnel. */
  way: z.union([z.literal('tunnel'), linkNameSchema]),
  connections: z.number().int().nonnegative(),
  txBitsPerSecond: z.number().nonnegative(),
  rxBitsPerSecond: z.number().nonnegative(),
});
export type AppUsage = z.infer<typeof appUsageSchema>;
