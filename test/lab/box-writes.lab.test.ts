import { describe, it } from 'vitest';
import { LAPTOP_NAME, tryBoxCommand } from './pairing-scene.ts';
import { BARE, ONLY_BOX_KNOWS, PAIRED, killAtEachStep, pair, type Change } from './state-writes.ts';

const CHANGES: Readonly<Record<string, Change>> = {
  pairing: { victim: 'box', from: 'bare', run: pair, old: BARE, new: PAIRED, between: [ONLY_BOX_KNOWS] },
  'a revocation': {
    victim: 'box',
    from: 'paired',
    run: ({ tunnel }) => tryBoxCommand(tunnel.box, 'revoke', LAPTOP_NAME),
    old: PAIRED,
    new: { ...PAIRED, peers: [] },
  },
  'a new name': {
    victim: 'box',
    from: 'paired',
    run: ({ tunnel }) => tryBoxCommand(tunnel.box, 'rename', LAPTOP_NAME, 'anna'),
    old: PAIRED,
    new: { ...PAIRED, peers: ['anna'] },
  },
};

describe('a box that is killed at any step at its disk', () => {
  it.each(Object.entries(CHANGES))('leaves the old state or the new one: %s', killAtEachStep);
});
