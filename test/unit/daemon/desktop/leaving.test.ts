import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Leaving } from '../../../../src-daemon/desktop/leaving.ts';

describe('leaving the desk', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends everything twice and asks links all the time, for half a minute', () => {
    const { leaving, counts } = leave();
    expect(leaving.modeNow('bonded')).toBe('bonded');
    expect(leaving.begin()).toBe('2026-03-01T10:00:30.000Z');
    expect(leaving.modeNow('bonded')).toBe('redundant');
    vi.advanceTimersByTime(29_999);
    expect(counts.changes).toBe(1);
    // Often enough that a radio does not fall asleep between two beacons.
    expect(counts.hurries).toBeGreaterThan(29_999 / 102);
    vi.advanceTimersByTime(1);
    expect([leaving.modeNow('bonded'), leaving.until, counts.changes]).toEqual(['bonded', null, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lasts longer when it is asked for again, and ends at once with the daemon', () => {
    const { leaving, counts } = leave();
    leaving.begin();
    vi.advanceTimersByTime(20_000);
    leaving.begin();
    vi.advanceTimersByTime(20_000);
    expect(leaving.modeNow('seamless')).toBe('redundant');
    leaving.stop();
    expect([leaving.modeNow('seamless'), vi.getTimerCount(), counts.changes]).toEqual(['seamless', 0, 2]);
  });
});

function leave() {
  const counts = { hurries: 0, changes: 0 };
  const leaving = new Leaving({
    hurry: () => void counts.hurries++,
    onChange: () => void counts.changes++,
    wallClock: () => Date.parse('2026-03-01T10:00:00Z'),
  });
  return { leaving, counts };
}
