import * as z from 'zod';
import { lanAccessSchema, linkNameSchema, linkStatusSchema } from './link.ts';

/** How the links are used together. */
export const modeSchema = z.enum(['seamless', 'bonded', 'redundant', 'saver']);
export type Mode = z.infer<typeof modeSchema>;

/** Whether IPv6 goes into the tunnel, and is refused where that has none, or leaves as it would without Bowline. */
export const ipv6AccessSchema = z.enum(['tunnel', 'direct']);
export type Ipv6Access = z.infer<typeof ipv6AccessSchema>;

/** Where the laptop's internet traffic goes at the moment. */
export const internetSchema = z.enum(['tunnelled', 'direct', 'none']);
export type Internet = z.infer<typeof internetSchema>;

/** Why traffic left one link for another. */
export const switchReasonSchema = z.enum([
  'carrier-lost',
  'silent',
  'address-gone',
  'device-gone',
  'better-link',
  'user',
]);
export type SwitchReason = z.infer<typeof switchReasonSchema>;

/** The last time that traffic left one link for another. */
export const lastSwitchSchema = z.object({
  at: z.iso.datetime(),
  from: linkNameSchema,
  to: linkNameSchema,
  reason: switchReasonSchema,
  /** Longest silence at the receiver around the switch. */
  gapMicros: z.number().nonnegative(),
  replayedPackets: z.number().int().nonnegative(),
});
export type LastSwitch = z.infer<typeof lastSwitchSchema>;

/** The box that the laptop is paired with. */
export const boxIdentitySchema = z.object({
  name: z.string(),
  address: z.string(),
  fingerprint: z.string(),
});
export type BoxIdentity = z.infer<typeof boxIdentitySchema>;

/** Totals since the daemon started. */
export const countersSchema = z.object({
  interruptionsHidden: z.number().int().nonnegative(),
  packetsReplayed: z.number().int().nonnegative(),
  packetsLost: z.number().int().nonnegative(),
  bytesDuplicatedRatio: z.number().nonnegative(),
  /** Discarded datagrams and packets by named reason. */
  drops: z.record(z.string(), z.number().int().nonnegative()),
});
export type Counters = z.infer<typeof countersSchema>;

/** Versions of both ends; `box` is null until a session stood. */
export const versionsSchema = z.object({
  daemon: z.string(),
  box: z.string().nullable(),
  protocol: z.number().int().positive(),
});
export type Versions = z.infer<typeof versionsSchema>;

/** Why a protected tunnel is worse than it could be. */
export const degradedReasonSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loss'), link: linkNameSchema, lossRatio: z.number().min(0).max(1) }),
  z.object({ kind: z.literal('no-standby') }),
  /** Another program keeps removing the tunnel's rules or routes; `by` is null where the kernel does not tell who. */
  z.object({ kind: z.literal('routes-contested'), by: z.string().nullable() }),
  z.object({ kind: z.literal('slow'), link: linkNameSchema, rttMicros: z.number().nonnegative() }),
]);
export type DegradedReason = z.infer<typeof degradedReasonSchema>;

const common = {
  internet: internetSchema,
  mode: modeSchema,
  lan: lanAccessSchema,
  /** A service of an earlier version does not tell. */
  ipv6: ipv6AccessSchema.optional(),
  /** Null while no box is known. */
  box: boxIdentitySchema.nullable(),
  /** Links that take traffic now; the first is the one that counts when only one can. */
  carrying: z.array(linkNameSchema),
  links: z.array(linkStatusSchema),
  lastSwitch: lastSwitchSchema.nullable(),
  counters: countersSchema,
  /** Until when everything is sent over all links, because somebody leaves the desk; null while nobody does. */
  leavingUntil: z.iso.datetime().nullable(),
  /** Grows with each entry of the timeline, so that a window knows when to ask again; starts anew with the daemon. */
  timelineLength: z.number().int().nonnegative(),
  version: versionsSchema,
};

/** Causes of the state `failed`; each has a sentence of its own in the messages. */
export const failureCauseSchema = z.enum([
  'no-box-configured',
  'tun-unavailable',
  'routes-refused',
  'state-unwritable',
  'box-version',
  'box-refused-key',
  'internal',
]);
export type FailureCause = z.infer<typeof failureCauseSchema>;

/**
 * What the daemon reports, as one flat object discriminated by `state`. `status --json` prints exactly this, and the
 * window gets the same.
 */
export const daemonStatusSchema = z.discriminatedUnion('state', [
  /** `draining`: switched off, but the tunnel lives until its last connection ends. */
  z.object({ ...common, state: z.literal('off'), draining: z.boolean() }),
  /** `attempt` counts handshakes from 1. */
  z.object({ ...common, state: z.literal('connecting'), attempt: z.number().int().positive() }),
  z.object({
    ...common,
    state: z.literal('protected'),
    /** Empty when nothing is to be said against the tunnel's quality. */
    degraded: z.array(degradedReasonSchema),
  }),
  z.object({ ...common, state: z.literal('away'), reason: z.enum(['no-link', 'other-network']) }),
  z.object({
    ...common,
    state: z.literal('box-unreachable'),
    since: z.iso.datetime(),
    nextTryAt: z.iso.datetime().nullable(),
  }),
  z.object({ ...common, state: z.literal('failed'), cause: failureCauseSchema, detail: z.string() }),
]);
export type DaemonStatus = z.infer<typeof daemonStatusSchema>;

/** The states by name. */
export const stateNameSchema = z.enum([
  'off',
  'connecting',
  'protected',
  'away',
  'box-unreachable',
  'failed',
] as const satisfies readonly DaemonStatus['state'][]);
export type StateName = z.infer<typeof stateNameSchema>;

/** Why nothing can be asked of the daemon. */
export const unreachableReasonSchema = z.enum(['stopped', 'not-installed', 'no-permission', 'version']);
export type UnreachableReason = z.infer<typeof unreachableReasonSchema>;

/**
 * What a client shows when the daemon does not answer. `internet` is `direct` because a daemon that died leaves
 * the traffic to the laptop's own connection.
 */
export const unreachableStatusSchema = z.object({
  state: z.literal('unreachable'),
  internet: z.literal('direct'),
  reason: unreachableReasonSchema,
});
export type UnreachableStatus = z.infer<typeof unreachableStatusSchema>;

/** Every state a user can meet. */
export type Status = DaemonStatus | UnreachableStatus;
