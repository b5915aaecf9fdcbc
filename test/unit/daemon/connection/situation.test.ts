import { describe, expect, it } from 'vitest';
import {
  nextChangeAt,
  routingOf,
  stateOf,
  type Situation,
} from '../../../../src-daemon/connection/situation.ts';

const SECOND = 1_000_000;

describe('a box that does not answer', () => {
  it('is missed at home, and left behind elsewhere; traffic goes direct either way', () => {
    const lost = situation({ hasCarrying: false, lostSince: 90 * SECOND });
    expect([stateOf(lost), routingOf(lost)]).toEqual(['box-unreachable', 'held']);
    const away = { ...lost, isElsewhere: true };
    expect([stateOf(away), routingOf(away)]).toEqual(['away', 'held']);
  });

  it('is waited for a while, elsewhere too: it may have been taken along', () => {
    const fresh = situation({ hasCarrying: false, lostSince: 99 * SECOND, isElsewhere: true });
    expect([stateOf(fresh), routingOf(fresh)]).toEqual(['connecting', 'active']);
  });

  it('is waited for anew after a sleep or when links are back, however long ago it was lost', () => {
    const woken = situation({ hasCarrying: false, lostSince: 1, hopeSince: 99 * SECOND });
    expect([stateOf(woken), routingOf(woken)]).toEqual(['connecting', 'active']);
    expect(nextChangeAt(woken)).toBe(102 * SECOND);
    expect(stateOf({ ...woken, now: 102 * SECOND })).toBe('box-unreachable');
  });

  it('is away while there is no link at all', () => {
    const dark = situation({ hasCarrying: false, lostSince: 1, usableLinks: 0 });
    expect([stateOf(dark), routingOf(dark)]).toEqual(['away', 'active']);
  });
});

describe('a tunnel that carries', () => {
  it('protects from when the system has taken the routes, and not before', () => {
    const unrouted = situation({ isRouted: false, wantedSince: 99 * SECOND });
    expect([stateOf(unrouted), routingOf(unrouted)]).toEqual(['connecting', 'active']);
    expect(stateOf({ ...unrouted, isRouted: true })).toBe('protected');
  });
});

function situation(overrides: Partial<Situation>): Situation {
  return {
    now: 100 * SECOND,
    isWanted: true,
    isDraining: false,
    ipv6: 'tunnel',
    hasBox: true,
    failure: null,
    isConfigured: true,
    isRouted: true,
    hasCarrying: true,
    lostSince: 0,
    wantedSince: 1,
    hopeSince: 0,
    isElsewhere: false,
    usableLinks: 2,
    ...overrides,
  };
}
