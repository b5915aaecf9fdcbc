/** 1: AES-256-GCM. 2: ChaCha20-Poly1305. */
export type AeadSuite = 1 | 2;

/**
 * Seals and opens batches of datagrams in the arena; implemented by the addon, and by a double in simulation.
 * Descriptors are described in src-native/README.md.
 */
export interface DatagramAead {
  /** Whether AES-GCM is fast here. */
  readonly hasAesHardware: boolean;
  /** @returns a slot number. @throws if all slots are taken. */
  keyAdd(suite: AeadSuite, key: Uint8Array, iv: Uint8Array): number;
  /** Wipes a key; harmless if it was dropped before. */
  keyDrop(slot: number): void;
  seal(descriptors: number, count: number): void;
  /** @returns how many were authentic; each descriptor says whether it was. */
  open(descriptors: number, count: number): number;
}

/** Takes packets that arrived through a session, in lane order, valid until the call returns. */
export interface PacketSink {
  /** @param table Int32 index of (offset, length) pairs; each is a virtio-net header and an IP packet. */
  writePackets(table: number, count: number): void;
}

/** Returns that many bytes of cryptographic quality. */
export type RandomBytes = (bytes: number) => Uint8Array;
