import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  authenticate,
  confirmationKey,
  confirmationOf,
  generatorString,
  isSame,
  lengthValues,
  makeShare,
  multiply,
  sharedKey,
} from '../../../src-pairing/cpace.ts';

interface Side {
  readonly associated: string;
  readonly secret: string;
  readonly share: string;
}
interface Vectors extends Record<
  'password' | 'channel' | 'sessionId' | 'generatorString' | 'point' | 'key',
  string
> {
  readonly initiator: Side;
  readonly responder: Side;
  readonly multiplication: Record<'secret' | 'point' | 'product', string> & {
    readonly invalidPoints: string[];
  };
}

const vectors = JSON.parse(
  readFileSync(new URL('vectors/cpace-ristretto255-sha512.json', import.meta.url), 'utf8'),
) as Vectors;

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (value: Uint8Array | null): string | null =>
  value === null ? null : Buffer.from(value).toString('hex');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const inputs = {
  password: bytes(vectors.password),
  channel: bytes(vectors.channel),
  sessionId: bytes(vectors.sessionId),
};
const { initiator, responder } = vectors;
const message = ({ share, associated }: Side) => ({ share: bytes(share), associated: bytes(associated) });

describe('CPace, by the vectors of its specification', () => {
  it('puts lengths before parts', () => {
    expect(hex(lengthValues(text('1234'), text('5'), text(''), text('678')))).toBe(
      '043132333401350003363738',
    );
    const long = Uint8Array.from({ length: 128 }, (_, index) => index);
    expect(hex(lengthValues(new Uint8Array(0)))).toBe('00');
    expect(hex(lengthValues(long.subarray(0, 127)))).toBe(`7f${hex(long.subarray(0, 127))}`);
    expect(hex(lengthValues(long))).toBe(`8001${hex(long)}`);
    const transcript = [
      lengthValues(text('3456'), text('PartyA')),
      lengthValues(text('2345'), text('PartyB')),
    ];
    expect(transcript.map(hex).join('')).toBe('043334353606506172747941043233343506506172747942');
  });

  it('makes the generator string, the shares and the key of both sides', () => {
    expect(hex(generatorString(inputs))).toBe(vectors.generatorString);
    for (const [own, other] of [
      [initiator, responder],
      [responder, initiator],
    ] as const) {
      expect(hex(makeShare(inputs, bytes(own.secret)))).toBe(own.share);
      expect(hex(multiply(bytes(own.secret), bytes(other.share)))).toBe(vectors.point);
      const secrets = { secret: bytes(own.secret), theirShare: bytes(other.share) };
      expect(hex(sharedKey(inputs, secrets, message(initiator), message(responder)))).toBe(vectors.key);
    }
  });

  it('multiplies points and refuses what is none, and the neutral one', () => {
    const { secret, point, product, invalidPoints } = vectors.multiplication;
    expect(hex(multiply(bytes(secret), bytes(point)))).toBe(product);
    for (const invalid of invalidPoints) {
      expect(multiply(bytes(secret), bytes(invalid)), invalid).toBeNull();
      const own = { secret: bytes(secret), theirShare: bytes(invalid) };
      expect(sharedKey(inputs, own, message(initiator), message(responder)), invalid).toBeNull();
    }
  });
});

describe('HMAC-SHA-512, with which sides prove that they have the key', () => {
  it('gives what RFC 4231 says', () => {
    expect(hex(authenticate(text('Jefe'), text('what do ya want for nothing?')))).toBe(
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
        '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    );
  });

  it('proves another thing for each message, session and key', () => {
    const key = bytes(vectors.key);
    const proofs = [
      confirmationOf(confirmationKey(inputs.sessionId, key), message(initiator)),
      confirmationOf(confirmationKey(inputs.sessionId, key), message(responder)),
      confirmationOf(confirmationKey(text('other'), key), message(initiator)),
      confirmationOf(confirmationKey(inputs.sessionId, text('other')), message(initiator)),
    ];
    expect(new Set(proofs.map(hex)).size).toBe(4);
  });

  it('compares whole values', () => {
    expect([
      isSame(text('ab'), text('ab')),
      isSame(text('ab'), text('ac')),
      isSame(text('ab'), text('abc')),
    ]).toEqual([true, false, false]);
  });
});
