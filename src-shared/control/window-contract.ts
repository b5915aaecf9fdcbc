import * as z from 'zod';
import { linkNameSchema, linkStateSchema } from '../model/link.ts';
import { daemonStatusSchema, internetSchema, switchReasonSchema } from '../model/status.ts';
import { daemonContract, type Contract } from './contract.ts';

/*
 * What the window asks of the daemon: the daemon's contract, and entries that the window is written against before
 * every daemon answers them. A daemon that does not know a method says UNKNOWN_METHOD, and the window explains that
 * the service is older than the window. An entry moves to contract.ts when the daemon answers it.
 */

/** One entry of the history that the daemon keeps. */
export const timelineEntrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('switch'),
    at: z.iso.datetime(),
    from: linkNameSchema,
    to: linkNameSchema,
    reason: switchReasonSchema,
    gapMicros: z.number().nonnegative(),
    replayedPackets: z.number().int().nonnegative(),
  }),
  z.object({
    kind: z.literal('link'),
    at: z.iso.datetime(),
    link: linkNameSchema,
    state: linkStateSchema,
  }),
  z.object({
    kind: z.literal('connection'),
    at: z.iso.datetime(),
    state: z.enum(['off', 'connecting', 'protected', 'away', 'box-unreachable', 'failed']),
    internet: internetSchema,
  }),
]);
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

/** A box that announces itself on the network. */
export const foundBoxSchema = z.object({
  name: z.string(),
  addresses: z.array(z.string()).min(1),
  port: z.number().int().min(1).max(65_535),
  fingerprint: z.string(),
  protocol: z.number().int().positive(),
});
export type FoundBox = z.infer<typeof foundBoxSchema>;

/** The status with what newer daemons add to it. */
export const windowStatusSchema = daemonStatusSchema.and(
  z.object({
    /** Grows with each entry of the timeline; absent from daemons that keep none. */
    timelineLength: z.number().int().nonnegative().optional(),
  }),
);
export type WindowStatus = z.infer<typeof windowStatusSchema>;

const nothing = z.object({});

/** What the window and its server speak; the name on the wire is the daemon's. */
export const windowContract = {
  name: daemonContract.name,
  methods: {
    ...daemonContract.methods,
    'status.get': { params: nothing, result: windowStatusSchema },
    'timeline.list': {
      params: z.object({
        since: z.iso.datetime(),
        until: z.iso.datetime().optional(),
        limit: z.number().int().min(1).max(5000).optional(),
      }),
      /** Oldest first. */
      result: z.object({ entries: z.array(timelineEntrySchema), truncated: z.boolean() }),
    },
    'boxes.find': {
      params: z.object({ timeoutMillis: z.number().int().positive() }),
      result: z.object({ boxes: z.array(foundBoxSchema) }),
    },
    /** `box` is `auto` or HOST[:PORT]. */
    'pairing.start': {
      params: z.object({ box: z.string().min(1), code: z.string().min(1) }),
      result: z.object({ name: z.string(), fingerprint: z.string() }),
    },
    /** Forgets the box; protection ends. */
    'pairing.forget': { params: nothing, result: nothing },
  },
  events: {
    'status.changed': { subscribe: 'status.subscribe', payload: windowStatusSchema },
  },
} as const satisfies Contract;
export type WindowContract = typeof windowContract;
