import type { Arena } from '../../src-engine/memory.ts';

/** Packets as they come out of the tunnel: in an arena, each behind a virtio-net header, with a table of where they are. */
export class DeliveryTable implements Arena {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** Int32 index of the table. */
  readonly at = 4;
  count = 0;
  #cursor = FIRST_PACKET;

  constructor() {
    const buffer = new ArrayBuffer(1 << 20);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }

  /** Puts a packet in. @param virtio first bytes of its virtio-net header @returns where it lies, header included */
  place(
    packet: Uint8Array,
    virtio: readonly number[] = [],
  ): { readonly at: number; readonly length: number } {
    const at = this.#cursor;
    this.bytes.set(virtio, at);
    this.bytes.set(packet, at + VNET_BYTES);
    this.#cursor = (at + VNET_BYTES + packet.length + 7) & ~7;
    return { at, length: VNET_BYTES + packet.length };
  }

  /** Enters into the table what lies somewhere. */
  enter(at: number, length: number): void {
    this.words[this.at + 2 * this.count] = at;
    this.words[this.at + 2 * this.count + 1] = length;
    this.count++;
  }

  clear(): void {
    this.count = 0;
    this.#cursor = FIRST_PACKET;
  }

  add(packet: Uint8Array, virtio: readonly number[] = []): void {
    const { at, length } = this.place(packet, virtio);
    this.enter(at, length);
  }
}

const VNET_BYTES = 10;
const FIRST_PACKET = 4_096;
