import type { DatagramBuilder } from './datagram-builder.ts';
import type { DropCounters } from './drop-counters.ts';
import type { EngineMemory } from './memory.ts';
import type { UdpCoalescer } from './receive/udp-coalescer.ts';
import type { DatagramAead, PacketSink, RandomBytes } from './ports.ts';

/** How a session uses its paths. */
export type Mode = 'seamless' | 'redundant' | 'bonded' | 'saver';

/** The side that owns the links starts handshakes, opens and ranks paths; the other follows. */
export type Role = 'initiator' | 'responder';

/** Reasons in a CLOSE: a shutdown, after which all goes on; the pairing was revoked, by either side. */
export const CLOSE_SHUTDOWN = 0;
export const CLOSE_REVOKED = 1;

/** Keys to send with; the receiving ones are looked up by index before a session is reached. */
export interface SendKey {
  readonly slot: number;
  readonly remoteIndex: number;
}

/** What sessions of one endpoint share. */
export interface SessionPorts {
  readonly memory: EngineMemory;
  readonly aead: DatagramAead;
  readonly packets: PacketSink;
  readonly random: RandomBytes;
  readonly drops: DropCounters;
  readonly builder: DatagramBuilder;
  readonly coalescer: UdpCoalescer;
}
