import type { Engine } from '../../src-engine/engine.ts';
import type { Session } from '../../src-engine/session.ts';
import { VNET_HEADER_BYTES } from '../../src-engine/send/lane-hash.ts';
import { readU32 } from '../../src-engine/wire/header.ts';
import type { Leases } from './leases.ts';
import { addressBytes6, address6Of, addressText4, hostsIn, type TunnelNetwork4 } from './tunnel-network.ts';

/** A laptop that may use this box. */
export interface BoxPeer {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly publicKeyText: string;
  readonly origin: 'argument' | 'paired';
  readonly session: Session;
  readonly address4: string;
  readonly address6: string | null;
  /** Milliseconds since the epoch; null before the first session. */
  lastSeenAt: number | null;
}

/** Who may use the box, and which packet belongs to whom. */
export class PeerRegistry {
  private readonly engine: Engine;
  private readonly leases: Leases;
  private readonly network4: TunnelNetwork4;
  private readonly network6: string | null;
  private readonly byAddress = new Map<number, BoxPeer>();
  private readonly byHost6 = new Map<number, BoxPeer>();
  private readonly list: BoxPeer[] = [];

  constructor(engine: Engine, leases: Leases, network4: TunnelNetwork4, network6: string | null) {
    this.engine = engine;
    this.leases = leases;
    this.network4 = network4;
    this.network6 = network6;
  }

  get peers(): readonly BoxPeer[] {
    return this.list;
  }

  /** Lets a laptop in. @throws StorageError, RangeError as {@link Leases.hostOf}. */
  async add(name: string, publicKey: Uint8Array, origin: BoxPeer['origin']): Promise<BoxPeer> {
    const publicKeyText = Buffer.from(publicKey).toString('base64');
    const host = await this.leases.hostOf(publicKeyText, hostsIn(this.network4));
    const session = this.engine.addPeer(publicKey);
    const address4 = addressText4(this.network4.base + host);
    const address6 = this.network6 === null ? null : address6Of(this.network6, host);
    const bytes6 = address6 === null ? new Uint8Array(16) : addressBytes6(address6);
    session.sourceFilter.allowOnly(this.network4.base + host, bytes6);
    const peer = { name, publicKey, publicKeyText, origin, session, address4, address6, lastSeenAt: null };
    this.byAddress.set((this.network4.base + host) >>> 0, peer);
    this.byHost6.set(readU32(bytes6, 12), peer);
    this.list.push(peer);
    return peer;
  }

  bySession(session: Session): BoxPeer | undefined {
    return this.list.find((peer) => peer.session === session);
  }

  /** The session that a packet from the TUN goes to, by its destination; null if nobody has that address. */
  sessionFor(bytes: Uint8Array, at: number, length: number): Session | null {
    const ip = at + VNET_HEADER_BYTES;
    if (length < VNET_HEADER_BYTES + 20) return null;
    if (bytes[ip]! >> 4 === 4) return this.byAddress.get(readU32(bytes, ip + 16))?.session ?? null;
    if (length < VNET_HEADER_BYTES + 40) return null;
    return this.byHost6.get(readU32(bytes, ip + 36))?.session ?? null;
  }
}
