import * as z from 'zod';
import { modeSchema } from '../model/status.ts';

/**
 * Messages that laptop and box send each other inside the session (docs/protocol.md, lane 1023), as JSON. Unknown
 * types and fields are ignored, so that either side may be newer.
 */
export const controlMessageSchema = z.discriminatedUnion('type', [
  /** The box, once a session stands or its addresses change. */
  z.object({
    type: z.literal('config'),
    boxName: z.string().max(255),
    version: z.string().max(64),
    /** The laptop's addresses in the tunnel. */
    address4: z.ipv4(),
    prefix4: z.number().int().min(0).max(32),
    address6: z.ipv6().nullable(),
    prefix6: z.number().int().min(0).max(128),
    mtuBytes: z.number().int().min(1_280).max(65_535),
    /** Where the box can be reached, without zones; link-local ones hold on the laptop's links one by one. */
    boxAddresses: z.array(z.union([z.ipv4(), z.ipv6()])).max(32),
    port: z.number().int().min(1).max(65_535),
  }),
  /** The laptop, once a session stands and whenever its mode changes; the box sends in the same mode. */
  z.object({
    type: z.literal('hello'),
    laptopName: z.string().max(255),
    version: z.string().max(64),
    mode: modeSchema,
  }),
]);
export type ControlMessage = z.infer<typeof controlMessageSchema>;
export type TunnelConfig = Extract<ControlMessage, { type: 'config' }>;
