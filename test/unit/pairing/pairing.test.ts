import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { BoxPairing } from '../../../src-pairing/box-pairing.ts';
import { makeCode } from '../../../src-pairing/code.ts';
import { decodeMessage, encodeMessage, QUESTION_BYTES, TYPE_PAIRING } from '../../../src-pairing/messages.ts';
import * as wire from '../../../src-engine/wire/header.ts';
import { formatPairingCode, pairingCodeSchema } from '../../../src-shared/model/pairing.ts';
import {
  BOX,
  identity,
  LAPTOP,
  openBox,
  otherThan,
  PairingWorld,
  random,
  fingerprintOf,
} from './pairing-world.ts';

const SECOND = 1_000_000;

describe('a laptop with the code that the box shows', () => {
  it('is stored on the box and learns who the box is', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code });
    expect(world.run()).toEqual({ kind: 'done', box: BOX, way: 0 });
    expect(world.pinned).toEqual([LAPTOP]);
    expect(world.events.map(({ kind }) => kind)).toEqual(['begun', 'closed', 'pin']);
    expect(box.status).toEqual({ open: null, lastCode: 'used', failed: 0 });
  });

  it('needs one question and answer for each step, and no answer is longer than its question', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code });
    world.run();
    const kinds = world.carried.map(({ bytes }) => decodeMessage(bytes)!.kind);
    expect(kinds).toEqual(['ask', 'offer', 'start', 'share', 'confirm', 'confirmed', 'pin', 'pinned']);
    for (const { direction, bytes } of world.carried) {
      if (direction === 'up') expect(bytes).toHaveLength(QUESTION_BYTES);
      else expect(bytes.length).toBeLessThanOrEqual(QUESTION_BYTES);
    }
  });

  it('pairs whatever is lost, repeated and delayed, and is stored once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 64, maxLength: 64 }), (fates) => {
        const { box, code } = openBox();
        let at = 0;
        const kept: Uint8Array[] = [];
        const world = new PairingWorld({
          ways: [{ box }, { box }],
          code,
          network: ({ bytes }) => {
            const fate = fates[at++ % fates.length]!;
            kept.push(bytes);
            if (fate < 3) return [];
            if (fate === 3) return [bytes, bytes];
            return fate === 4 ? [kept[Math.floor(kept.length / 2)]!, bytes] : [bytes];
          },
        });
        const state = world.run();
        expect(world.pinned.length).toBeLessThanOrEqual(1);
        if (state.kind === 'done') expect(world.pinned).toEqual([LAPTOP]);
        else
          expect(state).toMatchObject({
            kind: 'failed',
            failure: { kind: expect.stringMatching(/box-gone|not-reachable/) as string },
          });
        return true;
      }),
      { numRuns: 60 },
    );
  });

  it('chooses among three boxes the one that shows a code', () => {
    const [first, second, third] = [identity('one', 11), identity('two', 12), identity('three', 13)];
    const { box, code } = openBox(second);
    const ways = [
      new BoxPairing({ identity: first, random }),
      box,
      new BoxPairing({ identity: third, random }),
    ];
    const world = new PairingWorld({
      ways: ways.map((one, index) => ({ box: one, way: { box: index } })),
      code,
    });
    expect(world.run()).toMatchObject({ kind: 'done', box: second, way: 1 });
  });

  it('is told to choose when several boxes show a code, and costs none of them a try', () => {
    const one = openBox(identity('one', 11));
    const two = openBox(identity('two', 12));
    const world = new PairingWorld({
      ways: [
        { box: one.box, way: { box: 0 } },
        { box: two.box, way: { box: 1 } },
      ],
      code: one.code,
    });
    const names = [identity('one', 11).name, identity('two', 12).name];
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'several-boxes', names } });
    expect([one.box.status.open?.triesLeft, two.box.status.open?.triesLeft]).toEqual([3, 3]);
  });

  it('goes on over another way to the same box when the first falls silent', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({
      ways: [{ box }, { box }],
      code,
      network: ({ way, bytes }) =>
        way === 0 && decodeMessage(bytes)!.kind !== 'ask' && decodeMessage(bytes)!.kind !== 'offer'
          ? []
          : [bytes],
    });
    expect(world.run()).toMatchObject({ kind: 'done', way: 1 });
  });
});

