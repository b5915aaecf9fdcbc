import type { AeadSuite, DatagramAead } from './ports.ts';
import type { TransportKeys } from './crypto/transport-keys.ts';
import type { Session } from './session.ts';
import type { PeerMemory } from './send/message-store.ts';

/** A datagram of the handshake: not sealed, sent as it is. */
export interface RawDatagram {
  readonly socket: number;
  readonly remote: number;
  readonly bytes: Uint8Array;
}

/** Receiving keys of one handshake, found by the index that the other side writes into each datagram. */
export interface Generation {
  readonly peer: Peer;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly openSlot: number;
  readonly sealSlot: number;
  readonly isResumed: boolean;
  readonly memory: PeerMemory;
  readonly remoteInstance: Uint8Array;
  /** Whether the peer has proven that it holds the keys; the initiator's generations always have. */
  isConfirmed: boolean;
  /** When the keys stop being accepted; Infinity while they are in use. */
  expiresAt: number;
}

/** A paired machine: its pinned key, its session, and the generations of keys that still count. */
export interface Peer {
  readonly publicKey: Uint8Array;
  readonly session: Session;
  current: Generation | null;
  /** The keys before the current ones, which are still accepted for a while. */
  previous: Generation | null;
  /**
   * Keys that were offered and not proven yet, oldest first. Several, because a recorded initiation can be replayed: it
   * must not displace the honest one.
   */
  readonly pending: Generation[];
  remoteInstance: Uint8Array | null;
  /** The last initiation answered, by its ephemeral key, and the answer: the same one comes over several paths. */
  answered: { readonly ephemeral: Uint8Array; readonly response: Uint8Array } | null;
}

/** Puts a handshake's keys into the AEAD and describes them. */
export function makeGeneration(
  peer: Peer,
  aead: DatagramAead,
  keys: TransportKeys,
  suite: AeadSuite,
  indexes: { local: number; remote: number },
  about: { isResumed: boolean; memory: PeerMemory; remoteInstance: Uint8Array },
): Generation {
  return {
    peer,
    localIndex: indexes.local,
    remoteIndex: indexes.remote,
    openSlot: aead.keyAdd(suite, keys.receive.key, keys.receive.iv),
    sealSlot: aead.keyAdd(suite, keys.send.key, keys.send.iv),
    ...about,
    isConfirmed: false,
    expiresAt: Infinity,
  };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Makes a generation the current one; the one before stays readable for a while, unless its session is gone. */
export function adoptGeneration(
  peer: Peer,
  generation: Generation,
  forget: (old: Generation) => void,
  now: number,
): void {
  const old = peer.current;
  peer.current = generation;
  peer.remoteInstance = generation.remoteInstance;
  const key = { slot: generation.sealSlot, remoteIndex: generation.remoteIndex };
  peer.session.installKeys(key, generation.isResumed, generation.memory, now);
  if (peer.previous !== null) forget(peer.previous);
  peer.previous = null;
  if (old === null) return;
  if (generation.isResumed) {
    old.expiresAt = now + OLD_KEYS_MICROS;
    peer.previous = old;
  } else {
    forget(old);
  }
}

/** Datagrams under old keys may be on the way, or waiting for a path to recover. */
const OLD_KEYS_MICROS = 10_000_000;
