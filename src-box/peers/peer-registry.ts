import type { Pump } from '../../src-driver/pump.ts';
import type { Engine } from '../../src-engine/engine.ts';
import { CLOSE_REVOKED } from '../../src-engine/session-types.ts';
import type { Session } from '../../src-engine/session.ts';
import { VNET_HEADER_BYTES } from '../../src-engine/send/lane-hash.ts';
import { readU32 } from '../../src-engine/wire/header.ts';
import type { Leases } from './leases.ts';
import type { PairedLaptops } from './paired-laptops.ts';
import { addressBytes6, address6Of, addressText4, hostsIn, type TunnelNetwork4 } from './tunnel-network.ts';

/** A laptop that may use this box. */
export interface BoxPeer {
  name: string;
  readonly publicKey: Uint8Array;
  readonly publicKeyText: string;
  readonly origin: 'argument' | 'paired';
  readonly session: Session;
  readonly address4: string;
  readonly address6: string | null;
  /** Milliseconds since the epoch; null before the first session. */
  lastSeenAt: number | null;
}

/** What a registry is made of. */
export interface PeerRegistryParts {
  readonly engine: Pick<Engine, 'addPeer' | 'removePeer'>;
  readonly pump: Pick<Pump, 'now' | 'flush' | 'pinRemotes'>;
  readonly leases: Leases;
  readonly paired: PairedLaptops;
  readonly network4: TunnelNetwork4;
  readonly network6: string | null;
}

/** Who may use the box, and which packet belongs to whom. */
export class PeerRegistry {
  private readonly parts: PeerRegistryParts;
  private readonly byAddress = new Map<number, BoxPeer>();
  private readonly byHost6 = new Map<number, BoxPeer>();
  private readonly list: BoxPeer[] = [];

  constructor(parts: PeerRegistryParts) {
    this.parts = parts;
  }

  get peers(): readonly BoxPeer[] {
    return this.list;
  }

  /** Lets a laptop in. @throws StorageError, RangeError as {@link Leases.hostOf}. */
  async add(name: string, publicKey: Uint8Array, origin: BoxPeer['origin']): Promise<BoxPeer> {
    const { engine, network4, network6 } = this.parts;
    const publicKeyText = Buffer.from(publicKey).toString('base64');
    const host = await this.leaseOf(publicKeyText);
    const session = engine.addPeer(publicKey);
    const address4 = addressText4(network4.base + host);
    const address6 = network6 === null ? null : address6Of(network6, host);
    const bytes6 = address6 === null ? new Uint8Array(16) : addressBytes6(address6);
    session.sourceFilter.allowOnly(network4.base + host, bytes6);
    const peer = { name, publicKey, publicKeyText, origin, session, address4, address6, lastSeenAt: null };
    this.byAddress.set((network4.base + host) >>> 0, peer);
    this.byHost6.set(readU32(bytes6, 12), peer);
    this.list.push(peer);
    return peer;
  }

  /** Lets those in that paired earlier and are not given by an argument. @throws as {@link add}. */
  async restore(): Promise<void> {
    for (const { name, publicKey } of this.parts.paired.list) {
      if (this.byKey(publicKey) !== undefined) continue;
      await this.add(this.freeName(name), new Uint8Array(Buffer.from(publicKey, 'base64')), 'paired');
    }
  }

  /**
   * Lets a laptop in for good. One that paired before keeps its name, address and session. The list of the paired is
   * written last, in one step: a lease without a laptop does no harm.
   * @throws StorageError, RangeError as {@link add}; then the laptop is not let in.
   */
  async pair(wantedName: string, publicKey: Uint8Array): Promise<BoxPeer> {
    const text = Buffer.from(publicKey).toString('base64');
    const known = this.byKey(text);
    const name = known?.name ?? this.freeName(wantedName);
    await this.leaseOf(text);
    await this.parts.paired.put(name, text);
    return known ?? this.add(name, publicKey, 'paired');
  }

  /** Gives a laptop another name, which has to be free. @throws StorageError with the old name kept. */
  async rename(peer: BoxPeer, name: string): Promise<void> {
    await this.parts.paired.put(name, peer.publicKeyText);
    peer.name = name;
  }

  /** Forgets a laptop and ends its session, in this order. @throws StorageError; then nothing has changed. */
  async revoke(peer: BoxPeer): Promise<void> {
    const { engine, pump, paired } = this.parts;
    await paired.remove(peer.publicKeyText);
    const index = this.list.indexOf(peer);
    if (index < 0) return;
    peer.session.close(CLOSE_REVOKED);
    pump.flush();
    this.list.splice(index, 1);
    for (const map of [this.byAddress, this.byHost6])
      for (const [address, owner] of map) if (owner === peer) map.delete(address);
    engine.removePeer(peer.session, pump.now());
    pump.pinRemotes(peer.session);
  }

  isNameFree(name: string): boolean {
    return !this.list.some((peer) => peer.name === name);
  }

  private freeName(wanted: string): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted.slice(0, LONGEST_STEM)}-${number}`;
      if (this.isNameFree(name)) return name;
    }
  }

  private byKey(publicKeyText: string): BoxPeer | undefined {
    return this.list.find((peer) => peer.publicKeyText === publicKeyText);
  }

  private leaseOf(publicKeyText: string): Promise<number> {
    return this.parts.leases.hostOf(publicKeyText, hostsIn(this.parts.network4));
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

/** Of 63 characters, room for a number behind the name. */
const LONGEST_STEM = 56;
