import { describe, expect, it } from 'vitest';
import { carrier, loss, silent } from './faults.ts';
import type { Fault } from './faults.ts';
import { VirtualHome } from './home.ts';

describe('a fault', () => {
  it('is in force within 5 ms of being asked for', async () => {
    await using home = await VirtualHome.create();
    const kinds: readonly (() => Promise<Fault>)[] = [
      () => carrier(home, 'eth0'),
      () => silent(home, 'eth0', 'both'),
      () => loss(home, 'eth0', 0.3),
    ];
    for (const kind of kinds) {
      const times: number[] = [];
      for (let turn = 0; turn < 9; turn++) {
        const fault = await kind();
        times.push(fault.inForceMicros - fault.askedMicros);
        await fault.undo();
      }
      times.sort((a, b) => a - b);
      expect(times[4], `median of ${times.map(Math.round).join(', ')} us`).toBeLessThan(5000);
    }
  });
});
