import { beforeEach, describe, expect, test } from 'vitest';
import { EngineMemory, type MemoryPlan, sizeClass } from '../../../../src-engine/memory.ts';
import {
  ALL_LANES,
  BONDED_LANES,
  COMMON_LANES,
  CONTROL_LANE,
  FIRST_COMMON_LANE,
} from '../../../../src-engine/send/lane-hash.ts';
import { PATIENT, REDUNDANT } from '../../../../src-engine/send/message-store.ts';
import { Outbox } from '../../../../src-engine/send/outbox.ts';
import { restoreHead, shortenHead } from '../../../../src-engine/inner-head.ts';
import { Rng } from '../../../support/rng.ts';
import { udpPacket } from '../../../support/udp-packets.ts';

const PLAN: MemoryPlan = {
  sendLarge: 8,
  sendMedium: 8,
  sendSmall: 64,
  receiveLarge: 1,
  receiveMedium: 1,
  receiveSmall: 1,
  receiveBuffers: 1,
};
const ROOM = 1_440;
const BUFFER = new ArrayBuffer(EngineMemory.bytesFor(PLAN));
const AGES_MICROS = 200_000_000;

let memory: EngineMemory;
let outbox: Outbox;

beforeEach(() => {
  memory = new EngineMemory(BUFFER, PLAN);
  outbox = new Outbox(memory);
  outbox.setPeerMemory({ smallSlots: 64, mediumSlots: 8, largeSlots: 8 });
});

function enqueue(lane: number, length: number, options: { isPatient?: boolean; now?: number } = {}): void {
  const traits = options.isPatient === false ? 0 : PATIENT;
  expect(outbox.enqueue(lane, memory.takeSend(length), length, traits, options.now ?? 0)).toBe(true);
}

/** Queues datagrams of 1,000 bytes in lane 3 at time 0. @returns what each of them is. */
function enqueueUdp(count: number): Uint8Array {
  const packet = udpPacket({ payload: new Uint8Array(1_000).fill(7) });
  for (let i = 0; i < count; i++) {
    const slot = memory.takeSend(packet.length);
    memory.bytes.set(packet, slot);
    const shorter = shortenHead(memory.bytes, slot);
    expect(outbox.enqueue(3, slot + shorter, packet.length - shorter, 0, 0)).toBe(true);
  }
  return packet;
}

const cut = (room = ROOM, isFresh = true): number => outbox.cut(room + 6, room, isFresh, false, 0);

/** Puts chunks into one datagram; returns its references. */
function datagram(...chunks: number[]): number {
  return chunks.reduce((refs, chunk) => outbox.reference(refs, chunk), -1);
}

const piece = (chunk: number): string =>
  `${outbox.laneOf(chunk)}/${outbox.numberOf(chunk)} ${outbox.offsetOf(chunk)}+${outbox.lengthOf(chunk)} of ${outbox.totalOf(chunk)}`;

function expectNothingHeld(): void {
  expect(outbox.leaks()).toEqual({ messages: 0, outstanding: 0 });
  expect(memory.send.map((pool) => pool.available)).toEqual([
    PLAN.sendSmall,
    PLAN.sendMedium,
    PLAN.sendLarge,
  ]);
  expect([outbox.messagesHeld, outbox.queuedBytes, outbox.hasReplay]).toEqual([0, 0, false]);
}

describe('cutting', () => {
  test('a packet that fits is one whole message', () => {
    enqueue(3, 1_000);
    const chunk = cut();
    expect(piece(chunk)).toBe('3/0 0+1000 of 1000');
    expect(outbox.isWholeMessage(chunk)).toBe(true);
    expect(cut(), 'nothing more').toBe(-1);
  });

  test('a super-packet is cut at byte positions into pieces that fill datagrams', () => {
    enqueue(3, 4_000);
    expect([cut(), cut(), cut(), cut()].map((chunk) => (chunk < 0 ? 'none' : piece(chunk)))).toEqual([
      '3/0 0+1440 of 4000',
      '3/0 1440+1440 of 4000',
      '3/0 2880+1120 of 4000',
      'none',
    ]);
  });

  test('a packet that would fit a datagram of its own is not split over two', () => {
    enqueue(3, 1_000);
    expect(cut(500, false), 'waits for a fresh datagram').toBe(-1);
    expect(piece(cut(ROOM, true))).toBe('3/0 0+1000 of 1000');
  });

  test('no piece is so small that its head costs more', () => {
    enqueue(3, 4_000);
    expect(cut(63, false)).toBe(-1);
  });

  test('messages of the session itself go before packets', () => {
    enqueue(3, 100);
    enqueue(CONTROL_LANE, 100);
    expect(outbox.laneOf(cut())).toBe(CONTROL_LANE);
  });

  test('messages are numbered lane by lane', () => {
    for (const lane of [1, 1, 2]) enqueue(lane, 10);
    expect([cut(), cut(), cut()].map(piece).sort()).toEqual([
      '1/0 0+10 of 10',
      '1/1 0+10 of 10',
      '2/0 0+10 of 10',
    ]);
  });
});

