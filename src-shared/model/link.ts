import * as z from 'zod';

/**
 * Linux limits interface names to 15 bytes and refuses slashes and white space in them. Quotes and backslashes are
 * refused here too, since names are written into firewall rules.
 */
export const linkNameSchema = z
  .string()
  .regex(/^(?!\.{1,2}$)[^\s/"'\\]{1,15}$/, 'not a network interface name');

/** What a link is made of, as far as the system tells. */
export const linkKindSchema = z.enum(['ethernet', 'wifi', 'usb', 'cellular', 'other']);
export type LinkKind = z.infer<typeof linkKindSchema>;

/** What a link does for the tunnel at the moment. */
export const linkStateSchema = z.enum(['carrying', 'standby', 'suspect', 'lost', 'ignored']);
export type LinkState = z.infer<typeof linkStateSchema>;

/** What the user wants a link to be used for. */
export const linkPrioritySchema = z.enum(['auto', 'prefer', 'backup', 'never']);
export type LinkPriority = z.infer<typeof linkPrioritySchema>;

/** How hosts of the laptop's own networks are reached: over the link itself, or through the tunnel, which outlives it. */
export const lanAccessSchema = z.enum(['direct', 'tunnel']);
export type LanAccess = z.infer<typeof lanAccessSchema>;

/** Whether data over a link costs money; `auto`: mobile networks do. */
export const meteredChoiceSchema = z.enum(['auto', 'yes', 'no']);
export type MeteredChoice = z.infer<typeof meteredChoiceSchema>;

/**
 * What a path does for the tunnel. `member`: data goes over it now; `standby`: kept warm; `trial`: it carries copies
 * until it is clear what it can carry; `excluded`: it would harm.
 */
export const pathRoleSchema = z.enum(['member', 'standby', 'trial', 'excluded']);
export type PathRole = z.infer<typeof pathRoleSchema>;

/** Why a path would harm: it is not worth its delay, loses too much, or comes too late for what else is under way. */
export const exclusionSchema = z.enum(['too-slow', 'too-lossy', 'too-late']);
export type Exclusion = z.infer<typeof exclusionSchema>;

/** What was learned about a link's best path; nothing of it is typed in. */
export const linkModelSchema = z.object({
  role: pathRoleSchema,
  /** Null unless the role is `excluded`. */
  excludedBecause: exclusionSchema.nullable(),
  /** Rate that the path delivers at most; null until it was given enough to carry. */
  sendBitsPerSecond: z.number().nonnegative().nullable(),
  /** Bytes that may be under way at once, and those that are. */
  windowBytes: z.number().int().nonnegative(),
  inFlightBytes: z.number().int().nonnegative(),
  smoothedRttMicros: z.number().nonnegative(),
  rttVarianceMicros: z.number().nonnegative(),
  minRttMicros: z.number().nonnegative(),
  lossRatio: z.number().min(0).max(1),
  /** Largest UDP payload that is known to pass. */
  datagramBytes: z.number().int().positive(),
});
export type LinkModel = z.infer<typeof linkModelSchema>;

/**
 * What keeps a connected link from serving the tunnel as it should. `portal`: its network wants a login; `isolated`: its
 * network keeps machines apart, so that it does not find the box though it should; `box-blocked`: it finds the box, whose
 * answers do not come; `other-network`: the box is not in its network; `power-save`: its radio dozes.
 */
export const linkTroubleSchema = z.enum(['portal', 'isolated', 'box-blocked', 'other-network', 'power-save']);
export type LinkTrouble = z.infer<typeof linkTroubleSchema>;

/** One link as shown to users: measured values of its best path. */
export const linkStatusSchema = z.object({
  name: linkNameSchema,
  kind: linkKindSchema,
  /** The link's own address that the path is bound to; null while it has none. */
  address: z.string().nullable(),
  state: linkStateSchema,
  priority: linkPrioritySchema,
  /** Data over it costs money, so mode `saver` spares it. */
  metered: z.boolean(),
  /** What the user said about that; a service of an earlier version does not tell. */
  meteredChoice: meteredChoiceSchema.optional(),
  /** Smoothed round trip to the box; null until it was measured. */
  rttMicros: z.number().nonnegative().nullable(),
  lossRatio: z.number().min(0).max(1),
  txBitsPerSecond: z.number().nonnegative(),
  rxBitsPerSecond: z.number().nonnegative(),
  /** Largest UDP payload that is known to pass; null until it was probed. */
  datagramBytes: z.number().int().positive().nullable(),
  /** Why the link is not used, as a sentence without a full stop; null when it is used. */
  ignoredBecause: z.string().nullable(),
  trouble: linkTroubleSchema.nullable(),
  /** Null while no path of the link works, or none was measured yet. */
  model: linkModelSchema.nullable(),
});
export type LinkStatus = z.infer<typeof linkStatusSchema>;
