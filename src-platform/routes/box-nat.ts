import type { Exec } from '../exec.ts';
import type { ChangeRecorder, Sysctls, WantedSysctl } from '../sysctl.ts';

/** The nftables table that holds everything of ours. */
export const NFT_TABLE = 'bowline';

/** What the box does for its tunnels. */
export interface DesiredNat {
  readonly tunnelName: string;
  /** Network of the laptops' tunnel addresses, such as `10.77.0.0/24`. */
  readonly net4: string;
  readonly net6: string | null;
  /** `auto`: whatever interface the kernel's routes choose. */
  readonly uplink: string;
}

/** What could not be had; the rest works. */
export interface NatReport {
  /** Kernel settings that were refused, with the errno name. */
  readonly refusedSysctls: readonly { readonly path: string; readonly errno: string }[];
}

/** What the box's NAT needs of the system. */
export interface BoxNatOptions {
  readonly exec: Exec;
  readonly journal: ChangeRecorder;
  readonly sysctls: Sysctls;
}

/**
 * Forwarding and address translation on the box, in one nftables table and a few kernel settings. Other tables are
 * never touched. Open connections keep their translation while the rules are replaced or gone.
 */
export class BoxNat {
  readonly #options: BoxNatOptions;

  constructor(options: BoxNatOptions) {
    this.#options = options;
  }

  /**
   * Brings rules and settings to the desired state, in one transaction for the rules.
   *
   * @throws ExecError if nftables refuses the rules
   * @throws StorageError if the change cannot be written down
   */
  async apply(desired: DesiredNat): Promise<NatReport> {
    const { exec, journal, sysctls } = this.#options;
    await journal.record([{ kind: 'nft-table', family: 'inet', name: NFT_TABLE }]);
    await exec('nft', ['-f', '-'], { input: natRuleset(desired) });
    const { refused } = await sysctls.apply(forwardingSysctls(desired, sysctls));
    return { refusedSysctls: refused };
  }

  /**
   * Removes the table. Kernel settings are restored by the journal.
   *
   * @throws ExecError
   */
  async cleanUp(): Promise<void> {
    // Adding an existing table does nothing, so the pair works whether or not the table is there.
    const input = `add table inet ${NFT_TABLE}\ndelete table inet ${NFT_TABLE}\n`;
    await this.#options.exec('nft', ['-f', '-'], { input });
  }
}

/** Writes the rules as one transaction that replaces the whole table. */
export function natRuleset({ tunnelName, net4, net6, uplink }: DesiredNat): string {
  const tunnel = quote(tunnelName);
  const leaving = uplink === 'auto' ? `oifname != ${tunnel}` : `oifname ${quote(uplink)}`;
  const rules = {
    postrouting: [
      `ip saddr ${net4} ${leaving} masquerade`,
      ...(net6 === null ? [] : [`ip6 saddr ${net6} ${leaving} masquerade`]),
    ],
    forward: [
      // Inside the tunnel the path is 1500 bytes wide; what limits a connection is the way out of the box.
      `iifname ${tunnel} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu`,
      `oifname ${tunnel} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu`,
      `iifname ${tunnel} accept`,
      `oifname ${tunnel} accept`,
    ],
  };
  return [
    `add table inet ${NFT_TABLE}`,
    `delete table inet ${NFT_TABLE}`,
    `table inet ${NFT_TABLE} {`,
    ...chain('postrouting', 'type nat hook postrouting priority srcnat; policy accept;', rules.postrouting),
    // Before the usual filter chains, which have priority 0. An accept here does not overrule a drop there.
    ...chain('forward', 'type filter hook forward priority -10; policy accept;', rules.forward),
    '}',
    '',
  ].join('\n');
}

/** Lists the kernel settings that forwarding needs, in the order in which they have to be made. */
export function forwardingSysctls(
  { tunnelName, net6, uplink }: DesiredNat,
  sysctls: Pick<Sysctls, 'read' | 'list'>,
): readonly WantedSysctl[] {
  const perDevice = (family: 'ipv4' | 'ipv6', setting: string): readonly string[] =>
    sysctls
      .list(`net/${family}/conf`)
      .filter((device) => device !== 'all')
      .map((device) => `net/${family}/conf/${device}/${setting}`);

  const ipv4: WantedSysctl = {
    path: 'net/ipv4/ip_forward',
    value: '1',
    // The kernel overwrites these whenever ip_forward changes.
    consequences: [...perDevice('ipv4', 'forwarding'), 'net/ipv4/conf/all/accept_redirects'],
  };
  if (net6 === null) return [ipv4];

  const isUplink = (device: string): boolean =>
    uplink === 'auto' ? !['all', 'default', 'lo', tunnelName].includes(device) : device === uplink;
  // A forwarding host ignores router advertisements, and drops the default route it learnt from them, unless
  // accept_ra is 2. So this comes before forwarding is switched on.
  const acceptRa = sysctls
    .list('net/ipv6/conf')
    .filter(isUplink)
    .map((device) => `net/ipv6/conf/${device}/accept_ra`)
    .filter((path) => sysctls.read(path) === '1')
    .map((path): WantedSysctl => ({ path, value: '2' }));
  const ipv6: WantedSysctl = {
    path: 'net/ipv6/conf/all/forwarding',
    value: '1',
    consequences: perDevice('ipv6', 'forwarding'),
  };
  return [ipv4, ...acceptRa, ipv6];
}

function chain(name: string, head: string, rules: readonly string[]): readonly string[] {
  return [`  chain ${name} {`, `    ${head}`, ...rules.map((rule) => `    ${rule}`), '  }'];
}

function quote(name: string): string {
  return `"${name}"`;
}
