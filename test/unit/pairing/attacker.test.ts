import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeShare } from '../../../src-pairing/cpace.ts';
import { cpaceInputs, proofsOf } from '../../../src-pairing/identity.ts';
import { decodeMessage, encodeMessage, type PairingMessage } from '../../../src-pairing/messages.ts';
import {
  BOX,
  identity,
  LAPTOP,
  openBox,
  otherThan,
  PairingWorld,
  random,
  text,
  type Carried,
} from './pairing-world.ts';

const ATTACKER = identity('attacker', 66);

/** Rewrites messages on their way; what is given back is delivered instead. */
function rewriting(rewrite: (message: PairingMessage, carried: Carried) => PairingMessage) {
  return (carried: Carried): readonly Uint8Array[] => [
    encodeMessage(rewrite(decodeMessage(carried.bytes)!, carried)),
  ];
}

describe('somebody in the middle', () => {
  it.each([
    [
      "puts its own key in the box's place",
      (message) => (message.kind === 'offer' ? { ...message, boxKey: ATTACKER.publicKey } : message),
    ],
    [
      "puts its own key in the laptop's place",
      (message) => (message.kind === 'start' ? { ...message, laptopKey: ATTACKER.publicKey } : message),
    ],
    [
      'puts its own key in both places',
      (message) =>
        message.kind === 'offer'
          ? { ...message, boxKey: ATTACKER.publicKey }
          : message.kind === 'start'
            ? { ...message, laptopKey: ATTACKER.publicKey }
            : message,
    ],
    [
      'renames the laptop',
      (message) => (message.kind === 'start' ? { ...message, laptopName: text('admin') } : message),
    ],
    [
      'renames the box',
      (message) => (message.kind === 'offer' ? { ...message, boxName: text('other') } : message),
    ],
    [
      'puts its own share in place of the laptop’s',
      (message) => (message.kind === 'start' ? { ...message, share: shareOf(message) } : message),
    ],
    [
      'puts its own share in place of the box’s',
      (message) => (message.kind === 'share' ? { ...message, share: shareOf(message) } : message),
    ],
  ] as [string, (message: PairingMessage) => PairingMessage][])('who %s gets nothing', (_what, rewrite) => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code, network: rewriting(rewrite) });
    expect(world.run()).toMatchObject({ kind: 'failed', failure: { kind: 'wrong-code' } });
    expect(world.pinned).toEqual([]);
    expect(box.status, 'it left a trace').toMatchObject({ failed: 1, open: { triesLeft: 2 } });
  });

  it('who changes what either says of itself makes other proofs of it', () => {
    const facts = { code: '12345678', attempt: new Uint8Array(16), laptop: LAPTOP, box: BOX };
    const secret = new Uint8Array(32).fill(7);
    const share = makeShare(cpaceInputs(facts), secret);
    const shares = { ofLaptop: share, ofBox: share };
    const proofOf = (changed: Partial<typeof facts>): string =>
      Buffer.from(
        proofsOf({ ...facts, ...changed }, shares, { secret, theirShare: share })!.ofLaptop,
      ).toString('hex');
    const proofs = [
      proofOf({}),
      proofOf({ attempt: new Uint8Array(16).fill(1) }),
      proofOf({ laptop: { ...LAPTOP, name: text('other') } }),
      proofOf({ laptop: { ...LAPTOP, tunnelVersion: 99 } }),
      proofOf({ laptop: { ...LAPTOP, publicKey: ATTACKER.publicKey } }),
      proofOf({ box: { ...BOX, name: text('other') } }),
      proofOf({ box: { ...BOX, tunnelVersion: 99 } }),
      proofOf({ box: { ...BOX, publicKey: ATTACKER.publicKey } }),
    ];
    expect(new Set(proofs).size).toBe(proofs.length);
  });

  it('who downgrades the version of the tunnel gets nothing', () => {
    const laptop = { ...LAPTOP, tunnelVersion: 2 };
    const { box, code } = openBox({ ...BOX, tunnelVersion: 2 });
    const network = rewriting((message) =>
      message.kind === 'offer' || message.kind === 'start' ? { ...message, tunnelVersion: 1 } : message,
    );
    const world = new PairingWorld({ ways: [{ box }], code, laptop, network });
    expect(world.run()).toMatchObject({ kind: 'failed', failure: { kind: 'version' } });
    expect(world.pinned).toEqual([]);
  });

  it('who tells the laptop that all is stored, while the box stores nothing, is not believed', () => {
    const { box, code } = openBox();
    const network = rewriting((message) =>
      message.kind === 'pinned' ? { ...message, outcome: 'stored' } : message,
    );
    const world = new PairingWorld({ ways: [{ box }], code, network, pin: () => 'disk-full' });
    expect(world.run()).toEqual({ kind: 'failed', failure: { kind: 'box-gone', isDecided: true } });
  });

  it('who sends the laptop’s own proof back is not taken for the box', () => {
    const { box, code } = openBox();
    let proof: Uint8Array | null = null;
    const network = rewriting((message) => {
      if (message.kind === 'confirm') proof = message.proof.slice();
      return message.kind === 'confirmed' ? { ...message, proof: proof! } : message;
    });
    expect(new PairingWorld({ ways: [{ box }], code, network }).run()).toEqual({
      kind: 'failed',
      failure: { kind: 'impostor' },
    });
  });

  it('who changes any byte that counts gets nothing stored under a changed name or key', () => {
    fc.assert(
      fc.property(fc.nat(7), fc.nat(QUESTION_LAST), fc.integer({ min: 1, max: 255 }), (index, at, mask) => {
        const { box, code } = openBox();
        let number = 0;
        const network = ({ bytes }: Carried): readonly Uint8Array[] => {
          if (number++ !== index || at >= bytes.length) return [bytes];
          const changed = bytes.slice();
          changed[at]! ^= mask;
          return [changed];
        };
        const world = new PairingWorld({ ways: [{ box }], code, network });
        const state = world.run();
        for (const laptop of world.pinned) expect(laptop).toEqual(LAPTOP);
        if (state.kind === 'done') expect(state.box).toEqual(BOX);
      }),
      { numRuns: 150 },
    );
  });
});

