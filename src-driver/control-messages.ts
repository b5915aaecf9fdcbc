import { type ControlMessage, controlMessageSchema } from '../src-shared/tunnel/control-message.ts';

/** Encodes a message for the session's control lane. */
export function encodeControlMessage(message: ControlMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Decodes a message; null if it is not one that this version knows. */
export function decodeControlMessage(bytes: Uint8Array): ControlMessage | null {
  try {
    const parsed = controlMessageSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: the same as a message of an unknown type.
    return null;
  }
}
