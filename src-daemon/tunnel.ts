import { hostname } from 'node:os';
import { encodeControlMessage } from '../src-driver/control-messages.ts';
import { LinkPaths } from '../src-driver/link-paths.ts';
import type { Pump } from '../src-driver/pump.ts';
import { takesSegmentedUdp } from '../src-driver/tun-offloads.ts';
import type { Engine } from '../src-engine/engine.ts';
import type { Session } from '../src-engine/session.ts';
import type { SessionEvent } from '../src-engine/session-events.ts';
import { CLOSE_SHUTDOWN } from '../src-engine/session-types.ts';
import { native } from '../src-platform/native.ts';
import type { NativeTun } from '../src-platform/native.ts';
import { describeError, type Log } from '../src-platform/log.ts';
import type { Mode } from '../src-shared/model/status.ts';
import { VERSION } from '../src-shared/version.ts';
import type { LoopTunnel, PacketLoop } from './packet-loop.ts';

/** Name of the laptop's tunnel device. */
export const TUNNEL_NAME = 'bowline0';

/**
 * Firewall mark of the tunnel's own datagrams, which rules send past the tunnel. The number is that of the UDP port;
 * it shares no bits with Tailscale's mask (0xff0000) and differs from wg-quick's usual 0xca6c.
 */
export const TUNNEL_MARK = 4747;

/** The laptop's end of the tunnel to one box: session, paths, and the TUN while it is wanted. */
export class Tunnel implements LoopTunnel {
  readonly engine: Engine;
  readonly session: Session;
  readonly pump: Pump;
  readonly linkPaths: LinkPaths;
  private readonly loop: PacketLoop;
  private readonly onEvent: (event: SessionEvent) => void;
  private tun: NativeTun | null = null;

  constructor(loop: PacketLoop, boxKey: Uint8Array, log: Log, onEvent: (event: SessionEvent) => void) {
    this.loop = loop;
    this.onEvent = onEvent;
    this.engine = loop.engine;
    this.pump = loop.pump;
    this.session = this.engine.addPeer(boxKey);
    this.linkPaths = new LinkPaths({
      native,
      pump: this.pump,
      session: this.session,
      mark: TUNNEL_MARK,
      onRefused: (link, error) => log.warn('path-refused', { link, ...describeError(error) }),
    });
    loop.tunnel = this;
  }

  packetSession(): Session | null {
    return this.session.isEstablished || this.tun !== null ? this.session : null;
  }

  takeEvents(): void {
    for (let event = this.session.pollEvent(); event !== undefined; event = this.session.pollEvent())
      this.onEvent(event);
  }

  writePackets(table: number, count: number): void {
    const written = this.tun?.write(table, count) ?? 0;
    if (written < count) this.engine.drops.add('tun-refused', count - written);
  }

  /** Makes the TUN. @throws NativeSystemError `EPERM`, `ENOENT` (no tun module), `EBUSY` (name taken). */
  openDevice(): void {
    if (this.tun !== null) return;
    this.tun = new native.Tun({ name: TUNNEL_NAME, queueLength: QUEUE_PACKETS });
    this.engine.coalescer.isEnabled = takesSegmentedUdp(this.tun);
    this.pump.attachTun(this.tun);
  }

  /** Index of the TUN's interface; 0 while there is none. */
  get deviceIndex(): number {
    return this.tun?.ifindex ?? 0;
  }

  /** Uses the links in another way, in both directions. @param chosen the mode that goes on afterwards */
  setMode(mode: Mode, chosen = mode): void {
    this.linkPaths.setSaving(chosen === 'saver');
    if (this.session.mode === mode) return;
    this.session.mode = mode;
    if (this.session.isEstablished) this.greet();
  }

  /** Tells the box who this is and how it should send. */
  greet(): void {
    const { mode } = this.session;
    const hello = { type: 'hello', laptopName: hostname(), version: VERSION, mode } as const;
    this.session.sendControl(encodeControlMessage(hello), this.pump.now());
    this.pump.flush();
  }

  closeDevice(): void {
    if (this.tun === null) return;
    this.pump.detachTun();
    this.tun.close();
    this.tun = null;
  }

  /** Says goodbye to the box, for now or for good, and closes all paths. */
  disconnect(reason = CLOSE_SHUTDOWN): void {
    if (this.session.isEstablished) this.session.close(reason);
    this.pump.flush();
    this.linkPaths.setLinks([], { priorities: new Map(), metered: new Set() });
  }

  /** Frees everything; the packet loop may then serve another tunnel. */
  close(reason = CLOSE_SHUTDOWN): void {
    this.disconnect(reason);
    this.closeDevice();
    this.loop.tunnel = null;
    this.engine.removePeer(this.session, this.pump.now());
    this.pump.pinRemotes(this.session);
  }
}

/** Packets waiting for the daemon: 20 ms of a fast upload, and a second of a 1,000 packets/s stream. */
const QUEUE_PACKETS = 2_000;
