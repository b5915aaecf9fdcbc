import type { NativeApi, NativeTun } from '../src-platform/native.ts';
import type { Exec, SystemJournal } from '../src-platform/index.ts';
import { address6Of } from './peers/tunnel-network.ts';

/**
 * The box's TUN. It outlives a crash of the daemon, so that packets from the internet find no hole in the routes until
 * the next start; a clean stop removes it.
 */
export class BoxTunnelDevice {
  private readonly native: Pick<NativeApi, 'Tun'>;
  private readonly exec: Exec;
  private readonly journal: SystemJournal;

  constructor(native: Pick<NativeApi, 'Tun'>, exec: Exec, journal: SystemJournal) {
    this.native = native;
    this.exec = exec;
    this.journal = journal;
  }

  /** Opens or takes over the device and gives it its addresses. @param address4 with prefix length. */
  async open(name: string, address4: string, network6: string | null): Promise<NativeTun> {
    await this.journal.record([{ kind: 'tun', name }]);
    const tun = new this.native.Tun({ name, queueLength: QUEUE_PACKETS, persist: true });
    const lines = [
      `link set dev ${name} addrgenmode none`,
      `link set dev ${name} mtu 1500 up`,
      `addr replace ${address4} dev ${name}`,
    ];
    if (network6 !== null) lines.push(`addr replace ${address6Of(network6, 1)}/64 dev ${name} nodad`);
    await this.exec('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
    return tun;
  }
}

/** Packets waiting for the daemon: a second of a 1,000 packets/s stream per laptop, beside bulk traffic. */
const QUEUE_PACKETS = 4_000;
