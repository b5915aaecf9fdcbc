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
  'NO_SUCH_RULE',
  'TOO_MANY_RULES',
  /** The kernel lacks what rules about programs take. */
  'RULES_UNSUPPORTED',
  'NO_SUCH_PEER',
  /** Another laptop has this name. */
  'NAME_TAKEN',
  /** A peer given by an argument is revoked by removing the argument. */
  'PEER_FROM_ARGUMENT',
  /** What was asked for needs a standing tunnel, or a second link, that is not there. */
  'NOT_POSSIBLE_NOW',
  'NOT_AVAILABLE',
  /** The box was given by an argument, which pairing does not replace. */
  'BOX_FROM_ARGUMENT',
  'NO_BOX_PAIRED',
  /** Another pairing is under way. */
  'PAIRING_BUSY',
  /** No announcement was heard, so somebody has to say where the box is. */
  'NO_BOX_FOUND',
  /** Nobody who pairs answered at the addresses that were tried. */
  'BOX_NOT_REACHABLE',
  /** More than one box shows a code. */
  'SEVERAL_BOXES',
  /** Another key answered than the one that was announced. */
  'WRONG_BOX',
  /** Box and laptop have versions that do not go together. */
  'BOX_VERSION',
  /** The box shows no code. */
  'NO_CODE',
  'CODE_EXPIRED',
  'CODE_USED',
  /** Too many wrong tries. */
  'CODE_BURNT',
  'WRONG_CODE',
  /** Who answered does not have the code. */
  'BOX_IMPOSTOR',
  /** The box stopped to answer half-way. */
  'BOX_GONE',
  /** The box could not store the pairing. */
  'BOX_STATE_UNWRITABLE',
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
