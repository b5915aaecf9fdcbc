import { describe, expect, it } from 'vitest';
import { ROAMING_CYCLE } from './cycle-plan.ts';
import { BOX_WAN } from './home-plan.ts';
import { runRoamingCycle } from './roaming-cycle.ts';
import { inHome } from './scene.ts';

describe('IPv6 inside the tunnel', () => {
  it('comes through the cable being pulled, plugged in, silent and back, and nothing is lost', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const report = await runRoamingCycle(scene.home, {
        family: 6,
        tunnel,
        steps: ROAMING_CYCLE.slice(0, 4),
        onStep: ({ title, gapMicros, lost, duplicated }) =>
          scene.report(
            `${title}: gap ${(gapMicros / 1000).toFixed(1)} ms, lost ${lost}, doubled ${duplicated}`,
          ),
      });
      expect(report.complaints).toEqual([]);
      expect(report.whole.sourceAddress).toBe(BOX_WAN.v6);
      expect([report.whole.download?.isIntact, report.whole.upload?.isIntact]).toEqual([true, true]);
    });
  });
});
