/** Protocols that rules of the routing are about. */
export type TransportProtocol = 'tcp' | 'udp';

/** `ip` knows the names only where the file /etc/protocols is, which small systems lack; numbers it knows everywhere. */
export const PROTOCOL_NUMBERS: Readonly<Record<TransportProtocol, string>> = { tcp: '6', udp: '17' };

/** The number of a protocol as `ip -N` writes it: `ipproto-17`, a number or a name. */
export function protocolNumber(text: string): string {
  const name = text.replace(/^ipproto-/, '');
  return name === 'tcp' || name === 'udp' ? PROTOCOL_NUMBERS[name] : name;
}
