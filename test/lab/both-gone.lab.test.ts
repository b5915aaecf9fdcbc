import { describe, expect, it } from 'vitest';
import { areBothLinksUsable } from './daemons.ts';
import { carrier, silent } from './faults.ts';
import type { Fault } from './faults.ts';
import type { VirtualHome } from './home.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { LinkName } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { numberFromEnvironment } from './random-numbers.ts';
import { figures } from './roaming-cycle.ts';
import { inHome } from './scene.ts';

/** How long both links are gone; 60 makes the full run. */
const GONE_SECONDS = numberFromEnvironment('BOWLINE_LAB_GONE_SECONDS', 12);
/** From the link being usable to the first traffic, besides what the machine itself takes. */
const MOST_RETURN_MICROS = 300_000;

interface Way {
  readonly name: string;
  readonly returning: LinkName;
  begin(home: VirtualHome, link: LinkName): Promise<Fault>;
}

const WAYS: readonly Way[] = [
  { name: 'without carrier', returning: 'wlan0', begin: carrier },
  { name: 'silent', returning: 'eth0', begin: (home, link) => silent(home, link, 'both') },
];

describe.each(WAYS)(`both links $name for ${GONE_SECONDS} s`, ({ returning, begin }) => {
  it(
    'close no connection, and traffic is back soon after one link is',
    { timeout: 120_000 + GONE_SECONDS * 2000 },
    async () => {
      await inHome({}, async (scene) => {
        const tunnel = await scene.tunnel();
        const traffic = await scene.traffic({
          echoPatienceMs: (GONE_SECONDS + 30) * 1000,
          expectedSeconds: GONE_SECONDS + 60,
        });
        await scene.pause('traffic without faults', 1500);
        const baselineFrom = monotonicMicros();
        await scene.pause('baseline', 3000);
        const baseline = { fromMicros: baselineFrom, untilMicros: monotonicMicros() };
        const faults = new Map<LinkName, Fault>();
        for (const link of LINK_NAMES) faults.set(link, await begin(scene.home, link));
        const goneMicros = monotonicMicros();
        await scene.pause('both links gone', GONE_SECONDS * 1000);
        const back = await faults.get(returning)?.undo();
        const backMicros = back?.inForceMicros ?? NaN;
        await scene.pause(`${returning} is back`, 3000);
        const window = { fromMicros: goneMicros, untilMicros: monotonicMicros() };
        for (const fault of faults.values()) await fault.undo();
        scene.note('the other link is back');
        await tunnel.waitFor('both links again', areBothLinksUsable, 15_000);
        const before = figures(await traffic.window(baseline));
        const during = await traffic.window(window);
        const returned = (silence: { readonly untilMicros: number } | null | undefined): number =>
          (silence?.untilMicros ?? NaN) - backMicros;
        const upMicros = returned(during.up?.longest);
        const downMicros = returned(during.down?.longest);
        const report = await traffic.finish(3000);
        scene.report(
          `first traffic ${ms(upMicros)} up and ${ms(downMicros)} down after the link was back; ` +
            `baseline gap ${ms(before.gapMicros)}; lost ${report.whole.up?.lost} up, ${report.whole.down?.lost} down`,
        );
        const { download, upload, echo } = report;
        expect([download?.error, upload?.error, echo?.error]).toEqual([null, null, null]);
        expect([download?.isIntact, upload?.isIntact]).toEqual([true, true]);
        expect(report.whole.up?.duplicated).toBe(0);
        expect(report.whole.down?.duplicated).toBe(0);
        // Nothing can have come while both were gone, or nothing was tested.
        expect(Math.min(upMicros, downMicros)).toBeGreaterThan(0);
        expect(upMicros).toBeLessThanOrEqual(MOST_RETURN_MICROS + before.gapMicros);
        expect(downMicros).toBeLessThanOrEqual(MOST_RETURN_MICROS + before.gapMicros);
      });
    },
  );
});

function ms(micros: number): string {
  return `${(micros / 1000).toFixed(1)} ms`;
}
