import * as z from 'zod';

/** Every reason for which a control call can fail. Callers match on these, never on the message. */
export const controlErrorCodeSchema = z.enum([
  /** Nobody listens on the socket. Made by the client. */
  'UNREACHABLE',
  /** The connection ended before the answer came. Made by the client. */
  'CONNECTION_LOST',
  /** No answer in time. Made by the client. */
  'TIMEOUT',
  /** The caller may not use the socket or the method. */
  'NOT_PERMITTED',
  /** Both ends speak different versions of the contract. */
  'VERSION_MISMATCH',
  /** Bytes that are no message of the contract. */
  'BAD_MESSAGE',
  'UNKNOWN_METHOD',
  'INVALID_PARAMS',
  /** More clients or more requests at once than are served. */
  'BUSY',
  /** A defect at the other end; its log has more. */
  'INTERNAL',
  'NO_SUCH_LINK',
  'NO_SUCH_PEER',
  /** A peer given by an argument is revoked by removing the argument. */
  'PEER_FROM_ARGUMENT',
  /** What was asked for needs a standing tunnel, or a second link, that is not there. */
  'NOT_POSSIBLE_NOW',
  'NOT_AVAILABLE',
  /** The state folder could not be written, so the change would not outlive a restart. */
  'STATE_UNWRITABLE',
]);
export type ControlErrorCode = z.infer<typeof controlErrorCodeSchema>;

/** A failed control call: cause first, then what to do. */
export const controlErrorSchema = z.object({
  code: controlErrorCodeSchema,
  message: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type ControlError = z.infer<typeof controlErrorSchema>;

/** Builds a {@link ControlError}. */
export function controlError(
  code: ControlErrorCode,
  message: string,
  data?: Readonly<Record<string, unknown>>,
): ControlError {
  return data === undefined ? { code, message } : { code, message, data: { ...data } };
}