describe('cutting ahead, for a path that takes longer', () => {
  const cutAhead = (): number => outbox.cut(ROOM + 6, ROOM, true, true, 0);

  test('what leaves first is taken from where the order will be by then; the rest keeps its order', () => {
    for (let i = 0; i < 4; i++) enqueue(3, 10_000);
    expect(outbox.aimAhead(20_000)).toBe(true);
    expect([piece(cutAhead()), piece(cutAhead())]).toEqual(['3/2 0+1440 of 10000', '3/2 1440+1440 of 10000']);
    const rest: string[] = [];
    for (let chunk = cut(); chunk >= 0; chunk = cut()) rest.push(piece(chunk));
    expect(rest.filter((text) => text.includes(' 0+'))).toEqual([
      '3/0 0+1440 of 10000',
      '3/1 0+1440 of 10000',
      '3/3 0+1440 of 10000',
    ]);
    expect(rest).toContain('3/2 2880+1440 of 10000');
  });

  test('the queue has to be that long', () => {
    for (let i = 0; i < 4; i++) enqueue(3, 10_000);
    expect(outbox.aimAhead(41_000)).toBe(false);
    expect(outbox.aimAhead(30_000)).toBe(true);
  });

  test('lanes that take turns get less deep into each of them', () => {
    for (const lane of [3, 3, 3, 3, 4, 4, 4]) enqueue(lane, 10_000);
    expect(outbox.aimAhead(40_000)).toBe(true);
    expect(piece(cutAhead())).toBe('3/2 0+1440 of 10000');
  });

  test('it goes on behind a message that is used up', () => {
    for (let i = 0; i < 4; i++) enqueue(3, i === 3 ? 20_000 : 1_000 * 15);
    outbox.aimAhead(30_000);
    const numbers = Array.from({ length: 24 }, cutAhead).map((chunk) => outbox.numberOf(chunk));
    expect(new Set(numbers)).toEqual(new Set([2, 3]));
    expect(cutAhead()).toBeGreaterThanOrEqual(0);
  });

  test('it never takes the slots of what it has to wait for', () => {
    outbox.setPeerMemory({ smallSlots: 64, mediumSlots: 2, largeSlots: 8 });
    for (let i = 0; i < 4; i++) enqueue(3, 10_000);
    expect(outbox.aimAhead(20_000)).toBe(true);
    expect(cutAhead(), 'the peer could not hold all three').toBe(-1);
    expect([piece(cut()), piece(cut())]).toEqual(['3/0 0+1440 of 10000', '3/0 1440+1440 of 10000']);
  });

  test('nothing is dropped that the peer already waits for', () => {
    for (let i = 0; i < 4; i++) enqueue(3, 10_000);
    outbox.aimAhead(20_000);
    cutAhead();
    for (const isOldest of [true, false]) {
      outbox.dropFromLongest(isOldest);
      expect(outbox.messagesDropped).toBe(1);
    }
    outbox.dropStale(AGES_MICROS);
    expect(outbox.messagesHeld).toBe(3);
  });

  test('what waits with a number, and cannot signal its sender, leaves as it came', () => {
    const millisecond = 1_000;
    const packet = enqueueUdp(40);
    expect(outbox.aimAhead(20_000)).toBe(true);
    cutAhead();
    for (let at = 100; outbox.congestionSignals === 0; at += 100) {
      const chunk = outbox.cut(ROOM + 6, ROOM, true, false, at * millisecond);
      const start = outbox.bytesOf(chunk);
      const longer = restoreHead(memory.bytes, start, outbox.lengthOf(chunk));
      expect(memory.bytes.subarray(start - longer, start + outbox.lengthOf(chunk))).toEqual(packet);
    }
    expect([outbox.messagesDropped, outbox.messagesHeld]).toEqual([1, 39]);
  });

  test.each([
    ['is not held against its sender, however slowly it leaves', 2_000_000, false],
    ['counts from when it came, if no path was missing', 0, true],
  ])('what came before a path took over %s', (_, resumedAt, isSignalled) => {
    enqueueUdp(60);
    outbox.resume(resumedAt);
    for (let at = 2_000_000; outbox.queuedBytes > 0; at += 10_000)
      outbox.acknowledge(datagram(outbox.cut(ROOM + 6, ROOM, true, false, at)));
    expect(outbox.messagesDropped > 0).toBe(isSignalled);
  });

  test('a peer that lost its state gets everything again in order', () => {
    for (let i = 0; i < 4; i++) enqueue(3, 10_000);
    outbox.aimAhead(20_000);
    cutAhead();
    outbox.restart();
    expect([piece(cut()), outbox.queuedBytes]).toEqual(['3/0 0+1440 of 10000', 40_000 - 1_440]);
  });
});

