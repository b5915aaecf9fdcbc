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

/** One link as shown to users: measured values of its best path. */
export const linkStatusSchema = z.object({
  name: linkNameSchema,
  kind: linkKindSchema,
  /** The link's own address that the path is bound to; null while it has none. */
  address: z.string().nullable(),
  state: linkStateSchema,
  priority: linkPrioritySchema,
  /** Smoothed round trip to the box; null until it was measured. */
  rttMicros: z.number().nonnegative().nullable(),
  lossRatio: z.number().min(0).max(1),
  txBitsPerSecond: z.number().nonnegative(),
  rxBitsPerSecond: z.number().nonnegative(),
  /** Largest UDP payload that is known to pass; null until it was probed. */
  datagramBytes: z.number().int().positive().nullable(),
  /** Why the link is not used, as a sentence without a full stop; null when it is used. */
  ignoredBecause: z.string().nullable(),
});
export type LinkStatus = z.infer<typeof linkStatusSchema>;
