import * as z from 'zod';
import { linkNameSchema, linkStateSchema } from './link.ts';
import { internetSchema, lastSwitchSchema, stateNameSchema } from './status.ts';

const at = z.iso.datetime();

/** One thing that happened, as the daemon remembers it for weeks. */
export const timelineEntrySchema = z.discriminatedUnion('kind', [
  /** Traffic left one link for another. */
  z.object({ kind: z.literal('switch'), ...lastSwitchSchema.shape }),
  /** A link's state changed; it stays so until the link's next entry. */
  z.object({ kind: z.literal('link'), at, link: linkNameSchema, state: linkStateSchema }),
  /** The state that the user meets changed, or where traffic goes. */
  z.object({ kind: z.literal('connection'), at, state: stateNameSchema, internet: internetSchema }),
]);
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

/** Entries that one answer may hold: far below the largest message, and more than a person reads. */
export const MOST_TIMELINE_ENTRIES = 5_000;

/** Which part of the history is asked for. */
export const timelineQuerySchema = z.object({
  since: z.iso.datetime(),
  /** Exclusive; without it everything until now. */
  until: z.iso.datetime().optional(),
  /** The newest so many; without it as many as an answer may hold. */
  limit: z.number().int().min(1).max(MOST_TIMELINE_ENTRIES).optional(),
});
export type TimelineQuery = z.infer<typeof timelineQuerySchema>;

/** A part of the history, oldest first. */
export const timelineSchema = z.object({
  entries: z.array(timelineEntrySchema),
  /** Whether older entries of the time that was asked for were left out. */
  truncated: z.boolean(),
});
export type Timeline = z.infer<typeof timelineSchema>;
