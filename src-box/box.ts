import { randomBytes } from 'node:crypto';
import { ControlServer, localControlAccess } from '../src-control/index.ts';
import { decodeControlMessage, encodeControlMessage } from '../src-driver/control-messages.ts';
import { Pump } from '../src-driver/pump.ts';
import { startOrStop } from '../src-driver/run-daemon.ts';
import { undoChanges } from '../src-driver/undo-changes.ts';
import { takesSegmentedUdp } from '../src-driver/tun-offloads.ts';
import { createTunnelMemory, nativeAead } from '../src-driver/tunnel-memory.ts';
import { importPrivateKey } from '../src-engine/crypto/x25519.ts';
import { Engine } from '../src-engine/engine.ts';
import type { Session } from '../src-engine/session.ts';
import type { SessionEvent } from '../src-engine/session-events.ts';
import { CLOSE_REVOKED } from '../src-engine/session-types.ts';
import { native } from '../src-platform/native.ts';
import type { NativeNetlink, NativeTun } from '../src-platform/native.ts';
import {
  BoxNat,
  SystemJournal,
  Sysctls,
  decodePublicKey,
  exec,
  fingerprintOf,
  loadOrCreateStaticKey,
  sysctlFiles,
  type StaticKey,
} from '../src-platform/index.ts';
import { describeError, type Log } from '../src-platform/log.ts';
import { boxContract, type BoxContract } from '../src-shared/control/contract.ts';
import { VERSION } from '../src-shared/version.ts';
import type { TunnelConfig } from '../src-shared/tunnel/control-message.ts';
import type { BoxOptions } from './box-options.ts';
import { BoxTunnelDevice } from './tunnel-device.ts';
import { boxHandlers } from './control/handlers.ts';
import { BoxAnnouncement } from './discovery/announcement.ts';
import { localAddresses } from './peers/local-addresses.ts';
import { Leases } from './peers/leases.ts';
import { PairedLaptops } from './peers/paired-laptops.ts';
import { PairingDesk } from './peers/pairing-desk.ts';
import { PeerRegistry } from './peers/peer-registry.ts';
import { addressText4, parseNetwork4 } from './peers/tunnel-network.ts';

/** Name of the box's tunnel device. */
const TUNNEL_NAME = 'bowline0';

/** The running box: one TUN, one socket, NAT, and a session for each laptop. */
export class Box {
  readonly startedAt = new Date();
  readonly key: StaticKey;
  readonly engine: Engine;
  readonly registry: PeerRegistry;
  readonly pairing: PairingDesk;
  readonly options: BoxOptions;
  readonly announcement: BoxAnnouncement;
  private readonly log: Log;
  private readonly pump: Pump;
  private readonly tun: NativeTun;
  private readonly netlink: NativeNetlink;
  private readonly journal: SystemJournal;
  private control: ControlServer<BoxContract> | null = null;
  private addresses: readonly string[] = [];

  private constructor(parts: {
    options: BoxOptions;
    log: Log;
    key: StaticKey;
    journal: SystemJournal;
    leases: Leases;
    paired: PairedLaptops;
    tun: NativeTun;
  }) {
    const { options, log, key, journal, leases, paired, tun } = parts;
    this.options = options;
    this.log = log;
    this.key = key;
    this.journal = journal;
    this.tun = tun;
    this.announcement = new BoxAnnouncement(options, this.fingerprint, log);
    const memory = createTunnelMemory(native);
    this.pump = new Pump({
      native,
      memory,
      sessionFor: (bytes, at, length) => this.registry.sessionFor(bytes, at, length),
      onEvents: () => this.handleEvents(),
    });
    this.engine = new Engine({
      role: 'responder',
      staticKey: importPrivateKey(key.privateKey),
      memory,
      aead: nativeAead(native),
      packets: () => ({ writePackets: (table, count) => this.writePackets(table, count) }),
      random: (count) => new Uint8Array(randomBytes(count)),
      now: native.nowMicros(),
      describeRemote,
      sourceOf: native.addressSource,
      onPairing: (datagram) => this.pairing.onDatagram(datagram),
    });
    this.engine.coalescer.isEnabled = takesSegmentedUdp(tun);
    this.pump.setEngine(this.engine);
    const { engine, pump } = this;
    const network4 = parseNetwork4(options.tunnelNet4);
    this.registry = new PeerRegistry({
      engine,
      pump,
      leases,
      paired,
      network4,
      network6: options.tunnelNet6,
    });
    const { registry } = this;
    const { publicKey } = key;
    this.pairing = new PairingDesk({
      native,
      engine,
      pump,
      registry,
      log,
      publicKey,
      name: options.name,
      describeRemote,
    });
    this.netlink = new native.Netlink({ groups: ['address4', 'address6'] });
  }

  /** Starts a box. @throws a named error that says what is missing. */
  static async start(given: BoxOptions, log: Log): Promise<Box> {
    const key = await loadOrCreateStaticKey(given.stateDir);
    const journal = await SystemJournal.open(given.stateDir);
    const leases = new Leases(given.stateDir);
    const warning = await leases.load();
    if (warning !== null) log.warn('leases-set-aside', { warning });
    const paired = new PairedLaptops(given.stateDir);
    const pairedWarning = await paired.load();
    if (pairedWarning !== null) log.warn('peers-set-aside', { warning: pairedWarning });
    const sysctls = new Sysctls(sysctlFiles(), journal);
    const device = new BoxTunnelDevice({ native, exec, journal, sysctls });
    const network = parseNetwork4(given.tunnelNet4);
    const address4 = `${addressText4(network.base + 1)}/${network.prefixLength}`;
    const { tun, network6 } = await device.open(TUNNEL_NAME, address4, given.tunnelNet6);
    if (network6 !== given.tunnelNet6)
      log.info('ipv6-off', { cause: 'IPv6 is switched off on this machine' });
    const options = { ...given, tunnelNet6: network6 };
    const box = new Box({ options, log, key, journal, leases, paired, tun });
    return startOrStop(box, async () => {
      for (const { name, publicKey } of options.peers)
        await box.registry.add(name, decodePublicKey(publicKey), 'argument');
      await box.registry.restore();
      const nat = new BoxNat({ exec, journal, sysctls });
      const report = await nat.apply({
        tunnelName: TUNNEL_NAME,
        net4: network.text,
        net6: options.tunnelNet6,
        uplink: options.uplink,
      });
      if (report.refusedSysctls.length > 0) log.warn('sysctls-refused', { sysctls: report.refusedSysctls });
      await box.open();
    });
  }

