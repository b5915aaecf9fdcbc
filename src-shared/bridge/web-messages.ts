import * as z from 'zod';
import { requestSchema, type ServerMessage } from '../control/envelope.ts';
import type { ControlError } from '../control/error.ts';
import { cableRequestSchema, type Cable } from './home-cables.ts';

/*
 * What the window in a browser and `bowline ui` say to each other, as JSON over one WebSocket. After the greeting,
 * requests, responses and events are those of the control socket: the server forwards them.
 */

/**
 * The page's first message. A token opens one session once; the session's key then lets the same page in again after
 * a reload or a lost connection.
 */
export const pageHelloSchema = z.object({
  type: z.literal('hello'),
  token: z.string().max(128).optional(),
  session: z.string().max(128).optional(),
});
export type PageHello = z.infer<typeof pageHelloSchema>;

/** Later messages of the page. */
export const pageRequestSchema = z.discriminatedUnion('type', [
  requestSchema,
  z.object({ type: z.literal('subscribe'), event: z.string().max(64) }),
  cableRequestSchema,
]);

/** Everything that the server says. After a `refused` it ends the connection. */
export type WebMessage =
  | { readonly type: 'welcome'; readonly session: string; readonly version: string }
  | Exclude<ServerMessage, { type: 'hello' }>
  /** All cables of the virtual home: after the welcome, and whenever one has changed. */
  | { readonly type: 'cables'; readonly cables: readonly Cable[] }
  /** Nobody sends the event at the moment; the server goes on trying. */
  | { readonly type: 'unreachable'; readonly event: string; readonly error: ControlError };
