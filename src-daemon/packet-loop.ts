import { randomBytes } from 'node:crypto';
import { Pump } from '../src-driver/pump.ts';
import { createTunnelMemory, nativeAead } from '../src-driver/tunnel-memory.ts';
import { importPrivateKey } from '../src-engine/crypto/x25519.ts';
import { Engine } from '../src-engine/engine.ts';
import type { Arena } from '../src-engine/memory.ts';
import type { RawDatagram } from '../src-engine/peer.ts';
import type { Session } from '../src-engine/session.ts';
import { native } from '../src-platform/native.ts';
import type { StaticKey } from '../src-platform/index.ts';

/** The tunnel as the packet loop sees it. */
export interface LoopTunnel {
  /** Where a packet from the TUN goes; null if nowhere. */
  packetSession(): Session | null;
  writePackets(table: number, count: number): void;
  takeEvents(): void;
}

/** Sees the packets that the tunnel carries. They are behind a virtio-net header, and valid until a call returns. */
export interface PacketWatcher {
  /** A packet is about to enter the tunnel. */
  onEnter(bytes: Uint8Array, at: number, length: number): void;
  /** Packets have come out of the tunnel, in a table as `writePackets` takes it. No program has them yet. */
  onLeave(arena: Arena, table: number, count: number): void;
}

/** What carries packets and lets somebody watch. */
export interface WatchedPackets {
  /** Null while nobody watches. */
  watcher: PacketWatcher | null;
}

/**
 * Arena, engine and packet loop of the daemon. There is one for as long as the daemon runs, also while no box is known:
 * pairing needs it, and memory that is shared with the addon is made once.
 */
export class PacketLoop implements WatchedPackets {
  readonly engine: Engine;
  readonly pump: Pump;
  /** Null while no box is known. */
  tunnel: LoopTunnel | null = null;
  /** Null while nobody pairs. */
  onPairing: ((datagram: RawDatagram) => void) | null = null;
  watcher: PacketWatcher | null = null;

  constructor(key: StaticKey) {
    const memory = createTunnelMemory(native);
    this.pump = new Pump({
      native,
      memory,
      sessionFor: (bytes, at, length) => {
        this.watcher?.onEnter(bytes, at, length);
        return this.tunnel?.packetSession() ?? null;
      },
      onEvents: () => this.tunnel?.takeEvents(),
    });
    this.engine = new Engine({
      role: 'initiator',
      staticKey: importPrivateKey(key.privateKey),
      memory,
      aead: nativeAead(native),
      packets: () => ({
        writePackets: (table, count) => {
          this.watcher?.onLeave(memory, table, count);
          this.tunnel?.writePackets(table, count);
        },
      }),
      random: (count) => new Uint8Array(randomBytes(count)),
      now: native.nowMicros(),
      describeRemote: () => new Uint8Array(0),
      sourceOf: native.addressSource,
      onPairing: (datagram) => this.onPairing?.(datagram),
    });
    this.pump.setEngine(this.engine);
  }

  close(): void {
    this.pump.close();
  }
}
