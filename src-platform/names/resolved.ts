import { isIP } from 'node:net';
import type { BusValue } from '../dbus/message.ts';
import type { BusCall, BusConnection } from '../dbus/system-bus.ts';

/** systemd-resolved's name on the message bus. */
export const RESOLVED = 'org.freedesktop.resolve1';

/** A name server as systemd-resolved knows it. */
export interface ResolvedServer {
  /** The interface that it belongs to; 0 for one that serves the whole machine. */
  readonly ifindex: number;
  readonly address: string;
}

const MANAGER = { destination: RESOLVED, path: '/org/freedesktop/resolve1' } as const;
const MANAGER_INTERFACE = `${RESOLVED}.Manager`;
const AF_INET = 2;
const AF_INET6 = 10;

/**
 * Per-link settings of systemd-resolved. They belong to an interface: when that is deleted, resolved forgets them, so
 * nothing outlives the tunnel's device, however the daemon ends.
 */
export class Resolved {
  private readonly bus: Pick<BusConnection, 'call'>;

  constructor(bus: Pick<BusConnection, 'call'>) {
    this.bus = bus;
  }

  /** Lists the servers of all interfaces, and of none. @throws BusCallError */
  async servers(): Promise<readonly ResolvedServer[]> {
    const [property] = await this.bus.call({
      ...MANAGER,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [MANAGER_INTERFACE, 'DNS'],
    });
    const rows = (property as { readonly value: BusValue } | undefined)?.value;
    if (!Array.isArray(rows)) return [];
    return (rows as readonly (readonly [number, number, readonly number[]])[]).flatMap(
      ([ifindex, , bytes]) => {
        const address = addressText(bytes);
        return address === null ? [] : [{ ifindex, address }];
      },
    );
  }

  /** How it encrypts its own questions: `no`, `opportunistic` or `yes`. @throws BusCallError */
  async dnsOverTls(): Promise<string> {
    const [property] = await this.bus.call({
      ...MANAGER,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [MANAGER_INTERFACE, 'DNSOverTLS'],
    });
    const value = (property as { readonly value: BusValue } | undefined)?.value;
    return typeof value === 'string' ? value : 'no';
  }

  /**
   * Sends every question for a name to these servers over one interface, but for names that are more specifically
   * another link's: those of its search domains.
   *
   * @throws BusCallError
   */
  async claim(ifindex: number, servers: readonly string[]): Promise<void> {
    const addresses = servers.map((address) => [isIP(address) === 4 ? AF_INET : AF_INET6, bytesOf(address)]);
    await this.call('SetLinkDNS', 'ia(iay)', [ifindex, addresses]);
    await this.call('SetLinkDomains', 'ia(sb)', [ifindex, [['.', true]]]);
    await this.call('SetLinkDefaultRoute', 'ib', [ifindex, true]);
    // Names without a server are a matter of the home's own links; asked here they would reach nobody.
    await this.call('SetLinkLLMNR', 'is', [ifindex, 'no']);
    await this.call('SetLinkMulticastDNS', 'is', [ifindex, 'no']);
  }

  /** Forgets everything about one interface. @throws BusCallError */
  async release(ifindex: number): Promise<void> {
    await this.call('RevertLink', 'i', [ifindex]);
  }

  private call(member: string, signature: string, body: BusCall['body']): Promise<unknown> {
    return this.bus.call({ ...MANAGER, interface: MANAGER_INTERFACE, member, signature, body: body ?? [] });
  }
}

function addressText(bytes: readonly number[]): string | null {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return null;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16));
  return canonicalIpv6(groups.join(':'));
}

/** The short form, as the kernel prints it. */
function canonicalIpv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function bytesOf(address: string): readonly number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  const [left = '', right = ''] = canonicalIpv6(address).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(left);
  const tail = groups(right);
  const all = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
}
