import { expect, test } from 'vitest';
import { EngineMemory, type MemoryPlan } from '../../../../src-engine/memory.ts';
import { MirrorQueues } from '../../../../src-engine/send/mirror-queues.ts';
import { Outbox } from '../../../../src-engine/send/outbox.ts';

const PLAN: MemoryPlan = {
  sendLarge: 1,
  sendMedium: 1,
  sendSmall: 16,
  receiveLarge: 1,
  receiveMedium: 1,
  receiveSmall: 1,
  receiveBuffers: 1,
};

function setUp() {
  const memory = new EngineMemory(new ArrayBuffer(EngineMemory.bytesFor(PLAN)), PLAN);
  const outbox = new Outbox(memory);
  outbox.setPeerMemory({ smallSlots: 16, mediumSlots: 1, largeSlots: 1 });
  const cut = (length: number): number => {
    outbox.enqueue(1, memory.takeSend(length), length, 0, 0);
    return outbox.cut(1_446, 1_440, true, false, 0);
  };
  return { outbox, cut, mirrors: new MirrorQueues(outbox) };
}

test('a copy goes out once on each path that it was meant for', () => {
  const { outbox, cut, mirrors } = setUp();
  const chunk = cut(100);
  outbox.reference(-1, chunk);
  mirrors.push(1, chunk);
  mirrors.push(2, chunk);
  expect([1, 1, 2, 3].map((path) => mirrors.take(path, 1_446, 1_440))).toEqual([chunk, -1, chunk, -1]);
});

test('a copy of what arrived meanwhile is not sent', () => {
  const { outbox, cut, mirrors } = setUp();
  const chunk = cut(100);
  const refs = outbox.reference(-1, chunk);
  mirrors.push(1, chunk);
  outbox.acknowledge(refs);
  expect(mirrors.hasWork(1)).toBe(false);
  expect(outbox.leaks()).toEqual({ messages: 0, outstanding: 0 });
});

test('a copy waits for a datagram with room, and one too large for any is dropped', () => {
  const { outbox, cut, mirrors } = setUp();
  const chunk = cut(1_400);
  outbox.reference(-1, chunk);
  mirrors.push(1, chunk);
  expect(mirrors.take(1, 500, 494), 'the rest of a datagram').toBe(-1);
  expect(mirrors.hasWork(1)).toBe(true);
  expect(mirrors.take(1, 1_200, 1_194), 'a whole datagram of a smaller path').toBe(-1);
  expect(mirrors.hasWork(1)).toBe(false);
});
