import { stored } from '../../src-driver/stored.ts';
import type { Engine } from '../../src-engine/engine.ts';
import type { Path } from '../../src-engine/path/path.ts';
import { PROTOCOL_VERSION } from '../../src-engine/wire/handshake.ts';
import { native } from '../../src-platform/native.ts';
import { fingerprintOf, type StaticKey } from '../../src-platform/index.ts';
import type { BoxContract, Handlers } from '../../src-shared/control/contract.ts';
import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import type { PeerPath, PeerStatus } from '../../src-shared/model/box-status.ts';
import { VERSION } from '../../src-shared/version.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import type { BoxOptions } from '../box-options.ts';
import type { PairingDesk } from '../peers/pairing-desk.ts';
import type { BoxAnnouncement } from '../discovery/announcement.ts';
import type { BoxPeer, PeerRegistry } from '../peers/peer-registry.ts';

/** The box as its control methods see it. */
export interface HandledBox {
  readonly key: StaticKey;
  readonly fingerprint: string;
  readonly options: BoxOptions;
  readonly startedAt: Date;
  readonly registry: PeerRegistry;
  readonly engine: Engine;
  readonly pairing: PairingDesk;
  readonly announcement: BoxAnnouncement;
}

/** One entry for each method of the box's contract. */
export function boxHandlers(box: HandledBox): Handlers<BoxContract> {
  return {
    'box.status': () =>
      ok({
        name: box.options.name,
        publicKey: box.key.publicKeyText,
        fingerprint: box.fingerprint,
        listen: socketText(box.options.listen.address, box.options.listen.port),
        uplink: box.options.uplink,
        tunnelNet4: box.options.tunnelNet4,
        tunnelNet6: box.options.tunnelNet6,
        startedAt: box.startedAt.toISOString(),
        announcement: box.announcement.status,
        peers: box.registry.peers.map(peerStatus),
        pairing: box.pairing.status,
        drops: { ...box.engine.drops.snapshot() },
        version: { box: VERSION, protocol: PROTOCOL_VERSION },
      }),
    'box.peers': () => ok({ peers: box.registry.peers.map(peerStatus) }),
    'box.revoke': ({ name }) => {
      const peer = pairedPeer(box.registry, name);
      return peer.ok ? stored(() => box.registry.revoke(peer.value)) : peer;
    },
    'box.rename': ({ name, newName }) => {
      const peer = pairedPeer(box.registry, name);
      if (!peer.ok) return peer;
      if (name !== newName && !box.registry.isNameFree(newName))
        return err(controlError('NAME_TAKEN', `another laptop is named ${newName}; choose another name`));
      return stored(() => box.registry.rename(peer.value, newName));
    },
    'box.pair': () => ok({ ...box.pairing.showCode(), fingerprint: box.fingerprint }),
    'box.key': () => ok({ publicKey: box.key.publicKeyText, fingerprint: box.fingerprint }),
  };
}

function pairedPeer(registry: PeerRegistry, name: string): Result<BoxPeer, ControlError> {
  const peer = registry.peers.find((candidate) => candidate.name === name);
  if (peer === undefined)
    return err(controlError('NO_SUCH_PEER', `no paired laptop is named ${name}; see bowline-box peers`));
  if (peer.origin === 'paired') return ok(peer);
  const advice = 'change the command line and start the box again';
  return err(controlError('PEER_FROM_ARGUMENT', `${name} was given by --peer; ${advice}`));
}

function peerStatus(peer: BoxPeer): PeerStatus {
  const { session } = peer;
  const isSilent = !session.isEstablished || !session.hasCarrying;
  return {
    name: peer.name,
    publicKey: peer.publicKeyText,
    fingerprint: fingerprintOf(peer.publicKey),
    state: peer.lastSeenAt === null ? 'never-seen' : isSilent ? 'silent' : 'connected',
    origin: peer.origin,
    tunnelAddress4: peer.address4,
    tunnelAddress6: peer.address6,
    lastSeenAt: peer.lastSeenAt === null ? null : new Date(peer.lastSeenAt).toISOString(),
    paths: session.paths.filter((path) => path.isOpen).map((path) => pathStatus(peer, path)),
  };
}

function pathStatus({ session }: BoxPeer, path: Path): PeerPath {
  const { address, port } = native.addressDescribe(path.remote);
  const standing = path === session.scheduler.carrying ? 'carrying' : 'standby';
  return {
    address: socketText(address, port),
    state: path.isUsable ? standing : path.state === 'suspect' ? 'suspect' : 'lost',
    rttMicros: path.rtt.hasSample ? path.rtt.smoothedMicros : null,
    lossRatio: path.lossRatio,
    txBitsPerSecond: 0,
    rxBitsPerSecond: 0,
  };
}

function socketText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
