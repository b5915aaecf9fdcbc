import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NewConnections } from './connections.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { LoginDouble } from './desktop/login-double.ts';
import { BUS_PROGRAM, MessageBus } from './desktop/message-bus.ts';
import { carrier } from './faults.ts';
import { BOX_WAN } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { inHome } from './scene.ts';

/** From the first usable link to new connections in the tunnel. */
const MOST_WAKE_MICROS = 1_000_000;

describe.skipIf(!existsSync(BUS_PROGRAM))('a laptop that slept (needs dbus)', () => {
  it('is protected within a second of the first usable link, with the keys it had', async () => {
    await inHome({}, async (scene) => {
      const bus = await MessageBus.start(scene);
      const login = scene.use(await LoginDouble.start(bus));
      const tunnel = await scene.tunnel({ laptop: { through: bus.environment } });
      const connections = scene.use(await NewConnections.prepare(scene.home));
      expect((await connections.open()).source).toBe(BOX_WAN.v4);
      for (const first of ['wlan0', 'eth0'] as const) {
        const sessions = countOf(tunnel, 'session-established');
        const wakes = countOf(tunnel, 'woke-up');
        login.announce(true);
        process.kill(tunnel.laptop.pid, 'SIGSTOP');
        const gone = [await carrier(scene.home, 'eth0'), await carrier(scene.home, 'wlan0')];
        await scene.pause('asleep', 6000);
        process.kill(tunnel.laptop.pid, 'SIGCONT');
        login.announce(false);
        await scene.until('the daemon to notice', () => (countOf(tunnel, 'woke-up') > wakes ? true : null));
        await scene.pause('awake without links', 1500);
        const back = await gone[first === 'eth0' ? 0 : 1]!.undo();
        const opened = await connections.open();
        const tookMicros = monotonicMicros() - back.inForceMicros;
        scene.report(`first connection ${(tookMicros / 1000).toFixed(1)} ms after ${first} was usable`);
        expect(opened.source).toBe(BOX_WAN.v4);
        expect(tookMicros).toBeLessThan(MOST_WAKE_MICROS);
        for (const fault of gone) await fault.undo();
        await tunnel.waitFor('both links', areBothLinksUsable);
        // Whoever kept the keys resumes; a session that starts over would have lost what was under way.
        expect(sessionsOf(tunnel).slice(sessions).join('')).not.toContain('"isResumed":false');
      }
    });
  });
});

describe('steps of the wall clock', () => {
  it('change nothing: no packet is lost and no session begins', async () => {
    await inHome({}, async (scene) => {
      const stepPath = join(scene.home.tempDir, 'clock-step');
      const modulePath = join(scene.home.tempDir, 'stepped-clock.mjs');
      writeFileSync(stepPath, '0');
      writeFileSync(modulePath, steppedClock(stepPath));
      const clock = { through: ['env', `NODE_OPTIONS=--import=${modulePath}`] };
      const tunnel = await scene.tunnel({ laptop: clock, box: clock });
      const traffic = await scene.traffic();
      const sessions = countOf(tunnel, 'session-established');
      for (const days of [3650, -3650, 0.04, 0]) {
        writeFileSync(stepPath, String(days * 86_400_000));
        await scene.pause(`the clocks step to ${days} days from now`, 1500);
      }
      const status = await tunnel.status();
      const report = await traffic.finish(2000);
      expect([report.whole.up?.lost, report.whole.down?.lost]).toEqual([0, 0]);
      expect([report.download?.error, report.upload?.error, report.echo?.error]).toEqual([null, null, null]);
      expect([status?.state, status?.counters.packetsLost]).toEqual(['protected', 0]);
      expect(countOf(tunnel, 'session-established')).toBe(sessions);
      // The daemon did see another date, or nothing was tested.
      writeFileSync(stepPath, String(3650 * 86_400_000));
      await tunnel.cli('leaving');
      const leavingUntil = Date.parse((await tunnel.status())?.leavingUntil ?? '');
      expect(leavingUntil).toBeGreaterThan(Date.now() + 3000 * 86_400_000);
    });
  });
});

/** A module that gives a program a wall clock whose step, in milliseconds, is read from a file every time. */
function steppedClock(stepPath: string): string {
  return `
    import { readFileSync } from 'node:fs';
    const Real = Date;
    const now = () => Real.now() + Number(readFileSync(${JSON.stringify(stepPath)}, 'utf8'));
    globalThis.Date = class extends Real {
      constructor(...args) {
        if (args.length === 0) super(now());
        else super(...args);
      }
      static now() {
        return now();
      }
    };
  `;
}

function logOf(tunnel: Tunnel): string[] {
  return readFileSync(tunnel.laptop.logPath, 'utf8').split('\n');
}

function sessionsOf(tunnel: Tunnel): string[] {
  return logOf(tunnel).filter((line) => line.includes('"event":"session-established"'));
}

function countOf(tunnel: Tunnel, event: string): number {
  return logOf(tunnel).filter((line) => line.includes(`"event":"${event}"`)).length;
}
