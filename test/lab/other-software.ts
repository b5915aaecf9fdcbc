import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualHome } from './home.ts';

/*
 * Software that shares a laptop with Bowline, as far as it touches the network: its devices, sysctls, rules, routes and
 * firewall chains, in the form in which it makes them itself. iptables rules go through Debian's iptables-nft, as
 * Docker's and ufw's do.
 */

/** Docker with one bridge and one container that publishes a port. */
export async function startDocker(home: VirtualHome): Promise<void> {
  await home.ip(
    'laptop',
    'link add docker0 type bridge',
    'addr add 172.17.0.1/16 brd 172.17.255.255 dev docker0',
    'link set dev docker0 up',
    // Named as Docker does. Both ends stay here: the container itself has no part in this.
    'link add veth3f1c2aa type veth peer name vethb07d9e1',
    'link set dev veth3f1c2aa master docker0 up',
    'link set dev vethb07d9e1 up',
  );
  await home.settle('laptop');
  await home.run('laptop', 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  await home.run('laptop', 'iptables-nft-restore', ['--noflush'], DOCKER_RULES);
}

/** ufw, switched on with its defaults. */
export async function startUfw(home: VirtualHome): Promise<void> {
  await home.run('laptop', 'iptables-nft-restore', ['--noflush'], UFW_RULES);
}

/** firewalld with all links in the zone `public`, and its reverse path filter for IPv6. */
export async function startFirewalld(home: VirtualHome): Promise<void> {
  await home.run('laptop', 'nft', ['-f', '-'], FIREWALLD_RULES);
}

/** A tailnet, with or without an exit node that takes all traffic. */
export async function startTailscale(home: VirtualHome, hasExitNode: boolean): Promise<void> {
  const families = ['-4', '-6'];
  await home.run('laptop', 'sh', [
    '-ec',
    [
      'ip tuntap add dev tailscale0 mode tun',
      'ip link set dev tailscale0 mtu 1280 up',
      'ip addr add 100.101.102.103/32 dev tailscale0',
      'ip -6 addr add fd7a:115c:a1e0::1/128 dev tailscale0 nodad',
      ...families.flatMap((family) => [
        `ip ${family} rule add pref 5210 fwmark 0x80000/0xff0000 table main`,
        `ip ${family} rule add pref 5230 fwmark 0x80000/0xff0000 table default`,
        `ip ${family} rule add pref 5250 fwmark 0x80000/0xff0000 type unreachable`,
        `ip ${family} rule add pref 5270 table 52`,
      ]),
      'ip route add 100.64.0.9/32 dev tailscale0 table 52',
      'ip route add 100.100.100.100/32 dev tailscale0 table 52',
      'ip -6 route add fd7a:115c:a1e0::/48 dev tailscale0 table 52',
      ...(hasExitNode
        ? ['ip route add default dev tailscale0 table 52', 'ip -6 route add default dev tailscale0 table 52']
        : []),
    ].join('\n'),
  ]);
  await home.run('laptop', 'iptables-nft-restore', ['--noflush'], TAILSCALE_RULES);
}

/** What a WireGuard connection carries: one remote network, or everything. */
export type VpnReach = 'network' | 'everything';

/** A VPN of wg-quick and wireguard-go between the laptop and the internet server. Dispose takes it down. */
export class ForeignVpn implements AsyncDisposable {
  /** The laptop's VPN device. */
  readonly device: string;
  readonly #home: VirtualHome;
  readonly #configPath: string;

  private constructor(home: VirtualHome, device: string, configPath: string) {
    this.#home = home;
    this.device = device;
    this.#configPath = configPath;
  }

  static async start(home: VirtualHome, reach: VpnReach): Promise<ForeignVpn> {
    // Its control socket is found by the device's name, which has to differ between homes.
    const device = `wg${home.prefix.slice(-11)}`;
    const farDevice = `ws${home.prefix.slice(-11)}`;
    const [privateKey, farPrivateKey] = [await makeKey(home), await makeKey(home)];
    const [publicKey, farPublicKey] = [
      await publicKeyOf(home, privateKey),
      await publicKeyOf(home, farPrivateKey),
    ];
    const networks = reach === 'everything' ? '0.0.0.0/0, ::/0' : '10.8.0.0/24, fd08::/64';
    const farConfig = [
      ...['[Interface]', `PrivateKey = ${farPrivateKey}`, `ListenPort = ${PORT}`],
      ...['Address = 10.8.0.1/24, fd08::1/64', 'Table = off'],
      ...['[Peer]', `PublicKey = ${publicKey}`, 'AllowedIPs = 10.8.0.2/32, fd08::2/128', ''],
    ];
    const config = [
      ...['[Interface]', `PrivateKey = ${privateKey}`, 'Address = 10.8.0.2/32, fd08::2/128'],
      ...['[Peer]', `PublicKey = ${farPublicKey}`, `Endpoint = ${home.serverAddress(4)}:${PORT}`],
      ...[`AllowedIPs = ${networks}`, 'PersistentKeepalive = 25', ''],
    ];
    const vpn = new ForeignVpn(home, device, writeConfig(home, device, config));
    await home.run('net', 'wg-quick', ['up', writeConfig(home, farDevice, farConfig)]);
    await home.run('laptop', 'wg-quick', ['up', vpn.#configPath]);
    await vpn.#shakeHands();
    return vpn;
  }

  /**
   * Waits for the first answer. WireGuard greets before wg-quick has set its mark; where the answer comes after, strict
   * reverse path filtering drops it, and the next greeting goes out five seconds later.
   */
  async #shakeHands(): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) if ((await this.ping(1)) === 1) return;
    throw new Error(`${this.device} does not answer`);
  }

  /** Sends packets to the far end through the VPN, ten a second, and tells how many answers came. */
  async ping(count: number): Promise<number> {
    const args = ['-q', '-c', String(count), '-i', '0.1', '-W', '2', '10.8.0.1'];
    const { stdout } = await this.#home.tryRun('laptop', 'ping', args);
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home.tryRun('laptop', 'wg-quick', ['down', this.#configPath]);
  }
}

/** Rules, routes, chains and addresses that are not Bowline's, as text. */
export async function foreignState(home: VirtualHome): Promise<string> {
  const state = await home.systemState('laptop');
  const [network = ''] = state.split('\n$ sysctl');
  return network
    .split('\n')
    .filter((line) => !/\b(proto 47|bowline0|table 4747)\b/.test(line))
    .join('\n');
}

const PORT = 51_821;

function makeKey(home: VirtualHome): Promise<string> {
  return home.run('laptop', 'wg', ['genkey']).then((text) => text.trim());
}

function publicKeyOf(home: VirtualHome, privateKey: string): Promise<string> {
  return home.run('laptop', 'wg', ['pubkey'], `${privateKey}\n`).then((text) => text.trim());
}

function writeConfig(home: VirtualHome, device: string, lines: readonly string[]): string {
  const path = join(home.tempDir, `${device}.conf`);
  writeFileSync(path, lines.join('\n'), { mode: 0o600 });
  return path;
}

const DOCKER_RULES = `*raw
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
COMMIT
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
COMMIT
`;

const UFW_RULES = `*filter
:INPUT DROP [0:0]
:ufw-before-input - [0:0]
:ufw-after-input - [0:0]
:ufw-reject-input - [0:0]
:ufw-not-local - [0:0]
:ufw-user-input - [0:0]
:ufw-skip-to-policy-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-after-input
-A INPUT -j ufw-reject-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp --icmp-type destination-unreachable -j ACCEPT
-A ufw-before-input -p icmp --icmp-type time-exceeded -j ACCEPT
-A ufw-before-input -p icmp --icmp-type parameter-problem -j ACCEPT
-A ufw-before-input -p icmp --icmp-type echo-request -j ACCEPT
-A ufw-before-input -p udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m addrtype --dst-type BROADCAST -j RETURN
-A ufw-not-local -j DROP
-A ufw-after-input -p udp --dport 137 -j ufw-skip-to-policy-input
-A ufw-after-input -m addrtype --dst-type BROADCAST -j ufw-skip-to-policy-input
-A ufw-skip-to-policy-input -j DROP
COMMIT
`;

const TAILSCALE_RULES = `*filter
:ts-input - [0:0]
:ts-forward - [0:0]
-I INPUT -j ts-input
-I FORWARD -j ts-forward
-A ts-input -s 100.101.102.103/32 -i lo -j ACCEPT
-A ts-input -s 100.115.92.0/23 ! -i tailscale0 -j RETURN
-A ts-input -s 100.64.0.0/10 ! -i tailscale0 -j DROP
-A ts-input -i tailscale0 -j ACCEPT
-A ts-input -p udp -m udp --dport 41641 -j ACCEPT
-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000
-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT
-A ts-forward -s 100.64.0.0/10 -o tailscale0 -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
*nat
:ts-postrouting - [0:0]
-I POSTROUTING -j ts-postrouting
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
`;

const FIREWALLD_RULES = `table inet firewalld {
  chain mangle_PREROUTING {
    type filter hook prerouting priority mangle + 10; policy accept;
    jump mangle_PREROUTING_ZONES
  }
  chain mangle_PREROUTING_ZONES {
    return
  }
  chain filter_PREROUTING {
    type filter hook prerouting priority filter + 10; policy accept;
    icmpv6 type { nd-router-advert, nd-neighbor-solicit } accept
    meta nfproto ipv6 fib saddr . mark . iif oif missing drop
  }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump filter_INPUT_ZONES
    reject with icmpx admin-prohibited
  }
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    reject with icmpx admin-prohibited
  }
  chain filter_OUTPUT {
    type filter hook output priority filter + 10; policy accept;
    ct state { established, related } accept
    oifname "lo" accept
  }
  chain filter_INPUT_ZONES {
    iifname "eth0" goto filter_IN_public
    iifname "wlan0" goto filter_IN_public
    goto filter_IN_public
  }
  chain filter_IN_public {
    tcp dport 22 accept
    ip6 daddr fe80::/64 udp dport 546 accept
    meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited
  }
}
`;
