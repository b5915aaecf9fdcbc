import { CLOSE_REVOKED, CLOSE_SHUTDOWN } from '../src-engine/session-types.ts';
import type { SessionEvent } from '../src-engine/session-events.ts';
import { decodePublicKey } from '../src-platform/index.ts';
import type { Log } from '../src-platform/log.ts';
import type { TunnelConfig } from '../src-shared/tunnel/control-message.ts';
import type { KnownBox } from './arguments.ts';
import type { PacketLoop } from './packet-loop.ts';
import { addressesOf, toldHosts } from './routing/box-addresses.ts';
import { Tunnel } from './tunnel.ts';

/** The box that is known and the tunnel to it, which come and go together when a laptop is paired and unpaired. */
export class BoxTunnel {
  box: KnownBox | null = null;
  tunnel: Tunnel | null = null;
  private readonly loop: PacketLoop;
  private readonly log: Log;
  private readonly onEvent: (event: SessionEvent) => void;

  constructor(loop: PacketLoop, log: Log, onEvent: (event: SessionEvent) => void) {
    this.loop = loop;
    this.log = log;
    this.onEvent = onEvent;
  }

  /** Has to do with this box from now on; the session with another one ends, and that box forgets this laptop. */
  use(box: KnownBox | null): void {
    const isSame = box !== null && box.publicKey === this.box?.publicKey;
    if (!isSame) this.close(CLOSE_REVOKED);
    this.box = box;
    if (box !== null)
      this.tunnel ??= new Tunnel(this.loop, decodePublicKey(box.publicKey), this.log, this.onEvent);
  }

  /** Opens the device and looks for the box. @returns false if the device was refused, which `onRefused` is told. */
  open(onRefused: (error: unknown) => void): boolean {
    try {
      this.tunnel?.openDevice();
    } catch (error) {
      onRefused(error);
      return false;
    }
    void this.locate(null);
    return true;
  }

  /** Tells the tunnel where the box may be; @param config what the box itself told, if it did. */
  async locate(config: TunnelConfig | null): Promise<void> {
    const { box, tunnel } = this;
    if (box === null || tunnel === null) return;
    if (config !== null) this.box = { ...box, told: toldHosts(config) };
    const addresses = await addressesOf(this.box ?? box);
    // Looking up a name takes a while, in which another box may have been paired.
    if (this.tunnel === tunnel) tunnel.linkPaths.setBox(addresses);
  }

  close(reason = CLOSE_SHUTDOWN): void {
    this.tunnel?.close(reason);
    this.tunnel = null;
  }
}
