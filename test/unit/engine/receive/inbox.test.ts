import { beforeEach, describe, expect, test } from 'vitest';
import { EngineMemory, type MemoryPlan } from '../../../../src-engine/memory.ts';
import { Inbox, type PieceFate } from '../../../../src-engine/receive/inbox.ts';
import { CONTROL_LANE, LANES } from '../../../../src-engine/send/lane-hash.ts';
import { Rng } from '../../../support/rng.ts';

const PLAN: MemoryPlan = {
  sendLarge: 1,
  sendMedium: 1,
  sendSmall: 1,
  receiveLarge: 4,
  receiveMedium: 4,
  receiveSmall: 16,
  receiveBuffers: 1,
};
const BUFFER = new ArrayBuffer(EngineMemory.bytesFor(PLAN));

let memory: EngineMemory;
let inbox: Inbox;
let delivered: string[];
let pending: { at: number; length: number; name: string }[];

/** Byte `at` of a message; differs between messages and positions. */
const contentAt = (lane: number, number: number, at: number): number => (lane * 7 + number * 31 + at) & 255;

beforeEach(() => {
  memory = new EngineMemory(BUFFER, PLAN);
  delivered = [];
  pending = [];
  const note = (kind: string, at: number, length: number): void => {
    pending.push({ at, length, name: kind });
  };
  inbox = new Inbox(memory, {
    deliverPacket: (at, length) => note('packet', at, length),
    deliverControl: (at, length) => note('control', at, length),
    flush,
  });
});

/** Hands over as a session does: bytes are looked at only here. */
function flush(): void {
  for (const { at, length, name } of pending) {
    delivered.push(`${name} ${memory.bytes[at]} ${length} ${memory.bytes[at + length - 1]}`);
  }
  pending = [];
  inbox.afterFlush();
}

function take(lane: number, number: number, total: number, offset = 0, length = total): PieceFate {
  const at = memory.receiveBase;
  for (let i = 0; i < length; i++) memory.bytes[at + i] = contentAt(lane, number, offset + i);
  const fate = inbox.take({ lane, number, total, offset, length, at });
  flush();
  return fate;
}

const packet = (lane: number, number: number, total: number): string =>
  `packet ${contentAt(lane, number, 0)} ${total} ${contentAt(lane, number, total - 1)}`;

function expectAllMemoryBack(): void {
  const free = [...memory.receive.map((pool) => pool.available), inbox.held];
  expect(free).toEqual([PLAN.receiveSmall, PLAN.receiveMedium, PLAN.receiveLarge, 0]);
}

describe('order', () => {
  test('a lane waits for its hole, another lane does not', () => {
    take(1, 1, 50);
    take(2, 0, 60);
    expect(delivered).toEqual([packet(2, 0, 60)]);
    take(1, 0, 40);
    expect(delivered.slice(1)).toEqual([packet(1, 0, 40), packet(1, 1, 50)]);
    expectAllMemoryBack();
  });

  test('what arrives twice is delivered once', () => {
    expect([take(1, 0, 50), take(1, 0, 50)]).toEqual(['taken', 'duplicate']);
    expect([take(1, 2, 50), take(1, 2, 50)]).toEqual(['taken', 'duplicate']);
    take(1, 1, 50);
    expect(delivered).toHaveLength(3);
    expectAllMemoryBack();
  });

  test('a skip lets the lane go on, and delivers what is complete', () => {
    take(1, 1, 50);
    take(1, 2, 90, 0, 40);
    take(1, 4, 60);
    expect(inbox.skip(1, 4)).toBe(true);
    flush();
    expect(delivered).toEqual([packet(1, 1, 50), packet(1, 4, 60)]);
    expect(take(1, 2, 90, 40, 50), 'too late').toBe('duplicate');
    expectAllMemoryBack();
  });

  test('a skip backwards changes nothing', () => {
    take(1, 0, 50);
    expect(inbox.skip(1, 0)).toBe(true);
    expect(take(1, 1, 50)).toBe('taken');
    expect(delivered).toHaveLength(2);
  });

  test('messages of the session itself go their own way', () => {
    take(CONTROL_LANE, 0, 20);
    expect(delivered[0]).toMatch(/^control/);
  });

  test('numbers of a lane go round', () => {
    const internals = inbox as unknown as { laneNext: Int32Array };
    internals.laneNext[3] = -1;
    take(3, 0, 30);
    expect(take(3, 0xffffffff, 20)).toBe('taken');
    expect(delivered).toEqual([packet(3, 0xffffffff, 20), packet(3, 0, 30)]);
  });
});