describe('what goes wrong has a name:', () => {
  it('a wrong code, which costs a try and is seen on the box', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code: otherThan(code) });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'wrong-code', triesLeft: 2 } });
    expect(world.events).toEqual([
      { kind: 'begun', laptop: LAPTOP, triesLeft: 2 },
      { kind: 'wrong-code', laptop: LAPTOP, triesLeft: 2 },
    ]);
    expect(box.status).toMatchObject({ open: { triesLeft: 2 }, failed: 1 });
    expect(world.pinned).toEqual([]);
  });

  it('the third try, after which the right code does not help any more', () => {
    const { box, code } = openBox();
    const failures = [1, 2, 3].map((by) =>
      new PairingWorld({ ways: [{ box }], code: otherThan(code, by) }).run(),
    );
    expect(failures).toEqual(
      [2, 1, 0].map((triesLeft) => ({ kind: 'failed', failure: { kind: 'wrong-code', triesLeft } })),
    );
    const world = new PairingWorld({ ways: [{ box }], code });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'no-code', state: 'burnt' } });
  });

  it('an expired code, told for a while', () => {
    const { box, code } = openBox();
    expect(new PairingWorld({ ways: [{ box }], code, now: 300 * SECOND }).run()).toEqual({
      kind: 'failed',
      failure: { kind: 'no-code', state: 'expired' },
    });
    expect(new PairingWorld({ ways: [{ box }], code, now: 1_300 * SECOND }).run()).toEqual({
      kind: 'failed',
      failure: { kind: 'not-reachable' },
    });
  });

  it('a code that was used', () => {
    const { box, code } = openBox();
    new PairingWorld({ ways: [{ box }], code }).run();
    const world = new PairingWorld({ ways: [{ box }], code });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'no-code', state: 'used' } });
  });

  it('a code that a newer one has replaced', () => {
    const { box, code } = openBox();
    box.openCode(SECOND);
    expect(new PairingWorld({ ways: [{ box }], code }).run()).toMatchObject({
      failure: { kind: 'wrong-code' },
    });
  });

  it('a box that shows no code, which is silent', () => {
    const box = new BoxPairing({ identity: BOX, random });
    const world = new PairingWorld({ ways: [{ box }], code: '12345678' });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'not-reachable' } });
    expect(world.carried.every(({ direction }) => direction === 'up')).toBe(true);
  });

  it('another box than the one that was announced, before a try is spent', () => {
    const { box, code } = openBox();
    const announced = fingerprintOf(identity('other', 9).publicKey);
    const world = new PairingWorld({ ways: [{ box, way: { fingerprint: announced } }], code });
    const answered = fingerprintOf(BOX.publicKey);
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'wrong-box', announced, answered } });
    expect(box.status.open?.triesLeft).toBe(3);
  });

  it('another version of the tunnel, on either side', () => {
    const { box, code } = openBox({ ...BOX, tunnelVersion: 2 });
    const failure = { kind: 'version', boxVersion: 2, of: 'tunnel' };
    expect(new PairingWorld({ ways: [{ box }], code }).run()).toEqual({ kind: 'failed', failure });
    expect(box.status.open?.triesLeft).toBe(3);
  });

  it('another version of pairing, which a box tells whoever asks', () => {
    const { box } = openBox();
    const ask = encodeMessage({ kind: 'ask', version: 1, attempt: random(16), tunnelVersion: 1 });
    ask[1] = 7;
    expect(decodeMessage(box.onDatagram(ask, random(4), 1)!)).toMatchObject({
      kind: 'refused',
      reason: 'version',
      detail: 1,
    });
    const world = new PairingWorld({
      ways: [{ box }],
      code: '12345678',
      network: ({ direction, bytes }) => {
        if (direction === 'up') return [bytes];
        const { attempt } = decodeMessage(bytes)!;
        const answer = encodeMessage({ kind: 'refused', version: 1, attempt, reason: 'version', detail: 9 });
        answer[1] = 9;
        return [answer];
      },
    });
    const failure = { kind: 'version', boxVersion: 9, of: 'pairing' };
    expect(world.run()).toEqual({ kind: 'failed', failure });
  });

  it.each([
    ['start', false],
    ['confirm', false],
    ['pin', true],
  ] as const)('a box that is gone before it answers %s', (kind, isDecided) => {
    const { box, code } = openBox();
    const world = new PairingWorld({
      ways: [{ box }],
      code,
      network: ({ bytes }) => (decodeMessage(bytes)!.kind === kind ? [] : [bytes]),
    });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'box-gone', isDecided } });
    expect(world.pinned).toEqual([]);
  });

  it('a lost last answer: the box has stored the laptop, which says that it cannot know', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({
      ways: [{ box }],
      code,
      network: ({ bytes }) => (decodeMessage(bytes)!.kind === 'pinned' ? [] : [bytes]),
    });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'box-gone', isDecided: true } });
    expect(world.pinned).toEqual([LAPTOP]);
  });

  it.each([
    ['disk-full', true],
    ['failed', false],
  ] as const)('a box that cannot store the laptop (%s)', (outcome, isFull) => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code, pin: () => outcome });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'box-storage', isFull } });
  });

  it('a laptop that cannot store the box, and then does not ask the box to store anything', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code, stage: () => false });
    expect(world.run()).toMatchObject({ kind: 'staging' });
    expect(world.carried.some(({ bytes }) => decodeMessage(bytes)!.kind === 'pin')).toBe(false);
    expect(world.pinned).toEqual([]);
  });

  it('a laptop that begins and proves nothing, which costs a try too', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code });
    world.run(({ kind }) => kind === 'confirming');
    box.onTimeout(world.now + 11 * SECOND);
    expect(box.pollEvent()).toEqual({ kind: 'abandoned', laptop: LAPTOP, triesLeft: 2 });
    expect(box.status).toMatchObject({ open: { triesLeft: 2 }, failed: 1 });
  });
});

