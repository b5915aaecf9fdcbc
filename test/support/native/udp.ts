import { randomBytes } from 'node:crypto';
import type { NativeUdpSocket } from '../../../src-native/lib/index.ts';
import type { Memory } from './memory.ts';

const STRIDE_BYTES = 65_536;
const BATCH = 32;

/** A message as the socket gave it: one datagram or several that the kernel joined. */
export interface ReceivedMessage {
  readonly data: Buffer;
  readonly segmentBytes: number;
  readonly addressId: number;
}

/** Sends and receives for tests; owns its buffers in the arena. */
export class UdpBench {
  readonly #memory: Memory;
  readonly #slots: number;
  readonly #meta: number;
  readonly #result: number;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#slots = memory.reserve(STRIDE_BYTES * BATCH);
    this.#meta = memory.reserveWords(4 * BATCH);
    this.#result = memory.reserveWords(2);
  }

  /** Sends each datagram to its address in one call. */
  send(
    socket: NativeUdpSocket,
    datagrams: readonly { data: Uint8Array; addressId: number }[],
  ): { consumed: number; errno: number; failed: number } {
    const desc = this.#memory.list(
      ...datagrams.flatMap(({ data, addressId }) => [this.#memory.put(data), data.length, addressId, 0]),
    );
    const consumed = socket.send(desc, datagrams.length, this.#result);
    return {
      consumed,
      errno: this.#memory.words[this.#result]!,
      failed: this.#memory.words[this.#result + 1]!,
    };
  }

  /** What waits at the socket now. */
  receiveNow(socket: NativeUdpSocket): ReceivedMessage[] {
    const count = socket.receive(this.#slots, STRIDE_BYTES, BATCH, this.#meta);
    return Array.from({ length: count }, (_, i) => {
      const entry = this.#meta + 4 * i;
      const [offset, length, segmentBytes, addressId] = this.#memory.words.subarray(entry, entry + 4);
      return {
        data: this.#memory.copy(offset!, length!),
        segmentBytes: segmentBytes!,
        addressId: addressId!,
      };
    });
  }

  /** Waits until that many datagrams have come. */
  async receive(socket: NativeUdpSocket, datagramCount: number): Promise<ReceivedMessage[]> {
    const messages: ReceivedMessage[] = [];
    return new Promise((resolve) => {
      socket.startPolling(() => {
        messages.push(...this.receiveNow(socket));
        if (messages.reduce((sum, message) => sum + split(message).length, 0) < datagramCount) return;
        socket.stopPolling();
        resolve(messages);
      });
    });
  }
}

/** The datagrams of a message. */
export function split(message: ReceivedMessage): Buffer[] {
  const count = Math.ceil(message.data.length / message.segmentBytes);
  return Array.from({ length: count }, (_, i) =>
    message.data.subarray(i * message.segmentBytes, (i + 1) * message.segmentBytes),
  );
}

/** Random datagrams of the given lengths. */
export function randomDatagrams(lengths: readonly number[]): Buffer[] {
  return lengths.map((length) => randomBytes(length));
}
