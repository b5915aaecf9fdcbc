/** Largest message in bytes. A status with hundreds of links and a long timeline stay below. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/**
 * Largest message of a client in bytes: 500 rules that are imported at once. Reading 1 MiB of nested JSON would keep a
 * daemon from its packets for tens of milliseconds, this for a millisecond or two.
 */
export const MAX_CLIENT_FRAME_BYTES = 64 * 1024;

const LENGTH_BYTES = 4;

/** What is wrong with a stream of frames; the stream cannot be read any further. */
export type FramingFault = 'frame-too-long' | 'frame-empty' | 'frame-not-json';

/** What a chunk of the stream completed. Messages before a fault are still good. */
export interface DecodedChunk {
  readonly messages: readonly unknown[];
  readonly fault: FramingFault | null;
}

/**
 * Encodes one message: the length of the JSON text as a 32-bit big-endian number, then the text in UTF-8.
 *
 * @throws RangeError if the text is longer than {@link MAX_FRAME_BYTES}
 */
export function encodeFrame(message: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(message), 'utf8');
  if (text.length > MAX_FRAME_BYTES) {
    throw new RangeError(`message of ${text.length} bytes is longer than ${MAX_FRAME_BYTES}`);
  }
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + text.length);
  frame.writeUInt32BE(text.length, 0);
  text.copy(frame, LENGTH_BYTES);
  return frame;
}

/**
 * Cuts a byte stream into messages. Keeps at most one incomplete frame, and never reserves more memory than was
 * received, whatever length a frame claims.
 */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bufferedBytes = 0;
  #isBroken = false;
  readonly #maxBytes: number;

  /** @param maxBytes the longest frame that is taken. */
  constructor(maxBytes = MAX_FRAME_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** True while a frame was begun and not finished. */
  get isMidFrame(): boolean {
    return this.#bufferedBytes > 0;
  }

  /** Takes the next bytes of the stream. After a fault every further chunk is ignored. */
  push(chunk: Buffer): DecodedChunk {
    if (this.#isBroken) return { messages: [], fault: null };
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;

    const messages: unknown[] = [];
    for (;;) {
      if (this.#bufferedBytes < LENGTH_BYTES) return { messages, fault: null };
      const length = this.#peekLength();
      if (length > this.#maxBytes) return this.#break(messages, 'frame-too-long');
      if (length === 0) return this.#break(messages, 'frame-empty');
      if (this.#bufferedBytes < LENGTH_BYTES + length) return { messages, fault: null };

      const whole = this.#joined();
      try {
        messages.push(JSON.parse(whole.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + length)));
      } catch {
        // Not logged here: the owner of the connection closes it and knows whose it was.
        return this.#break(messages, 'frame-not-json');
      }
      const rest = whole.subarray(LENGTH_BYTES + length);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#bufferedBytes = rest.length;
    }
  }

  #peekLength(): number {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= LENGTH_BYTES) return first.readUInt32BE(0);
    return this.#joined().readUInt32BE(0);
  }

  #joined(): Buffer {
    const only = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const whole = only ?? Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  #break(messages: readonly unknown[], fault: FramingFault): DecodedChunk {
    this.#isBroken = true;
    this.#chunks = [];
    this.#bufferedBytes = 0;
    return { messages, fault };
  }
}