  private async open(): Promise<void> {
    const { address, port } = this.options.listen;
    const isV4 = address.includes('.');
    const socket = new native.UdpSocket({
      family: isV4 ? 4 : 6,
      ...(address === '::' || address === '0.0.0.0' ? {} : { localAddress: address }),
      localPort: port,
      packetInfo: true,
      dualStack: !isV4,
      receiveBufferBytes: SOCKET_BUFFER_BYTES,
      sendBufferBytes: SOCKET_BUFFER_BYTES,
    });
    this.pump.addSocket(socket);
    this.pump.attachTun(this.tun);
    this.netlink.startPolling(() => this.onAddressChange());
    this.addresses = localAddresses(this.netlink, TUNNEL_NAME);
    this.announcement.start(socket.localPort, TUNNEL_NAME);
    this.control = await ControlServer.listen({
      contract: boxContract,
      handlers: boxHandlers(this),
      snapshots: {},
      socketPath: this.options.socketPath,
      programVersion: VERSION,
      access: localControlAccess(),
      readPeerCredentials: native.peerCredentials,
      onNotice: (notice) => this.log.warn('control', { notice: notice.kind }),
    });
    this.log.info('started', {
      publicKey: this.key.publicKeyText,
      port: socket.localPort,
      peers: this.registry.peers.length,
    });
  }

  get fingerprint(): string {
    return fingerprintOf(this.key.publicKey);
  }

  private writePackets(table: number, count: number): void {
    const written = this.tun.write(table, count);
    if (written < count) this.engine.drops.add('tun-refused', count - written);
  }

  private onAddressChange(): void {
    this.netlink.read();
    const addresses = localAddresses(this.netlink, TUNNEL_NAME);
    if (addresses.join() === this.addresses.join()) return;
    this.addresses = addresses;
    for (const { session } of this.registry.peers) if (session.isEstablished) this.sendConfig(session);
    this.pump.flush();
  }

  private handleEvents(): void {
    for (const { session } of this.registry.peers) {
      for (let event = session.pollEvent(); event !== undefined; event = session.pollEvent()) {
        this.handleEvent(session, event);
      }
    }
  }

  private handleEvent(session: Session, event: SessionEvent): void {
    const peer = this.registry.bySession(session);
    if (peer === undefined) return;
    switch (event.kind) {
      case 'established':
        peer.lastSeenAt = Date.now();
        this.log.info('session-established', { peer: peer.name, isResumed: event.isResumed });
        this.sendConfig(session);
        return;
      case 'path':
        this.pump.pinRemotes(session);
        this.log.debug('path', { peer: peer.name, path: event.pathId, state: event.state });
        return;
      case 'switch':
      case 'bonding':
        this.log.info(event.kind, { peer: peer.name, ...event });
        return;
      case 'control': {
        const message = decodeControlMessage(event.bytes);
        if (message?.type === 'hello') session.mode = message.mode;
        this.log.debug('control-message', { peer: peer.name, type: message?.type ?? 'unknown' });
        return;
      }
      case 'closed':
        this.log.info('session-closed', { peer: peer.name, isRevoked: event.reason === CLOSE_REVOKED });
        // The laptop has forgotten this box, so there is nobody any more to whom its key would be of use.
        if (event.reason === CLOSE_REVOKED && peer.origin === 'paired')
          this.registry
            .revoke(peer)
            .catch((error: unknown) => this.log.error('revoke', describeError(error)));
        return;
      case 'version-mismatch':
        return;
    }
  }

  private sendConfig(session: Session): void {
    const peer = this.registry.bySession(session);
    if (peer === undefined) return;
    const config: TunnelConfig = {
      type: 'config',
      boxName: this.options.name,
      version: VERSION,
      address4: peer.address4,
      prefix4: 32,
      address6: peer.address6,
      prefix6: 128,
      mtuBytes: INNER_MTU_BYTES,
      boxAddresses: this.addresses.slice(0, 32),
      port: this.options.listen.port,
    };
    session.sendControl(encodeControlMessage(config), this.pump.now());
  }

  /** Says goodbye, undoes every change on the system and frees everything. */
  async stop(): Promise<void> {
    for (const { session } of this.registry.peers) session.close(0);
    this.pump.flush();
    this.pairing.close();
    await this.announcement.stop();
    this.netlink.close();
    this.pump.close();
    await this.control?.close();
    this.tun.close();
    await undoChanges(this.journal, this.log);
    this.log.info('stopped');
  }
}

/** Bytes that name a remote address, for cookies. */
function describeRemote(remote: number): Uint8Array {
  const { address, port } = native.addressDescribe(remote);
  return Buffer.from(`${address}|${port}`);
}

/** Inner packets have the size every program expects, whatever the paths carry: they are cut, not fragmented. */
const INNER_MTU_BYTES = 1_500;
const SOCKET_BUFFER_BYTES = 16 * 1024 * 1024;
