import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileProgram } from './compile.ts';
import type { DaemonProcess } from './daemons.ts';
import { boxLanAddresses } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

/** A million a minute. */
const PER_SECOND = 16_700;
const STORM_SECONDS = 10;
const RECORDED = 2000;
const BOX_PORT = '4747';
/** Share of a core that the storm may cost the box, above what the same traffic costs it without. */
const MOST_EXTRA_CPU = 0.2;
const MOST_GROWTH_BYTES = 8 * 2 ** 20;

describe('garbage, replays, stumps and forgeries at the box’s port', () => {
  it('at a million a minute disturb nothing and cost little', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const stormPath = await compileProgram('storm/datagram-storm.cc');
      await home.addGuest();
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic();
      await scene.pause('traffic without a storm', 2000);
      const recordingPath = join(home.tempDir, 'datagrams');
      await home.run('box', stormPath, ['record', 'lan0', BOX_PORT, String(RECORDED), recordingPath]);
      expect(statSync(recordingPath).size).toBeGreaterThan(RECORDED * 40);
      const quietCpu = await cpuShare(scene, tunnel.box, 'quiet', 5000);
      const residentBefore = tunnel.box.usage().residentBytes;
      const dropsBefore = (await tunnel.boxStatus()).drops;

      const target = boxLanAddresses('one')[0]?.v4 ?? '';
      const plan = [target, BOX_PORT, String(PER_SECOND), String(STORM_SECONDS), '1', recordingPath];
      const storm = home.run('guest', stormPath, ['play', ...plan]);
      await scene.pause('the storm begins', 1000);
      const stormCpu = await cpuShare(scene, tunnel.box, 'the storm', (STORM_SECONDS - 2) * 1000);
      const { sent } = JSON.parse(await storm) as { readonly sent: number };
      const growth = tunnel.box.usage().residentBytes - residentBefore;
      const boxAfter = await tunnel.boxStatus();
      const dropped = Object.entries(boxAfter.drops).map(
        ([reason, count]) => [reason, count - (dropsBefore[reason] ?? 0)] as const,
      );
      const report = await traffic.finish(2000);
      scene.report(
        `${sent} datagrams in ${STORM_SECONDS} s: box at ${percent(quietCpu)} of a core before, ` +
          `${percent(stormCpu)} during, ${(growth / 2 ** 20).toFixed(1)} MiB more memory; ` +
          `dropped: ${dropped.map(([reason, count]) => `${reason} ${count}`).join(', ')}`,
      );
      expect(sent).toBeGreaterThan(PER_SECOND * STORM_SECONDS * 0.95);
      expect(complaintsOf(report)).toEqual([]);
      const counted = dropped.reduce((sum, [, count]) => sum + count, 0);
      expect(counted, 'refused datagrams are counted').toBeGreaterThan(sent * 0.9);
      expect(boxAfter.peers.map(({ state }) => state)).toEqual(['connected']);
      expect(sessionsIn(tunnel.box.logPath), 'the session is the first').toBe(1);
      expect(growth).toBeLessThanOrEqual(MOST_GROWTH_BYTES);
      expect(stormCpu - quietCpu).toBeLessThan(MOST_EXTRA_CPU);
    });
  });
});

/** Processor time of a daemon over a while, as a share of one core. */
async function cpuShare(
  scene: Scene,
  daemon: DaemonProcess,
  why: string,
  durationMs: number,
): Promise<number> {
  const fromMicros = monotonicMicros();
  const before = daemon.usage().cpuMicros;
  await scene.pause(`processor time, ${why}`, durationMs);
  return (daemon.usage().cpuMicros - before) / (monotonicMicros() - fromMicros);
}

function sessionsIn(logPath: string): number {
  return readFileSync(logPath, 'utf8').split('"session-established"').length - 1;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
