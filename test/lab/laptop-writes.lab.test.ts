import { describe, it } from 'vitest';
import { BARE, ONLY_BOX_KNOWS, PAIRED, killAtEachStep, pair, type Change } from './state-writes.ts';

const CHANGES: Readonly<Record<string, Change>> = {
  pairing: { victim: 'laptop', from: 'bare', run: pair, old: BARE, new: PAIRED, between: [ONLY_BOX_KNOWS] },
  'a change of settings': {
    victim: 'laptop',
    from: 'paired',
    run: ({ tunnel }) => tunnel.tryCli('mode', 'bonded'),
    old: PAIRED,
    new: { ...PAIRED, mode: 'bonded' },
  },
  unpairing: {
    victim: 'laptop',
    from: 'paired',
    run: ({ tunnel }) => tunnel.tryCli('unpair'),
    old: PAIRED,
    new: BARE,
    between: [ONLY_BOX_KNOWS],
  },
};

describe('a laptop’s daemon that is killed at any step at its disk', () => {
  it.each(Object.entries(CHANGES))('leaves the old state or the new one: %s', killAtEachStep);
});
