import { encode, type Answer, type Packet } from 'dns-packet';

/** One question and its answer, as packets from the IP header on. */
export interface NamePacketOptions {
  readonly name: string;
  readonly type?: 'A' | 'AAAA';
  readonly id?: number;
  readonly client?: string;
  readonly clientPort?: number;
  readonly server?: string;
  readonly serverPort?: number;
  /** Of the answer. */
  readonly answers?: readonly Answer[];
  readonly flags?: number;
}

export function questionPacket(options: NamePacketOptions): Uint8Array {
  const { client = '192.0.2.10', clientPort = 40_000, server = '192.0.2.53', serverPort = 53 } = options;
  return udpPacket(
    { address: client, port: clientPort },
    { address: server, port: serverPort },
    message('query', options),
  );
}

export function answerPacket(options: NamePacketOptions): Uint8Array {
  const { client = '192.0.2.10', clientPort = 40_000, server = '192.0.2.53', serverPort = 53 } = options;
  return udpPacket(
    { address: server, port: serverPort },
    { address: client, port: clientPort },
    message('response', options),
  );
}

function message(
  type: 'query' | 'response',
  { name, type: kind = 'A', id = 1, answers = [], flags = 0 }: NamePacketOptions,
): Uint8Array {
  const packet: Packet = { type, id, flags, questions: [{ type: kind, name, class: 'IN' }] };
  return encode(type === 'query' ? packet : { ...packet, answers: [...answers] });
}

interface End {
  readonly address: string;
  readonly port: number;
}

/** A UDP packet; checksums are left out, since nothing looks at them. */
export function udpPacket(source: End, destination: End, payload: Uint8Array): Uint8Array {
  const is4 = !source.address.includes(':');
  const head = is4 ? 20 : 40;
  const packet = Buffer.alloc(head + 8 + payload.length);
  packet[0] = is4 ? 0x45 : 0x60;
  packet[is4 ? 9 : 6] = 17;
  packet.set(bytesOf(source.address), is4 ? 12 : 8);
  packet.set(bytesOf(destination.address), is4 ? 16 : 24);
  packet.writeUInt16BE(source.port, head);
  packet.writeUInt16BE(destination.port, head + 2);
  packet.writeUInt16BE(is4 ? packet.length : packet.length - head, is4 ? 2 : 4);
  packet.writeUInt16BE(packet.length - head, head + 4);
  packet.set(payload, head + 8);
  return packet;
}

function bytesOf(address: string): readonly number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text
          .split(':')
          .map((group) => parseInt(group, 16))
          .flatMap((value) => [value >> 8, value & 0xff]);
  const head = groups(left);
  const tail = groups(right);
  return [...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}
