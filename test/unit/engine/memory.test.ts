import { beforeEach, expect, test } from 'vitest';
import { EngineMemory, type MemoryPlan } from '../../../src-engine/memory.ts';

const PLAN: MemoryPlan = {
  sendLarge: 2,
  sendMedium: 4,
  sendSmall: 3,
  receiveLarge: 1,
  receiveMedium: 1,
  receiveSmall: 1,
  receiveBuffers: 1,
};

let memory: EngineMemory;

beforeEach(() => {
  memory = new EngineMemory(new ArrayBuffer(EngineMemory.bytesFor(PLAN)), PLAN);
});

const available = (): number[] => memory.send.map((pool) => pool.available);

test('a message gets the smallest slot that holds it', () => {
  for (const bytes of [1, 1_536, 1_537, 16_384, 16_385, 65_600])
    expect(memory.takeSend(bytes)).toBeGreaterThan(0);
  expect(available()).toEqual([1, 2, 0]);
});

test('when a size is used up, the next one helps out as long as most of it is free', () => {
  for (let i = 0; i < 3; i++) memory.takeSend(100);
  const borrowed = [memory.takeSend(100), memory.takeSend(100), memory.takeSend(100)];
  expect(borrowed.every((slot) => slot > 0)).toBe(true);
  expect(available()).toEqual([0, 1, 2]);
  expect(memory.takeSend(100), 'the rest is for those that need it').toBe(-1);
  expect(memory.takeSend(16_000)).toBeGreaterThan(0);
  expect(memory.takeSend(16_000), 'a large one').toBeGreaterThan(0);
});

test('every slot goes back where it came from, and no two overlap', () => {
  const sizes = [100, 100, 100, 16_000, 16_000, 16_000, 16_000, 60_000, 60_000];
  const slots = sizes.map((bytes) => ({ bytes, slot: memory.takeSend(bytes) }));
  expect(available()).toEqual([0, 0, 0]);
  const sorted = [...slots].sort((a, b) => a.slot - b.slot);
  for (const [i, { bytes, slot }] of sorted.entries()) {
    expect(slot + bytes).toBeLessThanOrEqual(sorted[i + 1]?.slot ?? Infinity);
  }
  for (const { slot } of slots) memory.giveSend(slot);
  expect(available()).toEqual([3, 4, 2]);
});