describe('somebody without the code', () => {
  it('who plays the box gets one guess, and no proof of the laptop helps to find the code afterwards', () => {
    const { code } = openBox();
    const guessed = playBox(code, otherThan(code));
    expect(guessed.state).toEqual({ kind: 'failed', failure: { kind: 'impostor' } });
    const lucky = playBox(code, code);
    expect(lucky.state, 'the right guess is what the defence rests on').toMatchObject({ kind: 'staging' });
  });

  it('who replays a whole recorded pairing to the box stores nothing', () => {
    const { box, code } = openBox();
    const recorded = new PairingWorld({ ways: [{ box }], code });
    recorded.run();
    const again = openBox();
    const answers = recorded.carried
      .filter(({ direction }) => direction === 'up')
      .map(({ bytes }) => again.box.onDatagram(bytes, text('way 0'), 1_000_000));
    expect(answers.map((answer) => answer && decodeMessage(answer)!.kind)).toEqual([
      'offer',
      'offer',
      null,
      null,
    ]);
    expect(again.box.pollEvent()).toBeUndefined();
    expect(again.box.status).toMatchObject({ open: { triesLeft: 3 }, failed: 0 });
  });

  it('who replays a recorded box to a laptop is not heard', () => {
    const { box, code } = openBox();
    const recorded = new PairingWorld({ ways: [{ box }], code });
    recorded.run();
    const answers = recorded.carried.filter(({ direction }) => direction === 'down');
    const world = new PairingWorld({
      ways: [{ box }],
      code,
      network: () => [],
    });
    for (const { bytes } of answers) world.laptop.onDatagram(0, bytes, world.now);
    expect(world.laptop.state).toEqual({ kind: 'asking' });
  });

  it('who forges its address cannot spend a try: the cookie went elsewhere', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code });
    world.run(({ kind }) => kind === 'sharing');
    const sent = world.laptop.poll()!.bytes;
    const forged = sent.slice();
    forged[4]! ^= 1;
    expect(decodeMessage(box.onDatagram(forged, text('way 0'), world.now)!)!.kind).toBe('offer');
    expect(decodeMessage(box.onDatagram(forged, text('elsewhere'), world.now)!)!.kind).toBe('offer');
    expect(decodeMessage(box.onDatagram(sent, text('elsewhere'), world.now)!)!.kind).toBe('offer');
    expect(box.status.open?.triesLeft).toBe(3);
  });

  it('who asks the box to store a laptop that is not ready for it is not heard', () => {
    const { box, code } = openBox();
    const world = new PairingWorld({ ways: [{ box }], code });
    world.run(({ kind }) => kind === 'staging');
    const attempt = decodeMessage(world.carried[0]!.bytes)!.attempt.slice();
    const confirmed = decodeMessage(world.carried[5]!.bytes)!;
    const seen = confirmed.kind === 'confirmed' ? confirmed.proof : expect.fail('not the proof of the box');
    for (const proof of [new Uint8Array(64), seen])
      box.onDatagram(encodeMessage({ kind: 'pin', version: 1, attempt, proof }), text('way 0'), world.now);
    expect(box.pollEvent()).toBeUndefined();
    expect(world.pinned).toEqual([]);
  });

  it('who floods the box with questions gets a bounded number of answers and makes nothing grow', () => {
    const { box } = openBox();
    let answers = 0;
    for (let i = 0; i < 10_000; i++) {
      const ask = encodeMessage({ kind: 'ask', version: 1, attempt: random(16), tunnelVersion: 1 });
      if (box.onDatagram(ask, random(6), 1_000 + i) !== null) answers++;
    }
    expect(answers).toBe(40);
    expect(box.pollEvent()).toBeUndefined();
    expect(box.nextDeadline, 'only the code has a deadline').toBe(300_000_000);
  });

  it('who begins with a point that is none costs nothing', () => {
    const { box, code } = openBox();
    const network = rewriting((message) =>
      message.kind === 'start' ? { ...message, share: new Uint8Array(32) } : message,
    );
    const world = new PairingWorld({ ways: [{ box }], code, network });
    expect(world.run()).toMatchObject({ failure: { kind: 'box-gone', isDecided: false } });
    expect(box.status.open?.triesLeft).toBe(3);
  });
});

