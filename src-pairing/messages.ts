import { CONFIRMATION_BYTES, SHARE_BYTES } from './cpace.ts';

/*
 * The datagrams of pairing; see docs/protocol.md. Every question has the same length and no answer is longer, so that a
 * forged source address gains nothing. Head and REFUSED look the same in all versions.
 */

/** Type byte of every pairing datagram, beside those of the tunnel. */
export const TYPE_PAIRING = 6;
/** Version of pairing that is spoken here. */
export const PAIRING_VERSION = 1;
export const ATTEMPT_BYTES = 16;
export const COOKIE_BYTES = 16;
export const PUBLIC_KEY_BYTES = 32;
/** Length of everything that a laptop sends. */
export const QUESTION_BYTES = 192;
/** Of a name in UTF-8. */
export const MOST_NAME_BYTES = 63;

/** Whether the box shows a code, or what became of the last one. */
export type CodeState = 'open' | 'none' | 'expired' | 'used' | 'burnt';
/** Why a box does not go on. */
export type RefusalReason = Exclude<CodeState, 'open'> | 'version' | 'wrong-code';
/** What became of storing the pairing on the box. */
export type PinOutcome = 'stored' | 'disk-full' | 'failed';

/** A decoded datagram; byte fields are views of what was decoded. */
export type PairingMessage = { readonly version: number; readonly attempt: Uint8Array } & (
  | { readonly kind: 'ask'; readonly tunnelVersion: number }
  | {
      readonly kind: 'offer';
      readonly tunnelVersion: number;
      readonly state: CodeState;
      /** To be sent back in `start`: shows that answers reach the laptop. */
      readonly cookie: Uint8Array;
      readonly boxKey: Uint8Array;
      readonly boxName: Uint8Array;
    }
  | {
      readonly kind: 'start';
      readonly tunnelVersion: number;
      readonly cookie: Uint8Array;
      readonly share: Uint8Array;
      readonly laptopKey: Uint8Array;
      readonly laptopName: Uint8Array;
    }
  | { readonly kind: 'share'; readonly share: Uint8Array }
  | { readonly kind: 'confirm'; readonly proof: Uint8Array }
  | { readonly kind: 'confirmed'; readonly proof: Uint8Array }
  | { readonly kind: 'pin'; readonly proof: Uint8Array }
  | { readonly kind: 'pinned'; readonly outcome: PinOutcome; readonly proof: Uint8Array }
  /** `detail`: tries that are left, or the version that is spoken. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly detail: number }
);

const KINDS = [
  'ask',
  'offer',
  'start',
  'share',
  'confirm',
  'confirmed',
  'pin',
  'pinned',
  'refused',
] as const satisfies readonly PairingMessage['kind'][];
const QUESTIONS: readonly PairingMessage['kind'][] = ['ask', 'start', 'confirm', 'pin'];
const CODE_STATES = ['open', 'none', 'expired', 'used', 'burnt'] as const satisfies readonly CodeState[];
const REFUSALS = [
  'none',
  'expired',
  'used',
  'burnt',
  'version',
  'wrong-code',
] as const satisfies readonly RefusalReason[];
const OUTCOMES = ['stored', 'disk-full', 'failed'] as const satisfies readonly PinOutcome[];

/** Writes a datagram; questions are padded with zeros. */
export function encodeMessage(message: PairingMessage): Uint8Array {
  const writer = new Writer();
  writer.bytes(Uint8Array.of(TYPE_PAIRING, message.version, KINDS.indexOf(message.kind) + 1, 0));
  writer.bytes(message.attempt);
  switch (message.kind) {
    case 'ask':
      writer.byte(message.tunnelVersion);
      break;
    case 'offer':
      writer.byte(message.tunnelVersion);
      writer.byte(CODE_STATES.indexOf(message.state) + 1);
      writer.bytes(message.cookie);
      writer.bytes(message.boxKey);
      writer.name(message.boxName);
      break;
    case 'start':
      writer.byte(message.tunnelVersion);
      writer.bytes(message.cookie);
      writer.bytes(message.share);
      writer.bytes(message.laptopKey);
      writer.name(message.laptopName);
      break;
    case 'share':
      writer.bytes(message.share);
      break;
    case 'confirm':
    case 'confirmed':
    case 'pin':
      writer.bytes(message.proof);
      break;
    case 'pinned':
      writer.byte(OUTCOMES.indexOf(message.outcome) + 1);
      writer.bytes(message.proof);
      break;
    case 'refused':
      writer.byte(REFUSALS.indexOf(message.reason) + 1);
      writer.byte(message.detail);
      break;
  }
  return writer.finish(QUESTIONS.includes(message.kind) ? QUESTION_BYTES : 0);
}

/**
 * Reads a datagram of any content.
 * @returns null for what is no message of this version, or of a version whose head and kind say too little.
 */
export function decodeMessage(bytes: Uint8Array): PairingMessage | null {
  const reader = new Reader(bytes);
  const head = reader.bytes(4);
  const attempt = reader.bytes(ATTEMPT_BYTES);
  if (head === null || attempt === null || head[0] !== TYPE_PAIRING) return null;
  const version = head[1]!;
  const kind = KINDS[head[2]! - 1];
  if (kind === undefined || (QUESTIONS.includes(kind) && bytes.length < QUESTION_BYTES)) return null;
  // Another version's messages may look different; these two are what it takes to say so.
  if (version !== PAIRING_VERSION && kind !== 'ask' && kind !== 'refused') return null;
  const fields = decodeFields(kind, reader);
  return fields === null ? null : { version, attempt, ...fields };
}

type Fields<M = PairingMessage> = M extends PairingMessage ? Omit<M, 'version' | 'attempt'> : never;

function decodeFields(kind: PairingMessage['kind'], reader: Reader): Fields | null {
  switch (kind) {
    case 'ask':
      return complete({ kind, tunnelVersion: reader.byte() });
    case 'offer':
      return complete({
        kind,
        tunnelVersion: reader.byte(),
        state: reader.choice(CODE_STATES),
        cookie: reader.bytes(COOKIE_BYTES),
        boxKey: reader.bytes(PUBLIC_KEY_BYTES),
        boxName: reader.name(),
      });
    case 'start':
      return complete({
        kind,
        tunnelVersion: reader.byte(),
        cookie: reader.bytes(COOKIE_BYTES),
        share: reader.bytes(SHARE_BYTES),
        laptopKey: reader.bytes(PUBLIC_KEY_BYTES),
        laptopName: reader.name(),
      });
    case 'share':
      return complete({ kind, share: reader.bytes(SHARE_BYTES) });
    case 'confirm':
    case 'confirmed':
    case 'pin':
      return complete({ kind, proof: reader.bytes(CONFIRMATION_BYTES) });
    case 'pinned':
      return complete({ kind, outcome: reader.choice(OUTCOMES), proof: reader.bytes(CONFIRMATION_BYTES) });
    case 'refused':
      return complete({ kind, reason: reader.choice(REFUSALS), detail: reader.byte() });
  }
}

/** The fields, or null if one of them could not be read. */
function complete<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], null> } | null {
  return Object.values(fields).includes(null) ? null : (fields as { [K in keyof T]: Exclude<T[K], null> });
}

class Writer {
  private readonly parts: number[] = [];

  byte(value: number): void {
    this.parts.push(value);
  }

  bytes(value: Uint8Array): void {
    this.parts.push(...value);
  }

  name(value: Uint8Array): void {
    this.byte(value.length);
    this.bytes(value);
  }

  finish(leastBytes: number): Uint8Array {
    const datagram = new Uint8Array(Math.max(leastBytes, this.parts.length));
    datagram.set(this.parts);
    return datagram;
  }
}

/** Reads fields one after the other; null from the first that is not there. */
class Reader {
  private readonly source: Uint8Array;
  private at = 0;

  constructor(source: Uint8Array) {
    this.source = source;
  }

  byte(): number | null {
    return this.bytes(1)?.[0] ?? null;
  }

  bytes(count: number): Uint8Array | null {
    const from = this.at;
    this.at += count;
    return this.at <= this.source.length ? this.source.subarray(from, this.at) : null;
  }

  choice<T>(choices: readonly T[]): T | null {
    const value = this.byte();
    return value === null ? null : (choices[value - 1] ?? null);
  }

  name(): Uint8Array | null {
    const length = this.byte();
    return length === null || length > MOST_NAME_BYTES ? null : this.bytes(length);
  }
}
