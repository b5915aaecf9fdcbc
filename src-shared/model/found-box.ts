import * as z from 'zod';

/** A public key in short, as `fingerprintOf` makes it: `3f2a-91bc-07de-55a1-c0ff`. */
export const fingerprintSchema = z.string().regex(/^[0-9a-f]{4}(-[0-9a-f]{4}){4}$/);

/** A box that announces itself on one of the links. Nothing of it is proven: only a handshake proves a key. */
export const foundBoxSchema = z.object({
  /** How the box calls itself; without control characters, at most 63 bytes. */
  name: z.string().min(1).max(63),
  /** Where it says it is, the likeliest first; link-local ones with their link (`fe80::1%eth0`). At least one. */
  addresses: z.array(z.string()).min(1).max(16),
  port: z.number().int().min(1).max(65_535),
  fingerprint: fingerprintSchema,
  /** Version of the tunnel's protocol. */
  protocol: z.number().int().min(0).max(255),
});
export type FoundBox = z.infer<typeof foundBoxSchema>;

/** The most boxes that are listed; a home has one or two. */
export const MAX_FOUND_BOXES = 64;

/** Whether and how a box announces itself. */
export const announcementSchema = z.object({
  /** `starting` lasts about a second, while the name is checked; `off` is what `--no-mdns` asks for. */
  state: z.enum(['off', 'starting', 'announced', 'failed']),
  /** Who speaks for the box: the machine's Avahi, or the box itself. */
  by: z.enum(['avahi', 'bowline']).nullable(),
  /** The name it is announced by, which differs from the box's own where that was taken. */
  name: z.string(),
  interfaces: z.array(z.string()),
  /** The cause and what to do, where it is not announced though it should be. */
  problem: z.string().nullable(),
});
export type Announcement = z.infer<typeof announcementSchema>;