describe('lanes of class bonded', () => {
  const BONDED = [1, 2];
  const COMMON = [FIRST_COMMON_LANE + 1, FIRST_COMMON_LANE + 2];
  const cutOf = (lanes: number, isAhead = false): number =>
    outbox.cut(ROOM + 6, ROOM, true, isAhead, 0, lanes);

  test('leave where others may not, and the other way round', () => {
    for (const lane of [BONDED[0]!, COMMON[0]!]) enqueue(lane, 100);
    const queued = (): number[] =>
      [BONDED_LANES, COMMON_LANES, ALL_LANES, 0].map((set) => outbox.queuedIn(set));
    expect(queued()).toEqual([100, 100, 200, 0]);
    expect(outbox.laneOf(cutOf(BONDED_LANES))).toBe(BONDED[0]);
    expect([queued(), cutOf(BONDED_LANES)]).toEqual([[0, 100, 100, 0], -1]);
    expect(outbox.laneOf(cutOf(COMMON_LANES))).toBe(COMMON[0]);
    expect([queued(), cutOf(ALL_LANES)]).toEqual([[0, 0, 0, 0], -1]);
  });

  test('get as much as others where both may leave, each lane by itself', () => {
    for (const lane of [...BONDED, COMMON[0]!]) for (let i = 0; i < 2; i++) enqueue(lane, 60_000);
    const sent = new Map<number, number>();
    for (let i = 0; i < 120; i++) {
      const chunk = cutOf(ALL_LANES);
      sent.set(outbox.laneOf(chunk), (sent.get(outbox.laneOf(chunk)) ?? 0) + outbox.lengthOf(chunk));
    }
    const shares = [...BONDED, COMMON[0]!].map((lane) => sent.get(lane)! / 1_440);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(9);
  });

  test('do not pay where others may leave for what left where they alone may', () => {
    for (const lane of [BONDED[0]!, COMMON[0]!]) for (let i = 0; i < 2; i++) enqueue(lane, 60_000);
    let ofBonded = 0;
    for (let i = 0; i < 20; i++) {
      cutOf(BONDED_LANES);
      for (let j = 0; j < 2; j++) if (outbox.laneOf(cutOf(ALL_LANES)) === BONDED[0]) ofBonded++;
    }
    expect(ofBonded, 'of 40').toBeGreaterThan(18);
    expect(ofBonded, 'of 40').toBeLessThan(22);
  });

  test('are served at once beside a queue of others, if they send little, and so are others beside them', () => {
    for (const [busy, sparse] of [
      [COMMON[0]!, BONDED[0]!],
      [BONDED[1]!, COMMON[1]!],
    ] as const) {
      outbox.restart(false);
      enqueue(busy, 60_000);
      for (let i = 0; i < 10; i++) cutOf(ALL_LANES);
      enqueue(sparse, 100);
      expect([cutOf(ALL_LANES), cutOf(ALL_LANES)].map((chunk) => outbox.laneOf(chunk))).toContain(sparse);
    }
  });

  test('are the only ones from which is cut ahead, if it was aimed at them', () => {
    for (let i = 0; i < 4; i++) enqueue(COMMON[0]!, 15_000);
    for (let i = 0; i < 3; i++) enqueue(BONDED[0]!, 15_000);
    expect(outbox.aimAhead(50_000, BONDED_LANES)).toBe(false);
    expect(outbox.aimAhead(30_000, BONDED_LANES)).toBe(true);
    expect(piece(cutOf(BONDED_LANES, true))).toBe('1/2 0+1440 of 15000');
  });

  test('may wait longer than others for what spreads them', () => {
    const millisecond = 1_000;
    outbox.allowWaiting(50 * millisecond, BONDED_LANES);
    for (const lane of [COMMON[0]!, BONDED[0]!]) {
      outbox.restart(false);
      const before = outbox.congestionSignals;
      for (let at = 0; at < 400; at += 2) {
        while (outbox.queuedBytes < 24_000) enqueue(lane, 1_400, { now: (at - 20) * millisecond });
        const chunk = outbox.cut(ROOM + 6, ROOM, true, false, at * millisecond);
        if (chunk >= 0) outbox.acknowledge(datagram(chunk));
      }
      expect(outbox.congestionSignals > before, `lane ${lane}`).toBe(lane === COMMON[0]);
    }
  });

  test('keep what they are over a restart, and so does what is redundant', () => {
    enqueue(BONDED[0]!, 1_000);
    expect(outbox.enqueue(COMMON[0]!, memory.takeSend(1_000), 1_000, REDUNDANT, 0)).toBe(true);
    for (let i = 0; i < 2; i++) cutOf(ALL_LANES);
    outbox.restart();
    expect([BONDED_LANES, COMMON_LANES].map((set) => outbox.queuedIn(set))).toEqual([1_000, 1_000]);
    expect([cutOf(BONDED_LANES), cutOf(COMMON_LANES)].map((chunk) => outbox.isRedundant(chunk))).toEqual([
      false,
      true,
    ]);
  });

  test('are counted when their packets are dropped', () => {
    for (let i = 0; i < 3; i++) enqueue(BONDED[0]!, 100, { isPatient: false });
    outbox.dropFromLongest(true);
    expect(outbox.queuedIn(BONDED_LANES)).toBe(200);
    outbox.dropStale(AGES_MICROS);
    expect(outbox.queuedIn(BONDED_LANES)).toBe(0);
    expectNothingHeld();
  });
});

