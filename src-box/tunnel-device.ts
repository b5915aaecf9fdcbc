import type { NativeApi, NativeTun } from '../src-platform/native.ts';
import type { Exec, SystemJournal, Sysctls } from '../src-platform/index.ts';
import { address6Of } from './peers/tunnel-network.ts';

/**
 * The box's TUN. It outlives a crash of the daemon, so that packets from the internet find no hole in the routes until
 * the next start; a clean stop removes it.
 */
export class BoxTunnelDevice {
  private readonly options: BoxTunnelDeviceOptions;

  constructor(options: BoxTunnelDeviceOptions) {
    this.options = options;
  }

  /**
   * Opens or takes over the device and gives it its addresses.
   *
   * @param address4 with prefix length
   * @returns `network6` is the one that laptops get addresses of: null where IPv6 is switched off on this machine
   */
  async open(
    name: string,
    address4: string,
    network6: string | null,
  ): Promise<{ readonly tun: NativeTun; readonly network6: string | null }> {
    const { native, exec, journal, sysctls } = this.options;
    await journal.record([{ kind: 'tun', name }]);
    const tun = new native.Tun({ name, queueLength: QUEUE_PACKETS, persist: true });
    // A new device has what is the default here; without IPv6 in the kernel there is no such setting at all.
    const hasIpv6 = sysctls.read(`net/ipv6/conf/${name}/disable_ipv6`) === '0';
    const lines = [`link set dev ${name} mtu 1500 up`, `addr replace ${address4} dev ${name}`];
    if (hasIpv6) lines.unshift(`link set dev ${name} addrgenmode none`);
    const usable6 = hasIpv6 ? network6 : null;
    if (usable6 !== null) lines.push(`addr replace ${address6Of(usable6, 1)}/64 dev ${name} nodad`);
    await exec('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
    return { tun, network6: usable6 };
  }
}

export interface BoxTunnelDeviceOptions {
  readonly native: Pick<NativeApi, 'Tun'>;
  readonly exec: Exec;
  readonly journal: Pick<SystemJournal, 'record'>;
  readonly sysctls: Pick<Sysctls, 'read'>;
}

/** Packets waiting for the daemon: a second of a 1,000 packets/s stream per laptop, beside bulk traffic. */
const QUEUE_PACKETS = 4_000;
