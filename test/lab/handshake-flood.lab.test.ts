import { randomFillSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InitiationMac } from '../../src-engine/crypto/initiation-mac.ts';
import { compileProgram } from './compile.ts';
import { publicKey } from './daemons.ts';
import type { DaemonProcess } from './daemons.ts';
import { NodeProgram } from './desktop/node-program.ts';
import { boxLanAddresses } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';
import type { TrafficWindow } from './traffic.ts';

const PER_SECOND = 50_000;
const FLOOD_SECONDS = 20;
/** A flooder that shares two cores with everything it floods falls behind its plan; below this it proves nothing. */
const LEAST_OFFERED_SHARE = 0.9;
const BOX_PORT = '4747';
const INITIATIONS = 4_000;
const INITIATION_BYTES = 158;
/** What a laptop that comes during the flood may need; each of its initiations is looked at with some luck only. */
const MOST_ARRIVAL_MS = 10_000;
const MOST_GROWTH_BYTES = 8 * 2 ** 20;

describe('50,000 bogus handshakes a second from random addresses', () => {
  it('cost an established session no packet, and do not keep a laptop from coming', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const floodPath = await compileProgram('storm/handshake-flood.cc');
      await home.addGuest();
      const tunnel = await scene.tunnel();
      const initiationsPath = join(home.tempDir, 'initiations');
      writeFileSync(initiationsPath, signedInitiations(await publicKey(home, 'bowline-box')));
      const target = boxLanAddresses('one')[0]?.v4 ?? '';
      const plan = [target, BOX_PORT, String(PER_SECOND), String(FLOOD_SECONDS), '1', initiationsPath];
      const traffic = await scene.traffic({ transferBitsPerSecond: null });
      await scene.pause('traffic without a flood', 2000);
      const quietFromMicros = monotonicMicros();
      const quietCpu = await cpuShare(scene, tunnel.box, 'quiet', 3000);
      const untilMicros = monotonicMicros();
      const quiet = await traffic.window({ fromMicros: quietFromMicros, untilMicros });
      const residentBefore = tunnel.box.usage().residentBytes;
      const flood = home.run('guest', floodPath, plan);
      await scene.pause('the flood begins', 1000);
      const floodCpu = await cpuShare(scene, tunnel.box, 'the flood', (FLOOD_SECONDS - 2) * 1000);
      const offered = JSON.parse(await flood) as { readonly sent: number; readonly seconds: number };
      const growth = tunnel.box.usage().residentBytes - residentBefore;
      const report = await traffic.finish(2000);
      const { drops, peers } = await tunnel.boxStatus();
      scene.report(
        `${Math.round(offered.sent / offered.seconds)} datagrams a second for ${offered.seconds.toFixed(1)} s: box at ` +
          `${percent(quietCpu)} of a core before, ${percent(floodCpu)} during, ` +
          `${(growth / 2 ** 20).toFixed(1)} MiB more memory; longest silence ${silencesOf(quiet)} before, ` +
          `${silencesOf(report.whole)} in all; ` +
          `dropped: ${Object.entries(drops)
            .map(([reason, count]) => `${reason} ${count}`)
            .join(', ')}`,
      );
      expect(complaintsOf(report)).toEqual([]);
      expect(peers.map(({ state }) => state)).toEqual(['connected']);
      expect(sessionsIn(tunnel.box.logPath), 'the session is the first').toBe(1);
      expect(growth).toBeLessThanOrEqual(MOST_GROWTH_BYTES);
      expect(offered.sent).toBeGreaterThan(PER_SECOND * FLOOD_SECONDS * LEAST_OFFERED_SHARE);

      await tunnel.laptop.kill();
      const second = scene.use(new NodeProgram(home, 'guest', 'flood', [floodPath, ...plan]));
      await scene.pause('the flood begins again', 1000);
      const startedMicros = monotonicMicros();
      tunnel.laptop.start();
      await scene.until(
        'a session during the flood',
        () => (sessionsIn(tunnel.box.logPath) === 2 ? true : null),
        MOST_ARRIVAL_MS,
      );
      scene.report(
        `a laptop that came got its session in ${Math.round((monotonicMicros() - startedMicros) / 1000)} ms`,
      );
      expect(second.hasEnded, 'the flood went on until then').toBe(false);
    });
  });
});

/** Initiations whose first MAC is right, as whoever knows the box's public key can make them; the second is noise. */
function signedInitiations(boxKey: string): Uint8Array {
  const gate = new InitiationMac(Buffer.from(boxKey, 'base64'));
  const all = new Uint8Array(INITIATIONS * INITIATION_BYTES);
  randomFillSync(all);
  for (let at = 0; at < all.length; at += INITIATION_BYTES) {
    const message = all.subarray(at, at + INITIATION_BYTES);
    message.set([1, 1, 0, 0]);
    const noise = message.slice(-16);
    gate.sign(message);
    message.set(noise, INITIATION_BYTES - 16);
  }
  return all;
}

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

/** Longest silences of the stream, up and down, less what its own processes were late. */
function silencesOf({ up, down }: TrafficWindow): string {
  return [up, down]
    .map((stream) => `${((stream?.longestCorrected?.correctedMicros ?? 0) / 1000).toFixed(1)} ms`)
    .join(' and ');
}

function sessionsIn(logPath: string): number {
  return readFileSync(logPath, 'utf8').split('"session-established"').length - 1;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
