import { decode, encode, type Answer, type Question } from 'dns-packet';

/** Records of the five kinds that matter here; times to live in seconds. */
export type DnsRecord = {
  readonly name: string;
  readonly ttlSeconds: number;
  /** Nobody else has a record of this name and kind: who hears it forgets what others said. */
  readonly isUnique?: boolean;
} & (
  | { readonly type: 'PTR'; readonly target: string }
  | { readonly type: 'SRV'; readonly target: string; readonly port: number }
  | { readonly type: 'TXT'; readonly strings: readonly Uint8Array[] }
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
);

export interface DnsQuestion {
  readonly name: string;
  /** Such as `PTR` or `ANY`; other kinds than those of {@link DnsRecord} occur. */
  readonly type: string;
}

/** One multicast DNS datagram, without what is of no interest here. */
export interface DnsMessage {
  readonly isResponse: boolean;
  readonly questions: readonly DnsQuestion[];
  /** Of a query: what the asker knows. */
  readonly answers: readonly DnsRecord[];
  /** Of a query: what the asker is about to claim. */
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** The most that multicast DNS sends in one datagram (RFC 6762, 17). */
export const MAX_DATAGRAM_BYTES = 9_000;

/** Entries of one datagram; a busy home's largest answers have some dozens. */
const MAX_ENTRIES = 256;

const HEADER_BYTES = 12;
const RESPONSE_CODE_MASK = 0x0f;

/** Reads a datagram; null where it is no message. Never throws. */
export function decodeMessage(bytes: Uint8Array): DnsMessage | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < HEADER_BYTES || buffer.length > MAX_DATAGRAM_BYTES) return null;
  // The codec makes room for as many entries as the header claims: up to a quarter of a million in twelve bytes.
  let entries = 0;
  for (let at = 4; at < HEADER_BYTES; at += 2) entries += buffer.readUInt16BE(at);
  if (entries > MAX_ENTRIES || (buffer[3]! & RESPONSE_CODE_MASK) !== 0) return null;
  try {
    const packet = decode(buffer);
    return {
      isResponse: packet.type === 'response',
      questions: (packet.questions ?? []).map(({ name, type }) => ({ name, type })),
      answers: records(packet.answers),
      authorities: records(packet.authorities),
      additionals: records(packet.additionals),
    };
  } catch {
    // The codec throws on whatever does not fit its format: to be expected of bytes from the network.
    return null;
  }
}

/** Writes a question, perhaps with claims to a name. */
export function encodeQuery(
  questions: readonly DnsQuestion[],
  parts: { readonly known?: readonly DnsRecord[]; readonly claims?: readonly DnsRecord[] } = {},
): Uint8Array {
  return encode({
    type: 'query',
    questions: questions as Question[],
    answers: (parts.known ?? []).map(answer),
    authorities: (parts.claims ?? []).map(answer),
  });
}

/** Writes an answer or announcement. */
export function encodeResponse(
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[] = [],
): Uint8Array {
  return encode({
    type: 'response',
    flags: AUTHORITATIVE,
    answers: answers.map(answer),
    additionals: additionals.map(answer),
  });
}

const AUTHORITATIVE = 1 << 10;

function records(answers: readonly Answer[] | undefined): DnsRecord[] {
  return (answers ?? []).flatMap((entry) => {
    const found = record(entry);
    return found === null ? [] : [found];
  });
}

function record(entry: Answer): DnsRecord | null {
  const ttlSeconds = 'ttl' in entry ? (entry.ttl ?? 0) : 0;
  switch (entry.type) {
    case 'PTR':
      return { type: entry.type, name: entry.name, ttlSeconds, target: entry.data };
    case 'SRV':
      return {
        type: entry.type,
        name: entry.name,
        ttlSeconds,
        target: entry.data.target,
        port: entry.data.port,
      };
    case 'TXT': {
      const strings = (Array.isArray(entry.data) ? entry.data : [entry.data]).map((part) =>
        Buffer.from(part),
      );
      return { type: entry.type, name: entry.name, ttlSeconds, strings };
    }
    case 'A':
    case 'AAAA':
      return { type: entry.type, name: entry.name, ttlSeconds, address: entry.data };
    default:
      return null;
  }
}

function answer(entry: DnsRecord): Answer {
  const head = {
    name: entry.name,
    ttl: entry.ttlSeconds,
    class: 'IN',
    flush: entry.isUnique === true,
  } as const;
  switch (entry.type) {
    case 'PTR':
      return { ...head, type: entry.type, data: entry.target };
    case 'SRV':
      return { ...head, type: entry.type, data: { target: entry.target, port: entry.port } };
    case 'TXT':
      return { ...head, type: entry.type, data: entry.strings.map((part) => Buffer.from(part)) };
    case 'A':
    case 'AAAA':
      return { ...head, type: entry.type, data: entry.address };
  }
}