describe('a code', () => {
  it('has eight digits, of which every one of the 10^8 is equally likely', () => {
    const codes = [0, 1, 4_199_999_999].map((number) => makeCode(() => bigEndian(number)));
    expect(codes).toEqual(['00000000', '00000001', '99999999']);
    // What lies above the last multiple of 10^8 is thrown again.
    const words = [4_200_000_000, 0xffffffff, 7];
    expect(makeCode(() => bigEndian(words.shift()!))).toBe('00000007');
  });

  it('is read as people type it, and nothing else is', () => {
    const typed = ['1234 5678', '12-34-56-78', '12345678', '1234567', '123456789', '1234567a', ''];
    expect(typed.map((code) => pairingCodeSchema.safeParse(code).data)).toEqual([
      ...['12345678', '12345678', '12345678'],
      ...[undefined, undefined, undefined, undefined],
    ]);
    expect(formatPairingCode('12345678')).toBe('1234 5678');
  });
});

describe('a message', () => {
  it('has a type of its own beside those of the tunnel', () => {
    expect(TYPE_PAIRING).toBe(wire.TYPE_PAIRING);
    const others = [
      wire.TYPE_INITIATION,
      wire.TYPE_RESPONSE,
      wire.TYPE_COOKIE,
      wire.TYPE_DATA,
      wire.TYPE_VERSION,
    ];
    expect(others).not.toContain(TYPE_PAIRING);
  });

  it('is read as it was written, and cut nowhere', () => {
    const part = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const names = fc.uint8Array({ maxLength: 63 });
    const fields = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), tunnelVersion: fc.nat(255) }),
      fc.record({
        kind: fc.constant('offer' as const),
        tunnelVersion: fc.nat(255),
        state: fc.constantFrom('open', 'none', 'expired', 'used', 'burnt'),
        cookie: part(16),
        boxKey: part(32),
        boxName: names,
      }),
      fc.record({
        kind: fc.constant('start' as const),
        tunnelVersion: fc.nat(255),
        cookie: part(16),
        share: part(32),
        laptopKey: part(32),
        laptopName: names,
      }),
      fc.record({ kind: fc.constant('share' as const), share: part(32) }),
      fc.record({ kind: fc.constantFrom('confirm', 'confirmed', 'pin'), proof: part(64) }),
      fc.record({
        kind: fc.constant('pinned' as const),
        outcome: fc.constantFrom('stored', 'disk-full', 'failed'),
        proof: part(64),
      }),
      fc.record({
        kind: fc.constant('refused' as const),
        reason: fc.constantFrom('none', 'expired', 'used', 'burnt', 'version', 'wrong-code'),
        detail: fc.nat(255),
      }),
    );
    fc.assert(
      fc.property(fields, part(16), (written, attempt) => {
        const message = { version: 1, attempt, ...written } as Parameters<typeof encodeMessage>[0];
        const bytes = encodeMessage(message);
        expect(decodeMessage(bytes)).toEqual(message);
        expect(bytes.length).toBeLessThanOrEqual(QUESTION_BYTES);
        expect(decodeMessage(bytes.subarray(0, bytes.length - 1))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

function bigEndian(number: number): Uint8Array {
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}
