/*
 * Messages of D-Bus (the D-Bus Specification, "Message Protocol"), as far as system services need them: written in
 * little-endian order, read in both. Dictionaries, 64-bit and floating point numbers are read only, since services send
 * them unasked; there are no file descriptors.
 */

/**
 * A value of the bus, by its type: numbers for `ynqiuxtd` (64-bit ones beyond 2^53 lose digits), boolean for `b`, text
 * for `sog`, lists for `a`, `(` and the entries of dictionaries.
 */
export type BusValue = number | boolean | string | readonly BusValue[] | BusVariant;

/** A value that brings its type along. */
export interface BusVariant {
  readonly signature: string;
  readonly value: BusValue;
}

export type BusMessageKind = 'call' | 'return' | 'error' | 'signal';

/** One message without its body's encoding. */
export interface BusMessage {
  readonly kind: BusMessageKind;
  readonly serial: number;
  readonly path: string | null;
  readonly interface: string | null;
  readonly member: string | null;
  readonly errorName: string | null;
  readonly replySerial: number | null;
  readonly destination: string | null;
  readonly sender: string | null;
  readonly signature: string;
  readonly body: readonly BusValue[];
}

/** A message that breaks the format, or has a type that is not supported. */
export class BusFormatError extends Error {
  readonly code = 'BUS_FORMAT';
}

const KINDS: readonly BusMessageKind[] = ['call', 'return', 'error', 'signal'];
const LITTLE = 0x6c;
const FIXED_BYTES = 16;
/** The services that are asked send some hundred bytes; the specification allows 128 MiB. */
const MAX_MESSAGE_BYTES = 1024 * 1024;
const FIELD = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  sender: 7,
  signature: 8,
} as const;

/** Tells how long the message is that begins here; null while too little of it has arrived. @throws BusFormatError */
export function messageBytes(buffer: Buffer): number | null {
  if (buffer.length < FIXED_BYTES) return null;
  const number = (at: number): number =>
    buffer[0] === LITTLE ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
  const total = align(FIXED_BYTES + number(12), 8) + number(4);
  if (total > MAX_MESSAGE_BYTES) throw new BusFormatError(`a message of ${total} bytes`);
  return total;
}

/** Writes a method call, or a signal to whoever listens. */
export function encodeMessage(
  call: {
    readonly serial: number;
    /** Null for a signal. */
    readonly destination: string | null;
    readonly path: string;
    readonly interface: string;
    readonly member: string;
    readonly noReply?: boolean;
  },
  signature: string,
  body: readonly BusValue[],
): Buffer {
  const content = new Writer();
  content.struct(signature, body);
  const fields: BusValue[] = [
    [FIELD.path, { signature: 'o', value: call.path }],
    [FIELD.interface, { signature: 's', value: call.interface }],
    [FIELD.member, { signature: 's', value: call.member }],
    ...(call.destination === null
      ? []
      : [[FIELD.destination, { signature: 's', value: call.destination }] as const]),
    ...(signature === '' ? [] : [[FIELD.signature, { signature: 'g', value: signature }] as const]),
  ];
  const head = new Writer();
  const kind = 1 + KINDS.indexOf(call.destination === null ? 'signal' : 'call');
  const flags = call.noReply === true ? 1 : 0;
  head.struct('yyyyuu', [LITTLE, kind, flags, 1, content.length, call.serial]);
  head.value('a(yv)', fields);
  head.pad(8);
  return Buffer.concat([head.bytes(), content.bytes()]);
}

/** Reads one whole message. @throws BusFormatError */
export function decodeMessage(buffer: Buffer): BusMessage {
  try {
    const reader = new Reader(buffer, buffer[0] === LITTLE);
    const [, kindNumber, , , , serial] = reader.struct('yyyyuu') as number[];
    const fields = new Map<number, BusValue>();
    for (const field of reader.value('a(yv)') as readonly (readonly [number, BusVariant])[]) {
      fields.set(field[0], field[1].value);
    }
    reader.pad(8);
    const text = (field: number): string | null => (fields.get(field) as string | undefined) ?? null;
    const signature = text(FIELD.signature) ?? '';
    return {
      kind: KINDS[kindNumber! - 1] ?? 'signal',
      serial: serial!,
      path: text(FIELD.path),
      interface: text(FIELD.interface),
      member: text(FIELD.member),
      errorName: text(FIELD.errorName),
      replySerial: (fields.get(FIELD.replySerial) as number | undefined) ?? null,
      destination: text(FIELD.destination),
      sender: text(FIELD.sender),
      signature,
      body: reader.struct(signature),
    };
  } catch (error) {
    if (error instanceof BusFormatError) throw error;
    // Buffer throws where a length points beyond its end.
    throw new BusFormatError('a message that ends early', { cause: error });
  }
}

/** Length of the first complete type in a signature. */
function typeLength(signature: string, at = 0): number {
  const code = signature[at];
  if (code === 'a') return 1 + typeLength(signature, at + 1);
  const closing = code === undefined ? undefined : CLOSING[code];
  if (closing === undefined) return 1;
  let end = at + 1;
  while (signature[end] !== closing) {
    if (end >= signature.length) throw new BusFormatError(`the type ${signature} has no end`);
    end += typeLength(signature, end);
  }
  return end + 1 - at;
}

