import type { PeerMemory } from '../send/message-store.ts';
import { readU16, readU32, writeU16, writeU32 } from './header.ts';

/** The protocol version this engine speaks. */
export const PROTOCOL_VERSION = 1;

/** Bytes of `type, version, zero, zero, sender index` in front of an initiation's Noise message. */
export const INITIATION_HEAD_BYTES = 8;
/** Bytes of `type, version, zero, zero, sender index, receiver index` in front of a response's Noise message. */
export const RESPONSE_HEAD_BYTES = 12;
/** Bytes of `type, version, zero, zero, receiver index` in front of a cookie reply, and all of a version notice. */
export const NOTICE_HEAD_BYTES = 8;

/** Bit of {@link Hello.suites} for a suite. */
export function suiteBit(suite: number): number {
  return 1 << (suite - 1);
}

/** What either side says inside the handshake. */
export interface Hello {
  /** Random name of the running process: a peer whose instance changed has lost its state. 8 bytes. */
  readonly instance: Uint8Array;
  /** Initiation: the peer's instance as last known, zeros if none. Response: zeros. 8 bytes. */
  readonly knownPeer: Uint8Array;
  /** Initiation: bit mask of suites. Response: the one chosen, as a bit. */
  readonly suites: number;
  /** Initiation: bit 0 set if AES is fast here. Response: bit 0 set if the session continues. */
  readonly flags: number;
  readonly memory: PeerMemory;
}

export const HELLO_BYTES = 24;

export function writeHello(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  bytes.set(hello.instance, 0);
  bytes.set(hello.knownPeer, 8);
  bytes[16] = hello.suites;
  bytes[17] = hello.flags;
  writeU16(bytes, 18, hello.memory.largeSlots);
  writeU16(bytes, 20, hello.memory.smallSlots);
  writeU16(bytes, 22, hello.memory.mediumSlots);
  return bytes;
}

/** Reads a hello; null if it is too short. Longer ones are from later versions and read as far as known. */
export function readHello(bytes: Uint8Array): Hello | null {
  if (bytes.length < HELLO_BYTES) return null;
  return {
    instance: bytes.slice(0, 8),
    knownPeer: bytes.slice(8, 16),
    suites: bytes[16]!,
    flags: bytes[17]!,
    memory: {
      largeSlots: readU16(bytes, 18),
      smallSlots: readU16(bytes, 20),
      mediumSlots: readU16(bytes, 22),
    },
  };
}

/** Puts head, Noise message and `tail` zero bytes (room for MACs) together. */
export function frameHandshake(
  type: number,
  senderIndex: number,
  receiverIndex: number | null,
  noise: Uint8Array,
  tail: number,
): Uint8Array {
  const head = receiverIndex === null ? INITIATION_HEAD_BYTES : RESPONSE_HEAD_BYTES;
  const bytes = new Uint8Array(head + noise.length + tail);
  bytes[0] = type;
  bytes[1] = PROTOCOL_VERSION;
  writeU32(bytes, 4, senderIndex);
  if (receiverIndex !== null) writeU32(bytes, 8, receiverIndex);
  bytes.set(noise, head);
  return bytes;
}

/** A notice: cookie reply or version, addressed to the sender of an initiation. */
export function frameNotice(type: number, receiverIndex: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(NOTICE_HEAD_BYTES + body.length);
  bytes[0] = type;
  bytes[1] = PROTOCOL_VERSION;
  writeU32(bytes, 4, receiverIndex);
  bytes.set(body, NOTICE_HEAD_BYTES);
  return bytes;
}

export function noticeReceiver(bytes: Uint8Array): number {
  return readU32(bytes, 4);
}
