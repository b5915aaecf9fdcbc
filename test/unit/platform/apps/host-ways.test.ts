import { beforeEach, describe, expect, it } from 'vitest';
import { HostWays } from '../../../../src-platform/routes/host-ways.ts';
import type { JournalEntry } from '../../../../src-platform/journal/entry.ts';
import { FakeHostRules } from '../../../support/fake-host-rules.ts';

const HOST = '203.0.113.1';
const LINK = { kind: 'link', link: 'wlan0', table: 4750 } as const;

let kernel: FakeHostRules;
let recorded: JournalEntry[];
let ways: HostWays;
beforeEach(() => {
  kernel = new FakeHostRules();
  recorded = [];
  const record = (entries: readonly JournalEntry[]): Promise<void> => {
    recorded.push(...entries);
    return Promise.resolve();
  };
  ways = new HostWays({ native: kernel, journal: { record } });
});

describe('the way of an address', () => {
  it('is a rule that leads and one that refuses', () => {
    ways.set(HOST, [{ protocol: 'tcp', port: 443, way: LINK }, { way: { kind: 'tunnel-only' } }]);
    expect([kernel.wayOf(HOST, 6, 443), kernel.wayOf(HOST, 17, 443), kernel.wayOf('203.0.113.2')]).toEqual([
      '4750',
      '4747',
      '-',
    ]);
    ways.set('2001:db8::1', [{ way: { kind: 'bonded' } }]);
    expect(kernel.wayOf('2001:db8::1')).toBe('goto 32738');
    expect(kernel.rules.every(({ markMask, owner }) => markMask === 0xff000000 && owner === 49)).toBe(true);
    expect(kernel.rules.filter(({ family }) => family === 6)).toHaveLength(1);
  });

  it('changes without a moment of any other', () => {
    kernel.watched = HOST;
    ways.set(HOST, [{ way: { kind: 'direct' } }]);
    expect(new Set(kernel.moments.splice(0))).toEqual(new Set(['254']));
    for (const way of [LINK, { kind: 'bonded' }, { kind: 'direct' }] as const) {
      const before = kernel.wayOf(HOST);
      expect(ways.set(HOST, [{ way }])).toBe(true);
      const after = kernel.wayOf(HOST);
      expect(after).not.toBe(before);
      const seen = kernel.moments.splice(0);
      expect(seen.filter((each) => each !== before && each !== after)).toEqual([]);
      expect(ways.set(HOST, [{ way }])).toBe(false);
      expect(kernel.moments).toEqual([]);
    }
    ways.set(HOST, []);
    expect(kernel.moments).not.toContain('nowhere');
    expect(kernel.rules).toEqual([]);
    expect(ways.addresses).toEqual([]);
  });

  it('is put back as it was where somebody removed a part', () => {
    ways.set(HOST, [{ way: LINK }]);
    ways.set('203.0.113.2', [{ way: LINK }]);
    expect(ways.repair()).toBe(0);
    kernel.rules.splice(0, 1);
    expect(kernel.wayOf(HOST)).toBe('nowhere');
    expect(ways.repair()).toBe(1);
    expect(kernel.wayOf(HOST)).toBe('4750');
    kernel.rules = [];
    expect(ways.repair()).toBe(4);
    expect([kernel.wayOf(HOST), kernel.wayOf('203.0.113.2')]).toEqual(['4750', '4750']);
  });

  it('is written down before it is there, and what a killed daemon left goes', async () => {
    for (const family of [4, 6] as const)
      for (const priority of [32_734, 32_735])
        for (const table of [254, 4750]) {
          const address = family === 4 ? HOST : '2001:db8::1';
          kernel.hostRule(true, { family, priority, owner: 49, address, table });
        }
    await ways.prepare();
    expect(kernel.rules).toEqual([]);
    expect(recorded).toMatchObject([
      { kind: 'rules', family: 4, protocol: 49 },
      { kind: 'rules', family: 6, protocol: 49 },
    ]);
  });
});
