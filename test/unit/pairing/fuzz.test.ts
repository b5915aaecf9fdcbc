import { describe, expect, test } from 'vitest';
import { BoxPairing } from '../../../src-pairing/box-pairing.ts';
import { LaptopPairing } from '../../../src-pairing/laptop-pairing.ts';
import { decodeMessage, encodeMessage, QUESTION_BYTES } from '../../../src-pairing/messages.ts';
import { Hostile } from '../engine/fuzz/inputs.ts';
import { BOX, fingerprintOf, LAPTOP, PairingWorld, random, text } from './pairing-world.ts';

/** Inputs per parser; a night's run takes millions. */
const INPUTS = Number(process.env['BOWLINE_FUZZ_INPUTS'] ?? 4_000);
const SEED = Number(process.env['BOWLINE_FUZZ_SEED'] ?? 1);
const TIMEOUT_MS = 30_000 + INPUTS;
/** Real messages in both directions, to be damaged. */
const REAL = realMessages();

describe(`${INPUTS} hostile pairing datagrams (seed ${SEED})`, { timeout: TIMEOUT_MS }, () => {
  const hostile = new Hostile(SEED);
  const bytes = new Uint8Array(256);

  /** Something like a message: garbage with a plausible head, or a real one that was damaged. */
  function input(): Uint8Array {
    if (hostile.below(3) > 0) return hostile.damage(hostile.pick(REAL));
    const length = hostile.pick([
      0,
      19,
      20,
      21,
      52,
      84,
      85,
      QUESTION_BYTES,
      QUESTION_BYTES + 1,
      hostile.below(256),
    ]);
    hostile.fill(bytes, 0, length);
    bytes[0] = 6;
    bytes[1] = hostile.pick([1, 1, 1, 2]);
    bytes[2] = hostile.below(11);
    return bytes.subarray(0, length);
  }

  test('are read into fields of their length or not at all', () => {
    let read = 0;
    for (let i = 0; i < INPUTS; i++) {
      const datagram = input();
      const message = decodeMessage(datagram);
      if (message === null) continue;
      read++;
      // What was read is what a sender of these fields would write, up to padding and reserved bytes.
      const again = message.version === 1 ? decodeMessage(encodeMessage(message)) : message;
      if (JSON.stringify(again) !== JSON.stringify(message))
        expect.fail(`input ${i}: ${Buffer.from(datagram).toString('hex')}`);
    }
    expect(read, 'some were well-formed').toBeGreaterThan(0);
  });

  test('to a box that shows a code get no long answer, spend no try and leave nothing behind', () => {
    const box = new BoxPairing({ identity: BOX, random });
    let answers = 0;
    box.openCode(0);
    for (let i = 0; i < INPUTS; i++) {
      const datagram = input();
      const answer = box.onDatagram(datagram, text(String(hostile.below(4))), i * 50);
      if (answer === null) continue;
      answers++;
      if (answer.length > datagram.length)
        expect.fail(`input ${i}: ${Buffer.from(datagram).toString('hex')}`);
      if (i * 50 > 250_000_000) box.openCode(i * 50);
    }
    expect(answers, 'some were questions').toBeGreaterThan(0);
    expect(box.status.failed).toBe(0);
    while (box.pollEvent() !== undefined);
    expect(sizes(box)).toBe(0);
  });

  test('to a laptop that asks end in no pairing', () => {
    for (let i = 0; i < INPUTS;) {
      const laptop = new LaptopPairing({
        identity: LAPTOP,
        code: '12345678',
        ways: [{ box: 0, fingerprint: null }],
        random,
        fingerprintOf,
        now: 0,
      });
      laptop.onTimeout(0);
      const attempt = decodeMessage(laptop.poll()!.bytes)!.attempt.slice();
      for (let round = 0; round < 400 && i < INPUTS; round++, i++) {
        const datagram = input();
        // Knowing the attempt takes somebody who listens; here it is given away.
        if (datagram.length >= 20) datagram.set(attempt, 4);
        laptop.onDatagram(0, datagram, 10);
        while (laptop.poll() !== undefined);
        if (laptop.state.kind === 'done' || laptop.state.kind === 'staging') expect.fail(`input ${i} paired`);
        if (laptop.state.kind === 'failed') round = 400;
      }
    }
  });
});

/** Entries in the containers of a box. */
function sizes(box: BoxPairing): number {
  return Object.values(box).reduce<number>(
    (sum, value) => sum + (value instanceof Map ? value.size : Array.isArray(value) ? value.length : 0),
    0,
  );
}

function realMessages(): readonly Uint8Array[] {
  const box = new BoxPairing({ identity: BOX, random });
  const { code } = box.openCode(0);
  const world = new PairingWorld({ ways: [{ box }], code });
  world.run();
  const refused = encodeMessage({
    kind: 'refused',
    version: 1,
    attempt: random(16),
    reason: 'burnt',
    detail: 0,
  });
  return [...world.carried.map(({ bytes }) => bytes), refused];
}