describe('replay', () => {
  test('what was lost goes out again, what was acknowledged does not', () => {
    for (const lane of [1, 2]) enqueue(lane, 100);
    const [lost, arrived] = [cut(), cut()];
    const lostRefs = datagram(lost);
    outbox.acknowledge(datagram(arrived));
    outbox.lose(lostRefs, false);
    expect(outbox.takeReplay(ROOM, ROOM)).toBe(lost);
    expect(outbox.takeReplay(ROOM, ROOM)).toBe(-1);
    expect(outbox.chunksReplayed).toBe(1);
  });

  test('a chunk under way in two datagrams is lost only when both are', () => {
    enqueue(1, 100);
    const chunk = cut();
    const [first, second] = [datagram(chunk), datagram(chunk)];
    outbox.lose(first, false);
    expect(outbox.hasReplay).toBe(false);
    outbox.lose(second, false);
    expect(outbox.hasReplay).toBe(true);
  });

  test('a suspicion sends at once, and an acknowledgement after all calls it off', () => {
    enqueue(1, 100);
    const refs = datagram(cut());
    outbox.suspect(refs);
    expect(outbox.hasReplay).toBe(true);
    outbox.acknowledge(refs);
    expect(outbox.takeReplay(ROOM, ROOM)).toBe(-1);
    expectNothingHeld();
  });

  test('a chunk that no longer fits is split, and both parts complete the message', () => {
    enqueue(1, 1_400);
    const chunk = cut();
    outbox.lose(datagram(chunk), false);
    const first = outbox.takeReplay(1_000, 1_000);
    const second = outbox.takeReplay(1_000, 1_000);
    expect([first, second].map(piece)).toEqual(['1/0 0+1000 of 1400', '1/0 1000+400 of 1400']);
    outbox.acknowledge(datagram(first));
    expect(outbox.messagesHeld, 'half is not all').toBe(1);
    outbox.acknowledge(datagram(second));
    expectNothingHeld();
  });
});

describe('flow control', () => {
  test('no more messages are started than the peer has slots, by size', () => {
    outbox.setPeerMemory({ smallSlots: 2, mediumSlots: 1, largeSlots: 1 });
    for (let lane = 0; lane < 3; lane++) enqueue(lane, 100);
    const started = [cut(), cut()];
    expect(cut(), 'the third waits').toBe(-1);
    outbox.acknowledge(datagram(started[0]!));
    expect(cut(), 'room was made').toBeGreaterThanOrEqual(0);
  });

  test('a message that was started goes on', () => {
    outbox.setPeerMemory({ smallSlots: 1, mediumSlots: 1, largeSlots: 1 });
    enqueue(0, 3_000);
    expect([cut(), cut(), cut()].filter((chunk) => chunk >= 0)).toHaveLength(3);
  });

  test('a message counts until all before it in its lane arrived too', () => {
    outbox.setPeerMemory({ smallSlots: 2, mediumSlots: 1, largeSlots: 1 });
    for (let i = 0; i < 3; i++) enqueue(7, 100);
    const [first, second] = [datagram(cut()), datagram(cut())];
    outbox.acknowledge(second);
    expect(cut(), 'the peer holds the second for the sake of the first').toBe(-1);
    outbox.acknowledge(first);
    expect(cut()).toBeGreaterThanOrEqual(0);
  });
});

