import * as z from 'zod';
import { controlErrorSchema } from './error.ts';

/**
 * Version of the control contract. It grows only when an older end could misunderstand a newer one; a field more
 * does not need it, since unknown fields are ignored.
 */
export const CONTROL_VERSION = 1;

/** First frame of the client: which contract it wants to speak. */
export const clientHelloSchema = z.object({
  type: z.literal('hello'),
  contract: z.string().max(32),
  control: z.number().int(),
  /** Version of the program, for messages and logs. */
  program: z.string().max(64),
});
export type ClientHello = z.infer<typeof clientHelloSchema>;

/** Later frames of the client. `id` is chosen by the client and comes back with the answer. */
export const requestSchema = z.object({
  type: z.literal('request'),
  id: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  method: z.string().max(64),
  params: z.unknown(),
});
export type Request = z.infer<typeof requestSchema>;

/** Every frame of the server. A `refused` is the last frame of a connection. */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    contract: z.string(),
    control: z.number().int(),
    program: z.string(),
  }),
  z.object({ type: z.literal('refused'), error: controlErrorSchema }),
  z.object({
    type: z.literal('response'),
    id: z.number().int().nonnegative(),
    outcome: z.discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), result: z.unknown() }),
      z.object({ ok: z.literal(false), error: controlErrorSchema }),
    ]),
  }),
  z.object({ type: z.literal('event'), event: z.string(), payload: z.unknown() }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

/** How a request ended. */
export type ResponseOutcome = Extract<ServerMessage, { type: 'response' }>['outcome'];
