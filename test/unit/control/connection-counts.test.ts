import { describe, expect, it } from 'vitest';
import {
  ConnectionCounts,
  MAX_CLIENTS,
  MAX_CLIENTS_OF_USER,
} from '../../../src-control/connection-counts.ts';

describe('connections of a control socket', () => {
  it('are refused and then dropped to one user beyond his share, and not to another', () => {
    const counts = new ConnectionCounts();
    const admissions = Array.from({ length: 3 * MAX_CLIENTS_OF_USER }, () => counts.enter(1000, false));
    expect(tally(admissions)).toEqual({
      serve: MAX_CLIENTS_OF_USER,
      refuse: MAX_CLIENTS_OF_USER,
      drop: MAX_CLIENTS_OF_USER,
    });
    expect(counts.enter(1001, false)).toBe('serve');
  });

  it('are kept free for who may configure, however many users loop', () => {
    const counts = new ConnectionCounts();
    const admissions = Array.from({ length: 300 }, (_, client) => counts.enter(1000 + (client % 100), false));
    expect(tally(admissions)).toEqual({
      serve: MAX_CLIENTS,
      refuse: MAX_CLIENTS,
      drop: 300 - 2 * MAX_CLIENTS,
    });
    expect(counts.enter(0, true)).toBe('serve');
  });

  it('are free again when their clients have left', () => {
    const counts = new ConnectionCounts();
    for (let round = 0; round < 1000; round += 1) {
      expect(counts.enter(1000, false), `round ${round}`).toBe('serve');
      counts.leave(1000, false);
    }
  });
});

function tally(admissions: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const admission of admissions) counts[admission] = (counts[admission] ?? 0) + 1;
  return counts;
}
