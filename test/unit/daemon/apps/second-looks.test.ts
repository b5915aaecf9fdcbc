import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecondLooks } from '../../../../src-daemon/apps/second-looks.ts';

describe('second looks at processes that were sorted', () => {
  const looked: number[] = [];
  let looks: SecondLooks;

  beforeEach(() => {
    vi.useFakeTimers();
    looked.length = 0;
    looks = new SecondLooks((pid) => looked.push(pid));
  });

  afterEach(() => {
    looks.close();
    vi.useRealTimers();
  });

  it('come twice: within 200 ms, and within 4 s', () => {
    looks.add(1);
    vi.advanceTimersByTime(200);
    expect(looked).toEqual([1]);
    vi.advanceTimersByTime(3_800);
    expect(looked).toEqual([1, 1]);
    vi.advanceTimersByTime(60_000);
    expect(looked).toEqual([1, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('come no sooner than 100 ms after the process, whenever the round began', () => {
    looks.add(1);
    vi.advanceTimersByTime(90);
    looks.add(2);
    vi.advanceTimersByTime(99);
    expect(looked).not.toContain(2);
    vi.advanceTimersByTime(101);
    expect(looked).toEqual([1, 2]);
  });

  it('take many processes in one round', () => {
    for (let pid = 1; pid <= 500; pid++) looks.add(pid);
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(200);
    expect(looked).toHaveLength(500);
  });

  it('know who has just come', () => {
    looks.add(1);
    expect(looks.hasJustCome(1)).toBe(true);
    expect(looks.hasJustCome(2)).toBe(false);
    vi.advanceTimersByTime(100);
    expect(looks.hasJustCome(1)).toBe(true);
    vi.advanceTimersByTime(100);
    expect(looks.hasJustCome(1)).toBe(false);
  });

  it('end with the rules', () => {
    looks.add(1);
    looks.close();
    vi.advanceTimersByTime(60_000);
    expect(looked).toEqual([]);
    expect(looks.hasJustCome(1)).toBe(false);
  });
});
