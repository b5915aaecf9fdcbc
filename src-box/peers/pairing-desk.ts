import { randomBytes } from 'node:crypto';
import type { Pump } from '../../src-driver/pump.ts';
import type { Engine } from '../../src-engine/engine.ts';
import { isUsablePublicKey } from '../../src-engine/crypto/x25519.ts';
import type { RawDatagram } from '../../src-engine/peer.ts';
import { PROTOCOL_VERSION } from '../../src-engine/wire/handshake.ts';
import { BoxPairing, type BoxPairingEvent } from '../../src-pairing/box-pairing.ts';
import { MOST_NAME_BYTES, type PinOutcome } from '../../src-pairing/messages.ts';
import { StorageError, fingerprintOf } from '../../src-platform/index.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import type { NativeApi } from '../../src-platform/native.ts';
import type { BoxStatus } from '../../src-shared/model/box-status.ts';
import type { ShownCode } from '../../src-shared/model/pairing.ts';
import { laptopNameOf } from './laptop-name.ts';
import type { PeerRegistry } from './peer-registry.ts';

/** What the desk joins. */
export interface PairingDeskParts {
  readonly native: Pick<NativeApi, 'addressPin' | 'addressUnpin'>;
  readonly engine: Pick<Engine, 'sendRaw'>;
  readonly pump: Pick<Pump, 'now' | 'flush'>;
  readonly registry: Pick<PeerRegistry, 'pair'>;
  readonly log: Log;
  readonly publicKey: Uint8Array;
  readonly name: string;
  /** Bytes that name a remote address and port. */
  readonly describeRemote: (remote: number) => Uint8Array;
}

/** Where laptops pair: gives time, datagrams and the list of peers to {@link BoxPairing}. */
export class PairingDesk {
  private readonly parts: PairingDeskParts;
  private readonly pairing: BoxPairing;
  private timer: NodeJS.Timeout | null = null;
  private lastFailedAt: string | null = null;

  constructor(parts: PairingDeskParts) {
    this.parts = parts;
    this.pairing = new BoxPairing({
      identity: {
        publicKey: parts.publicKey,
        name: Buffer.from(parts.name).subarray(0, MOST_NAME_BYTES),
        tunnelVersion: PROTOCOL_VERSION,
      },
      random: (count) => new Uint8Array(randomBytes(count)),
    });
  }

  /** Shows a new code in place of the one before. The code is given to the caller alone and never logged. */
  showCode(): Omit<ShownCode, 'fingerprint'> {
    const { code, expiresAt } = this.pairing.openCode(this.parts.pump.now());
    this.afterChange(null);
    this.parts.log.info('pairing-code-shown');
    return { code, expiresAt: this.wallClockOf(expiresAt) };
  }

  get status(): BoxStatus['pairing'] {
    const { open, lastCode, failed } = this.pairing.status;
    return {
      open: open === null ? null : { ...open, expiresAt: this.wallClockOf(open.expiresAt) },
      lastCode,
      failedAttempts: failed,
      lastFailedAt: this.lastFailedAt,
    };
  }

  /** Takes a datagram; the pump sends the answer when it has handled the batch. */
  onDatagram(datagram: RawDatagram): void {
    const { remote, bytes } = datagram;
    const answer = this.pairing.onDatagram(bytes, this.parts.describeRemote(remote), this.parts.pump.now());
    if (answer !== null) this.parts.engine.sendRaw({ ...datagram, bytes: answer });
    this.afterChange(datagram);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private afterChange(datagram: RawDatagram | null): void {
    for (let event = this.pairing.pollEvent(); event !== undefined; event = this.pairing.pollEvent())
      this.onEvent(event, datagram);
    this.close();
    const { nextDeadline } = this.pairing;
    if (nextDeadline === Infinity) return;
    this.timer = setTimeout(
      () => {
        this.pairing.onTimeout(this.parts.pump.now());
        this.afterChange(null);
      },
      (nextDeadline - this.parts.pump.now()) / 1_000 + 1,
    );
  }

  private onEvent(event: BoxPairingEvent, datagram: RawDatagram | null): void {
    const { log } = this.parts;
    switch (event.kind) {
      case 'begun':
        log.info('pairing-begun', { triesLeft: event.triesLeft });
        return;
      case 'wrong-code':
      case 'abandoned':
        this.lastFailedAt = new Date().toISOString();
        log.warn(`pairing-${event.kind}`, { triesLeft: event.triesLeft });
        if (datagram !== null) log.debug('pairing-from', { remote: this.describe(datagram) });
        return;
      case 'closed':
        log.info('pairing-code-closed', { because: event.fate });
        return;
      case 'pin':
        if (datagram !== null) void this.pin(event, datagram);
        return;
    }
  }

  private async pin(
    { attempt, laptop }: Extract<BoxPairingEvent, { kind: 'pin' }>,
    asked: RawDatagram,
  ): Promise<void> {
    const { native, engine, pump, log } = this.parts;
    // The answer goes out after other datagrams have come, which may not take the address's place meanwhile.
    native.addressPin(asked.remote);
    const outcome = await this.store(Buffer.from(laptop.name).toString(), laptop.publicKey);
    log[outcome === 'stored' ? 'info' : 'error']('pairing-ended', { outcome });
    log.debug('pairing-key', { fingerprint: fingerprintOf(laptop.publicKey) });
    const answer = this.pairing.finishPin(attempt, outcome);
    if (answer !== null) engine.sendRaw({ ...asked, bytes: answer });
    pump.flush();
    native.addressUnpin(asked.remote);
  }

  private async store(name: string, publicKey: Uint8Array): Promise<PinOutcome> {
    try {
      // A key with which every shared secret is zero would let anybody in.
      if (!isUsablePublicKey(publicKey)) return 'failed';
      await this.parts.registry.pair(laptopNameOf(name), publicKey);
      return 'stored';
    } catch (error) {
      this.parts.log.error('pairing-not-stored', describeError(error));
      return error instanceof StorageError && error.code === 'STORAGE_FULL' ? 'disk-full' : 'failed';
    }
  }

  private describe({ remote }: RawDatagram): string {
    return Buffer.from(this.parts.describeRemote(remote)).toString();
  }

  private wallClockOf(micros: number): string {
    return new Date(Date.now() + (micros - this.parts.pump.now()) / 1_000).toISOString();
  }
}
