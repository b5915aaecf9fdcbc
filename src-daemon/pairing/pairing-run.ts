import { randomBytes } from 'node:crypto';
import { candidatesOf, isLinkLocalAddress, type BoxAddress } from '../../src-driver/box-address.ts';
import type { Pump } from '../../src-driver/pump.ts';
import { isUsablePublicKey } from '../../src-engine/crypto/x25519.ts';
import type { Engine } from '../../src-engine/engine.ts';
import type { RawDatagram } from '../../src-engine/peer.ts';
import type { PairingIdentity } from '../../src-pairing/identity.ts';
import { LaptopPairing, type PairingFailure } from '../../src-pairing/laptop-pairing.ts';
import { fingerprintOf, type LinkSnapshot } from '../../src-platform/index.ts';
import type { NativeApi } from '../../src-platform/native.ts';
import { TUNNEL_MARK } from '../tunnel.ts';

/** A box that may be meant. */
export interface PairingTarget {
  readonly addresses: readonly BoxAddress[];
  /** What it was announced with; null if nothing was announced. */
  readonly fingerprint: string | null;
}

/** What a run is made of. */
export interface PairingRunParts {
  readonly native: Pick<NativeApi, 'UdpSocket' | 'addressIntern' | 'addressPin' | 'addressUnpin'>;
  readonly engine: Pick<Engine, 'sendRaw'>;
  readonly pump: Pick<Pump, 'now' | 'flush' | 'addSocket' | 'removeSocket'>;
  /** Links that may be used, at least one. */
  readonly links: readonly LinkSnapshot[];
  readonly targets: readonly PairingTarget[];
  readonly identity: PairingIdentity;
  readonly code: string;
  /** Called when both sides are proven: prepares to store the box. Where it rejects, pairing ends so. */
  readonly stage: (box: PairingIdentity, target: number) => Promise<void>;
}

/** How a run ended; `address` is the one at which the box answered. */
export type PairingEnd =
  | { readonly kind: 'paired'; readonly address: BoxAddress }
  | { readonly kind: 'failed'; readonly failure: PairingFailure };

interface Way {
  readonly target: number;
  readonly linkName: string;
  readonly remote: BoxAddress;
  readonly remoteId: number;
  readonly socket: number;
}

/** One attempt to pair: sockets over each usable link, and the clock, for {@link LaptopPairing}. */
export class PairingRun {
  private readonly parts: PairingRunParts;
  private readonly ways: readonly Way[];
  private readonly pairing: LaptopPairing;
  private timer: NodeJS.Timeout | null = null;
  private isStaging = false;
  private settle: { resolve: (end: PairingEnd) => void; reject: (error: unknown) => void } | null = null;

  constructor(parts: PairingRunParts) {
    this.parts = parts;
    this.ways = parts.links.flatMap((link) =>
      parts.targets.flatMap(({ addresses }, target) =>
        candidatesOf(link, addresses)
          .slice(0, MOST_WAYS_PER_LINK)
          .flatMap(({ localAddress, remote, family }) => {
            try {
              return [
                { target, linkName: link.name, remote, ...this.open(link, localAddress, remote, family) },
              ];
            } catch {
              // A link that goes away at this moment; the others are tried.
              return [];
            }
          }),
      ),
    );
    this.pairing = new LaptopPairing({
      identity: parts.identity,
      code: parts.code,
      ways: this.ways.map(({ target }) => ({ box: target, fingerprint: parts.targets[target]!.fingerprint })),
      random: (count) => new Uint8Array(randomBytes(count)),
      fingerprintOf,
      now: parts.pump.now(),
    });
  }

  /** Where the box was looked for: `192.168.1.2:4747 over eth0`. */
  get tried(): readonly string[] {
    return this.ways.map(({ linkName, remote: { address, port } }) => {
      const host = address.includes(':') ? `[${address}]` : address;
      return `${host}:${port} over ${linkName}`;
    });
  }

  /** Pairs. @throws what `stage` throws; then neither side has stored anything. */
  run(): Promise<PairingEnd> {
    return new Promise<PairingEnd>((resolve, reject) => {
      this.settle = { resolve, reject };
      this.pairing.onTimeout(this.parts.pump.now());
      this.advance();
    });
  }

  /** Takes a datagram of pairing; the pump sends what answers it. */
  onDatagram({ socket, remote, bytes }: RawDatagram): void {
    const way = this.ways.findIndex(
      (candidate) => candidate.socket === socket && candidate.remoteId === remote,
    );
    if (way < 0) return;
    this.pairing.onDatagram(way, bytes, this.parts.pump.now());
    this.advance();
  }

  /** Frees the sockets; a run that is under way never ends then. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    for (const { socket, remoteId } of this.ways) {
      this.parts.pump.removeSocket(socket);
      this.parts.native.addressUnpin(remoteId);
    }
  }

  private open(
    link: LinkSnapshot,
    localAddress: string,
    remote: BoxAddress,
    family: 4 | 6,
  ): { readonly remoteId: number; readonly socket: number } {
    const { native, pump } = this.parts;
    const scopeId = link.ifindex;
    const options = { family, localAddress, localPort: 0, device: link.name, scopeId, mark: TUNNEL_MARK };
    const socket = new native.UdpSocket(options);
    const scope = isLinkLocalAddress(remote.address) ? scopeId : 0;
    const remoteId = native.addressIntern(remote.address, remote.port, scope);
    native.addressPin(remoteId);
    return { remoteId, socket: pump.addSocket(socket) };
  }

  private advance(): void {
    const { pump, engine } = this.parts;
    for (let next = this.pairing.poll(); next !== undefined; next = this.pairing.poll()) {
      const { socket, remoteId } = this.ways[next.way]!;
      engine.sendRaw({ socket, remote: remoteId, bytes: next.bytes });
    }
    pump.flush();
    this.setTimer();
    const { state } = this.pairing;
    switch (state.kind) {
      case 'asking':
      case 'sharing':
      case 'confirming':
      case 'pinning':
        return;
      case 'staging':
        return this.stage(state.box);
      case 'done':
        return this.settle?.resolve({ kind: 'paired', address: this.ways[state.way]!.remote });
      case 'failed':
        return this.settle?.resolve({ kind: 'failed', failure: state.failure });
    }
  }

  private stage(box: PairingIdentity): void {
    if (this.isStaging) return;
    this.isStaging = true;
    // A key with which every shared secret is zero would let anybody speak for this box.
    if (!isUsablePublicKey(box.publicKey))
      return this.settle?.resolve({ kind: 'failed', failure: { kind: 'impostor' } });
    this.parts.stage(box, this.pairing.target).then(
      () => {
        this.pairing.staged(this.parts.pump.now());
        this.advance();
      },
      (error: unknown) => this.settle?.reject(error),
    );
  }

  private setTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const { nextDeadline } = this.pairing;
    if (nextDeadline === Infinity) return;
    const delayMs = Math.max(0, (nextDeadline - this.parts.pump.now()) / 1_000);
    this.timer = setTimeout(() => {
      this.pairing.onTimeout(this.parts.pump.now());
      this.advance();
    }, delayMs);
  }
}

/** A box tells few addresses that a link can reach; more would only make the question louder. */
const MOST_WAYS_PER_LINK = 4;