describe('limits', () => {
  test.each([
    ['a lane that does not exist', () => take(LANES, 0, 10), 'contradicts'],
    ['a message larger than any slot', () => take(1, 0, 65_601, 0, 10), 'contradicts'],
    ['a number too far ahead', () => take(1, 70_000, 10), 'no-memory'],
  ])('%s is refused', (_name, attempt, fate) => {
    expect(attempt()).toBe(fate);
    expectAllMemoryBack();
  });

  test('a piece that gives its message another length is refused', () => {
    take(1, 0, 100, 0, 50);
    expect(take(1, 0, 101, 50, 51)).toBe('contradicts');
  });

  test('a skip beyond what a sender may have outstanding is refused', () => {
    expect([inbox.skip(1, 70_000), inbox.skip(LANES, 1)]).toEqual([false, false]);
  });

  test('when all slots wait for holes, more is refused until a hole is filled', () => {
    for (let number = 1; number <= PLAN.receiveSmall; number++) expect(take(1, number, 10)).toBe('taken');
    expect(take(1, 17, 10)).toBe('no-memory');
    expect(take(1, 0, 10), 'what fills the hole needs no slot').toBe('taken');
    expect(take(1, 17, 10)).toBe('taken');
    expect(delivered).toHaveLength(18);
    expectAllMemoryBack();
  });

  test('a reset hands over what was delivered before its slots are used again', () => {
    const at = memory.receiveBase;
    const piece = (number: number, content: number): void => {
      memory.bytes.fill(content, at, at + 10);
      inbox.take({ lane: 1, number, total: 10, offset: 0, length: 10, at });
    };
    piece(1, 2);
    memory.bytes.fill(1, at + 20, at + 30);
    inbox.take({ lane: 1, number: 0, total: 10, offset: 0, length: 10, at: at + 20 });
    inbox.reset();
    piece(1, 8);
    piece(2, 9);
    flush();
    expect(delivered, 'message 0, then 1, as they were').toEqual(['packet 1 10 1', 'packet 2 10 2']);
  });
});

test('messages cut in any way, overlapping, doubled and shuffled, arrive as a naive model says', () => {
  const rng = new Rng(5);
  for (let round = 0; round < 150; round++) {
    beforeRound();
    const messages = Array.from({ length: rng.int(1, 4) }, (_, number) => ({
      number,
      total: rng.pick([1, 100, 1_500, 9_000]),
    }));
    const pieces = messages.flatMap(({ number, total }) => [
      ...cuts(rng, total).map((cut) => ({ number, total, ...cut })),
      ...(rng.chance(0.5) ? cuts(rng, total).map((cut) => ({ number, total, ...cut })) : []),
    ]);
    for (let i = pieces.length - 1; i > 0; i--) {
      const other = rng.int(0, i);
      [pieces[i], pieces[other]] = [pieces[other]!, pieces[i]!];
    }
    const model = messages.map(({ total }) => new Uint8Array(total));
    let next = 0;
    for (const { number, total, offset, length } of pieces) {
      take(6, number, total, offset, length);
      model[number]!.fill(1, offset, offset + length);
      while (next < model.length && model[next]!.every((bit) => bit === 1)) next++;
      expect(delivered.length, `round ${round}`).toBe(next);
    }
    expect(delivered, `round ${round}`).toEqual(
      messages.map(({ number, total }) => packet(6, number, total)),
    );
    expectAllMemoryBack();
  }

  function beforeRound(): void {
    inbox.reset();
    delivered = [];
  }
});

/** Cuts of a message that cover it, some of them overlapping. */
function cuts(rng: Rng, total: number): { offset: number; length: number }[] {
  const out: { offset: number; length: number }[] = [];
  for (let offset = 0; offset < total;) {
    const length = Math.min(total - offset, rng.pick([1, 64, 600, 1_440]) + (total > 4_000 ? 700 : 0));
    const from = Math.max(0, offset - (rng.chance(0.3) ? rng.int(0, 200) : 0));
    out.push({ offset: from, length: offset + length - from });
    offset += length;
  }
  return out;
}
