import { isIP } from 'node:net';
import { decode, type Answer } from 'dns-packet';

/** A question for addresses of a name, or the answer to one, as an IP packet carries it. */
export interface NameMessage {
  readonly isResponse: boolean;
  /** Who asks; addresses as hexadecimal digits. */
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly id: number;
  readonly type: 'A' | 'AAAA';
  /** The name in question, then those that it stands for by the answer; in lower case, without a dot at the end. */
  readonly names: readonly string[];
  /** Of the last of the names; none in a question. */
  readonly addresses: readonly { readonly address: string; readonly ttlSeconds: number }[];
}

/** Reads a packet of IPv4 or IPv6 from its IP header on; null for what is no such message. Never throws. */
export function readNamePacket(packet: Uint8Array): NameMessage | null {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.length);
  const ends = readEnds(bytes);
  if (ends === null) return null;
  const message = bytes.subarray(ends.payload);
  if (!isWorthDecoding(message)) return null;
  try {
    const { type, id, questions, answers } = decode(message);
    const [question] = questions ?? [];
    const kind = question?.type;
    if (question === undefined || questions?.length !== 1 || (kind !== 'A' && kind !== 'AAAA')) return null;
    const isResponse = type === 'response';
    const [client, clientPort] = isResponse
      ? [ends.destination, ends.destinationPort]
      : [ends.source, ends.sourcePort];
    if ((isResponse ? ends.sourcePort : ends.destinationPort) !== DNS_PORT) return null;
    return {
      ...{ isResponse, client, clientPort, server: isResponse ? ends.source : ends.destination },
      ...{ id: id ?? 0, type: kind },
      ...follow(cleanName(question.name), kind, isResponse ? (answers ?? []) : []),
    };
  } catch {
    // The codec throws on whatever does not fit its format: to be expected of bytes from the network.
    return null;
  }
}

interface Ends {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Where the UDP payload begins. */
  readonly payload: number;
}

function readEnds(bytes: Buffer): Ends | null {
  if (bytes.length < IPV4_HEADER_BYTES) return null;
  const is4 = bytes[0]! >> 4 === 4;
  const udp = is4 ? (bytes[0]! & 0xf) * 4 : IPV6_HEADER_BYTES;
  if (bytes.length < udp + UDP_HEADER_BYTES + DNS_HEADER_BYTES) return null;
  const [from, length] = is4 ? [12, 4] : [8, 16];
  return {
    source: bytes.toString('hex', from, from + length),
    destination: bytes.toString('hex', from + length, from + 2 * length),
    sourcePort: bytes.readUInt16BE(udp),
    destinationPort: bytes.readUInt16BE(udp + 2),
    payload: udp + UDP_HEADER_BYTES,
  };
}

/** A question, or a whole answer that tells something, with no more records than the codec may be trusted with. */
function isWorthDecoding(message: Buffer): boolean {
  const flags = message.readUInt16BE(2);
  if ((flags & OPERATION_MASK) !== 0) return false;
  if ((flags & RESPONSE_FLAG) !== 0 && (flags & (RESPONSE_CODE_MASK | TRUNCATED_FLAG)) !== 0) return false;
  // The codec makes room for as many records as the header claims: up to a quarter of a million in twelve bytes.
  let records = 0;
  for (let at = 4; at < DNS_HEADER_BYTES; at += 2) records += message.readUInt16BE(at);
  return records <= MOST_RECORDS;
}

/** Goes from a name to those that it stands for, and to the addresses of the last; records of other names count for nothing. */
function follow(
  name: string,
  type: NameMessage['type'],
  answers: readonly Answer[],
): Pick<NameMessage, 'names' | 'addresses'> {
  const names = [name];
  for (let current: string | undefined = name; current !== undefined && names.length <= MOST_ALIASES;) {
    const here: string = current;
    const alias = answers.find((entry) => entry.type === 'CNAME' && cleanName(entry.name) === here);
    current = alias?.type === 'CNAME' ? cleanName(alias.data) : undefined;
    // Whoever writes a circle has no address at its end.
    if (current === undefined || names.includes(current)) break;
    names.push(current);
  }
  const last = names.at(-1);
  const addresses = answers.flatMap((entry) =>
    // The codec makes text even of a record that is too short.
    entry.type === type && cleanName(entry.name) === last && isIP(entry.data) !== 0
      ? [{ address: entry.data, ttlSeconds: entry.ttl ?? 0 }]
      : [],
  );
  return { names, addresses: addresses.slice(0, MOST_ADDRESSES) };
}

function cleanName(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}

const DNS_PORT = 53;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const UDP_HEADER_BYTES = 8;
const DNS_HEADER_BYTES = 12;

const RESPONSE_FLAG = 0x8000;
const OPERATION_MASK = 0x7800;
const TRUNCATED_FLAG = 0x0200;
const RESPONSE_CODE_MASK = 0x000f;

/** The largest answers of content networks have some dozens. */
const MOST_RECORDS = 256;
/** Resolvers follow no longer chains themselves: systemd-resolved 16, unbound 11. */
const MOST_ALIASES = 16;
/** What fits a datagram of common size, twice. */
const MOST_ADDRESSES = 64;
