/** An address network in numbers, for handing out addresses. */
export interface TunnelNetwork4 {
  readonly base: number;
  readonly prefixLength: number;
  readonly text: string;
}

/** Parses `10.77.0.0/24`; host bits are cleared. @throws RangeError on anything else. */
export function parseNetwork4(text: string): TunnelNetwork4 {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const parts = match?.slice(1).map(Number) ?? [];
  const prefixLength = parts[4] ?? 0;
  if (
    parts.length !== 5 ||
    parts.slice(0, 4).some((part) => part > 255) ||
    prefixLength < 8 ||
    prefixLength > 29
  ) {
    throw new RangeError(`${text} is no IPv4 network such as 10.77.0.0/24`);
  }
  const mask = (0xffffffff << (32 - prefixLength)) >>> 0;
  const base = parts.slice(0, 4).reduce((sum, part) => sum * 256 + part, 0);
  const network = (base & mask) >>> 0;
  return { base: network, prefixLength, text: `${addressText4(network)}/${prefixLength}` };
}

/** Numbers in the network, its own and the broadcast address included. */
export function hostsIn(network: TunnelNetwork4): number {
  return 2 ** (32 - network.prefixLength);
}

/** The dotted form of a 32-bit address. */
export function addressText4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** The address of host number `host` in an IPv6 network given as `fd77::/64`. */
export function address6Of(network: string, host: number): string {
  const prefix = network.slice(0, network.indexOf('/'));
  return `${prefix.endsWith('::') ? prefix : `${prefix}::`}${host.toString(16)}`;
}

/** 16 bytes of an address in the form that {@link address6Of} gives. */
export function addressBytes6(address: string): Uint8Array {
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
  const bytes = new Uint8Array(16);
  const write = (values: number[], from: number): void =>
    values.forEach((value, index) => {
      bytes[from + 2 * index] = value >> 8;
      bytes[from + 2 * index + 1] = value & 255;
    });
  write(groups(left), 0);
  const tail = groups(right);
  write(tail, 16 - 2 * tail.length);
  return bytes;
}