const QUESTION_LAST = 191;

/** A share for a code that the attacker guesses, with its own key as the other end. */
function shareOf(message: PairingMessage): Uint8Array {
  const facts = { code: '00000000', attempt: message.attempt.slice(), laptop: LAPTOP, box: BOX };
  return makeShare(cpaceInputs(facts), random(32));
}

/** Plays a box of its own towards a laptop whose user types `code`, with a guess. */
function playBox(code: string, guess: string) {
  const { box } = openBox();
  const secret = random(32);
  let facts: Parameters<typeof proofsOf>[0] | null = null;
  let laptopShare = new Uint8Array(0);
  let ownShare = new Uint8Array(0);
  const answer = ({ direction, bytes }: Carried): readonly Uint8Array[] => {
    if (direction === 'down') return [];
    const message = decodeMessage(bytes)!;
    const head = { version: 1, attempt: message.attempt };
    const { publicKey: boxKey, name: boxName } = ATTACKER;
    switch (message.kind) {
      case 'ask':
        world.laptop.onDatagram(
          0,
          encodeMessage({
            ...head,
            kind: 'offer',
            tunnelVersion: 1,
            state: 'open',
            cookie: random(16),
            boxKey,
            boxName,
          }),
          world.now,
        );
        break;
      case 'start':
        facts = { code: guess, attempt: message.attempt.slice(), laptop: LAPTOP, box: ATTACKER };
        laptopShare = message.share.slice();
        ownShare = makeShare(cpaceInputs(facts), secret).slice();
        world.laptop.onDatagram(0, encodeMessage({ ...head, kind: 'share', share: ownShare }), world.now);
        break;
      case 'confirm': {
        const shares = { ofLaptop: laptopShare, ofBox: ownShare };
        const proofs = proofsOf(facts!, shares, { secret, theirShare: laptopShare })!;
        world.laptop.onDatagram(
          0,
          encodeMessage({ ...head, kind: 'confirmed', proof: proofs.ofBox }),
          world.now,
        );
        break;
      }
      default:
        break;
    }
    return [];
  };
  const world: PairingWorld = new PairingWorld({ ways: [{ box }], code, network: answer });
  return { state: world.run(({ kind }) => kind === 'staging') };
}