/** What ends a structure, and an entry of a dictionary. */
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '{': '}' };

/** The complete types of a signature, one after the other. */
function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const length = typeLength(signature, at);
    types.push(signature.slice(at, at + length));
    at += length;
  }
  return types;
}

const ALIGNMENT: Readonly<Record<string, number>> = {
  n: 2,
  q: 2,
  b: 4,
  i: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  x: 8,
  t: 8,
  d: 8,
  '(': 8,
  '{': 8,
};

function align(at: number, to: number): number {
  return Math.ceil(at / to) * to;
}

class Writer {
  private readonly parts: Buffer[] = [];
  length = 0;

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  pad(to: number): void {
    this.append(Buffer.alloc(align(this.length, to) - this.length));
  }

  struct(signature: string, values: readonly BusValue[]): void {
    for (const [index, type] of typesOf(signature).entries()) this.value(type, values[index]!);
  }

  value(type: string, value: BusValue): void {
    this.pad(ALIGNMENT[type[0]!] ?? 1);
    switch (type[0]) {
      case 'y':
        return this.append(Buffer.from([value as number]));
      case 'n':
      case 'q':
        return this.number(2, value as number);
      case 'b':
      case 'i':
      case 'u':
        return this.number(4, Number(value));
      case 's':
      case 'o': {
        const text = Buffer.from(value as string);
        this.number(4, text.length);
        return this.append(Buffer.concat([text, Buffer.of(0)]));
      }
      case 'g': {
        const text = Buffer.from(value as string);
        return this.append(Buffer.concat([Buffer.of(text.length), text, Buffer.of(0)]));
      }
      case 'v': {
        const variant = value as BusVariant;
        this.value('g', variant.signature);
        return this.value(variant.signature, variant.value);
      }
      case '(':
        return this.struct(type.slice(1, -1), value as readonly BusValue[]);
      case 'a':
        return this.array(type.slice(1), value as readonly BusValue[]);
      default:
        throw new BusFormatError(`the type ${type} is not supported`);
    }
  }

  private array(type: string, values: readonly BusValue[]): void {
    const size = Buffer.alloc(4);
    this.append(size);
    // The gap before the first entry is not part of the array's length.
    this.pad(ALIGNMENT[type[0]!] ?? 1);
    const start = this.length;
    for (const value of values) this.value(type, value);
    size.writeUInt32LE(this.length - start);
  }

  private number(bytes: 2 | 4, value: number): void {
    const buffer = Buffer.alloc(bytes);
    if (bytes === 2) buffer.writeUInt16LE(value & 0xffff);
    else buffer.writeUInt32LE(value >>> 0);
    this.append(buffer);
  }

  private append(buffer: Buffer): void {
    this.parts.push(buffer);
    this.length += buffer.length;
  }
}

class Reader {
  private readonly buffer: Buffer;
  private readonly isLittle: boolean;
  private at = 0;

  constructor(buffer: Buffer, isLittle: boolean) {
    this.buffer = buffer;
    this.isLittle = isLittle;
  }

  pad(to: number): void {
    this.at = align(this.at, to);
  }

  struct(signature: string): BusValue[] {
    return typesOf(signature).map((type) => this.value(type));
  }

  value(type: string): BusValue {
    this.pad(ALIGNMENT[type[0]!] ?? 1);
    switch (type[0]) {
      case 'y':
        return this.take(1)[0]!;
      case 'n':
        return this.isLittle ? this.take(2).readInt16LE() : this.take(2).readInt16BE();
      case 'q':
        return this.isLittle ? this.take(2).readUInt16LE() : this.take(2).readUInt16BE();
      case 'b':
        return this.unsigned() !== 0;
      case 'i':
        return this.unsigned() | 0;
      case 'u':
        return this.unsigned();
      case 'x':
        return Number(this.isLittle ? this.take(8).readBigInt64LE() : this.take(8).readBigInt64BE());
      case 't':
        return Number(this.isLittle ? this.take(8).readBigUInt64LE() : this.take(8).readBigUInt64BE());
      case 'd':
        return this.isLittle ? this.take(8).readDoubleLE() : this.take(8).readDoubleBE();
      case 's':
      case 'o':
        return this.text(this.unsigned());
      case 'g':
        return this.text(this.take(1)[0]!);
      case 'v': {
        const signature = this.value('g') as string;
        return { signature, value: this.value(signature) };
      }
      case '(':
      case '{':
        return this.struct(type.slice(1, -1));
      case 'a': {
        const length = this.unsigned();
        this.pad(ALIGNMENT[type[1]!] ?? 1);
        const end = this.at + length;
        const values: BusValue[] = [];
        while (this.at < end) values.push(this.value(type.slice(1)));
        return values;
      }
      default:
        throw new BusFormatError(`the type ${type} is not supported`);
    }
  }

  private unsigned(): number {
    return this.isLittle ? this.take(4).readUInt32LE() : this.take(4).readUInt32BE();
  }

  private text(length: number): string {
    const text = this.take(length).toString('utf8');
    this.take(1);
    return text;
  }

  private take(count: number): Buffer {
    if (this.at + count > this.buffer.length) throw new BusFormatError('a message that ends early');
    this.at += count;
    return this.buffer.subarray(this.at - count, this.at);
  }
}