describe('dropping', () => {
  test.each([
    ['oldest', true, [2, 3]],
    ['newest', false, [1, 2]],
  ])('the %s packet of the longest lane makes room', (_name, isOldest, kept) => {
    enqueue(1, 150);
    for (const length of [1, 2, 3]) enqueue(2, 400 + length);
    expect(outbox.dropFromLongest(isOldest)).toBe(true);
    const cuts = [cut(), cut(), cut()].filter((chunk) => outbox.laneOf(chunk) === 2);
    expect(cuts.map((chunk) => outbox.lengthOf(chunk) - 400)).toEqual(kept);
  });

  test('a packet that was started is never dropped, because the peer waits for it', () => {
    enqueue(1, 3_000);
    cut();
    expect([outbox.dropFromLongest(true), outbox.dropFromLongest(false)]).toEqual([false, false]);
  });

  test('messages of the session itself are never dropped', () => {
    enqueue(CONTROL_LANE, 100);
    outbox.dropStale(AGES_MICROS);
    expect([outbox.dropFromLongest(true), outbox.messagesHeld]).toEqual([false, 1]);
  });

  test('datagram traffic goes stale long before TCP does', () => {
    enqueue(1, 100, { isPatient: false });
    enqueue(2, 100, { isPatient: true });
    outbox.dropStale(9_000_000);
    expect(outbox.messagesDropped, 'after 9 s').toBe(0);
    outbox.dropStale(11_000_000);
    expect(outbox.messagesDropped, 'after 11 s').toBe(1);
    outbox.dropStale(AGES_MICROS);
    expect(outbox.messagesDropped, 'after 200 s').toBe(2);
    expectNothingHeld();
  });
});

test('a restart sends everything unacknowledged again, in order and numbered anew', () => {
  for (const length of [101, 102, 103]) enqueue(4, length);
  const [first] = [cut(), cut()].map((chunk) => datagram(chunk));
  outbox.acknowledge(first!);
  outbox.restart();
  expect([cut(), cut()].map(piece)).toEqual(['4/0 0+102 of 102', '4/1 0+103 of 103']);
  expect(cut()).toBe(-1);
});

test('whatever happens to datagrams, everything arrives once all are answered, and nothing leaks', () => {
  const rng = new Rng(11);
  for (let round = 0; round < 60; round++) {
    const inFlight: number[] = [];
    for (let step = 0; step < 200; step++) {
      const dice = rng.int(0, 9);
      if (dice < 3 && outbox.messagesHeld < 40) {
        const length = rng.pick([60, 1_000, 1_500, 6_000, 9_000]);
        if (memory.send[sizeClass(length)]!.available > 0) enqueue(rng.int(0, 4), length);
      } else if (dice < 6) {
        const room = rng.pick([600, 1_200, ROOM]);
        const chunk = outbox.hasReplay ? outbox.takeReplay(room + 6, room) : cut(room);
        if (chunk >= 0) inFlight.push(datagram(chunk));
      } else if (inFlight.length > 0) {
        const [refs] = inFlight.splice(rng.int(0, inFlight.length - 1), 1);
        if (dice === 6) {
          outbox.suspect(refs!);
          if (rng.chance(0.5)) outbox.acknowledge(refs!);
          else outbox.lose(refs!, true);
        } else if (dice === 7) outbox.lose(refs!, false);
        else if (dice === 8) {
          outbox.repeat(refs!);
          inFlight.push(refs!);
        } else outbox.acknowledge(refs!);
      }
    }
    for (let guard = 0; guard < 5_000 && (outbox.messagesHeld > 0 || inFlight.length > 0); guard++) {
      const chunk = outbox.hasReplay ? outbox.takeReplay(ROOM + 6, ROOM) : cut();
      if (chunk >= 0) inFlight.push(datagram(chunk));
      else if (inFlight.length > 0) outbox.acknowledge(inFlight.shift()!);
    }
    expectNothingHeld();
  }
});
