import * as z from 'zod';
import { announcementSchema } from './found-box.ts';

/** Names of paired laptops: what fits in a file name, a log field and a table column. */
export const peerNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name has letters, digits, dots, dashes; at most 63');

/** An X25519 public key in base64: 32 bytes, 44 characters. */
export const publicKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'a public key has 44 characters and ends in =');

/** One way over which the box hears a laptop. */
export const peerPathSchema = z.object({
  /** Remote address and port as the box sees them. */
  address: z.string(),
  state: z.enum(['carrying', 'standby', 'suspect', 'lost']),
  rttMicros: z.number().nonnegative().nullable(),
  lossRatio: z.number().min(0).max(1),
  txBitsPerSecond: z.number().nonnegative(),
  rxBitsPerSecond: z.number().nonnegative(),
});
export type PeerPath = z.infer<typeof peerPathSchema>;

/** One paired laptop. */
export const peerStatusSchema = z.object({
  name: peerNameSchema,
  publicKey: publicKeySchema,
  fingerprint: z.string(),
  state: z.enum(['connected', 'silent', 'never-seen']),
  /** Where the pairing comes from: a `--peer` argument or the box's own memory. */
  origin: z.enum(['argument', 'paired']),
  tunnelAddress4: z.string(),
  tunnelAddress6: z.string().nullable(),
  lastSeenAt: z.iso.datetime().nullable(),
  paths: z.array(peerPathSchema),
});
export type PeerStatus = z.infer<typeof peerStatusSchema>;

/** What the box reports about itself. */
export const boxStatusSchema = z.object({
  name: z.string(),
  publicKey: publicKeySchema,
  fingerprint: z.string(),
  listen: z.string(),
  uplink: z.string(),
  tunnelNet4: z.string(),
  tunnelNet6: z.string().nullable(),
  startedAt: z.iso.datetime(),
  announcement: announcementSchema,
  peers: z.array(peerStatusSchema),
  pairing: z.object({
    /** The code that is shown at the moment, without the code. */
    open: z.object({ expiresAt: z.iso.datetime(), triesLeft: z.number().int().nonnegative() }).nullable(),
    /** What became of the last code that is no longer shown; `none` if there was none since the start. */
    lastCode: z.enum(['none', 'expired', 'used', 'burnt']),
    /** Attempts that did not prove a code, since the box started; other than zero, somebody may have been guessing. */
    failedAttempts: z.number().int().nonnegative(),
    lastFailedAt: z.iso.datetime().nullable(),
  }),
  /** Discarded datagrams and packets by named reason. */
  drops: z.record(z.string(), z.number().int().nonnegative()),
  version: z.object({ box: z.string(), protocol: z.number().int().positive() }),
});
export type BoxStatus = z.infer<typeof boxStatusSchema>;
