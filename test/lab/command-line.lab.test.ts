import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { unplugReportSchema } from '../../src-shared/control/contract.ts';
import { linkStatusSchema } from '../../src-shared/model/link.ts';
import { daemonStatusSchema, unreachableStatusSchema } from '../../src-shared/model/status.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { timelineSchema } from '../../src-shared/model/timeline.ts';
import type { Timeline } from '../../src-shared/model/timeline.ts';
import { NewConnections } from './connections.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { carrier } from './faults.ts';
import { BOX_WAN, LINK_NAMES, ROUTER_WAN } from './home-plan.ts';
import { projectDir, tryProgram } from './programs.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

const EXIT = { done: 0, failed: 1, wrongUsage: 2, unreachable: 3, notPermitted: 4 } as const;

describe('bowline against running daemons', () => {
  it('shows status and links as JSON, and watch begins with a whole status', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const status = await tunnel.tryCli('status', '--json');
      expect(status.status).toBe(EXIT.done);
      const parsed = daemonStatusSchema.parse(JSON.parse(status.stdout));
      expect([parsed.state, parsed.internet, parsed.mode]).toEqual(['protected', 'tunnelled', 'seamless']);
      expect(parsed.carrying).toHaveLength(1);
      const links = await tunnel.tryCli('links', '--json');
      expect(links.status).toBe(EXIT.done);
      const listed = z.array(linkStatusSchema).parse(JSON.parse(links.stdout));
      expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining([...LINK_NAMES]));
      for (const command of ['status', 'links']) {
        const text = await tunnel.tryCli(command);
        expect([text.status, text.stderr], command).toEqual([EXIT.done, '']);
        expect(text.stdout, command).toContain('eth0');
      }
      expect(await firstWatchLine(scene, tunnel)).toMatchObject({ state: 'protected' });
    });
  });

  it('tells by its exit status and one line what went wrong', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const cases: readonly (readonly [args: readonly string[], status: number])[] = [
        [['link', 'set', 'eth9', 'never'], EXIT.failed],
        [['test', 'unplug', '--link', 'eth9'], EXIT.failed],
        [['link', 'set', 'eth0', 'sometimes'], EXIT.wrongUsage],
        [['mode', 'turbo'], EXIT.wrongUsage],
        [['frobnicate'], EXIT.wrongUsage],
      ];
      for (const [args, expected] of cases) {
        const { status, stdout, stderr } = await tunnel.tryCli(...args);
        expect([status, stdout], `bowline ${args.join(' ')}: ${stderr}`).toEqual([expected, '']);
        if (expected === EXIT.failed) expect(stderr.trim().split('\n')).toHaveLength(1);
        expect(stderr).not.toBe('');
      }
      const nobody = await asNobody(tunnel.laptop.socketPath);
      expect([nobody.status, nobody.stdout], nobody.stderr).toEqual([EXIT.notPermitted, '']);
      await tunnel.laptop.stop();
      const gone = await tunnel.tryCli('status', '--json');
      expect(gone.status).toBe(EXIT.unreachable);
      expect(unreachableStatusSchema.parse(JSON.parse(gone.stdout)).state).toBe('unreachable');
      expect((await tunnel.tryCli('on')).status).toBe(EXIT.unreachable);
    });
  });

  it.each(['carrier', 'silent'] as const)(
    'plays the loss of a link (%s) without losing anything',
    async (kind) => {
      await inHome({}, async (scene) => {
        const tunnel = await scene.tunnel();
        const traffic = await scene.traffic();
        await scene.pause('traffic before the test', 1000);
        for (const turn of ['first', 'second']) {
          const { status, stdout, stderr } = await tunnel.tryCli('test', 'unplug', '--kind', kind, '--json');
          expect(status, stderr).toBe(EXIT.done);
          const report = unplugReportSchema.parse(JSON.parse(stdout));
          scene.report(`bowline test unplug, ${kind}, ${turn} time: ${stdout.trim()}`);
          // Which one carried at that moment is nobody's promise: a busy machine may cause a change of its own.
          expect([report.link, report.to].sort()).toEqual([...LINK_NAMES].sort());
          expect([report.kind, report.packetsLost]).toEqual([kind, 0]);
          await tunnel.waitFor('both links after the test', areBothLinksUsable);
          await scene.pause('traffic between tests', 1000);
        }
        expect(complaintsOf(await traffic.finish(2000))).toEqual([]);
      });
    },
  );

  it('tells in its timeline that a cable was pulled, with the gap, also after the daemon was killed', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const timeline = async (): Promise<Timeline> => {
        const { status, stdout, stderr } = await tunnel.tryCli('timeline', '--since', '1h', '--json');
        expect(status, stderr).toBe(EXIT.done);
        return timelineSchema.parse(JSON.parse(stdout));
      };
      const { carrying, timelineLength } = await tunnel.waitFor('both links', areBothLinksUsable);
      const pulled = LINK_NAMES.find((name) => name === carrying[0]) ?? LINK_NAMES[0];
      const fault = await carrier(scene.home, pulled);
      await tunnel.waitFor(
        'the switch in the timeline',
        (status) => status.timelineLength > timelineLength && status.lastSwitch?.reason === 'carrier-lost',
      );
      const lastSwitch = (await tunnel.status())?.lastSwitch;
      const { entries } = await timeline();
      scene.report(`the timeline after ${pulled} was pulled: ${JSON.stringify(entries)}`);
      expect(entries).toContainEqual({ kind: 'switch', ...lastSwitch });
      expect(entries).toContainEqual(expect.objectContaining({ kind: 'link', link: pulled, state: 'lost' }));
      const text = await tunnel.tryCli('timeline');
      expect([text.status, text.stderr]).toEqual([EXIT.done, '']);
      expect(text.stdout).toMatch(/cable or signal lost; [\d.]+ .?s gap/);
      await tunnel.laptop.kill();
      tunnel.laptop.start();
      await tunnel.waitFor('the daemon again', ({ state }) => state === 'protected');
      expect((await timeline()).entries.slice(0, entries.length)).toEqual(entries);
      await fault.undo();
    });
  });

  it('moves traffic off a link that is set to never and onto one that is preferred, without loss', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic();
      await scene.pause('traffic before the changes', 500);
      const set = async (link: string, priority: string): Promise<void> => {
        const { status, stderr } = await tunnel.tryCli('link', 'set', link, priority);
        expect(status, stderr).toBe(EXIT.done);
      };
      const carriedBy = (link: string): Promise<DaemonStatus> =>
        tunnel.waitFor(`traffic over ${link}`, ({ carrying }) => carrying.join() === link);
      await set('wlan0', 'prefer');
      await carriedBy('wlan0');
      await scene.pause('traffic over Wi-Fi', 1000);
      await set('wlan0', 'never');
      const { links } = await carriedBy('eth0');
      expect(links.find(({ name }) => name === 'wlan0')).toMatchObject({ priority: 'never' });
      await scene.pause('traffic with Wi-Fi forbidden', 1000);
      await set('wlan0', 'auto');
      await tunnel.waitFor('both links again', areBothLinksUsable);
      await set('eth0', 'never');
      await carriedBy('wlan0');
      await set('eth0', 'prefer');
      await carriedBy('eth0');
      await scene.pause('traffic over Ethernet', 1000);
      expect(complaintsOf(await traffic.finish(2000))).toEqual([]);
    });
  });

  it('changes the mode under traffic without loss', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const traffic = await scene.traffic();
      for (const mode of ['redundant', 'seamless']) {
        const { status, stderr } = await tunnel.tryCli('mode', mode);
        expect(status, stderr).toBe(EXIT.done);
        await scene.pause(`traffic in mode ${mode}`, 1500);
        expect((await tunnel.status())?.mode).toBe(mode);
      }
      expect(complaintsOf(await traffic.finish(2000))).toEqual([]);
    });
  });

  it('off lets a connection of the tunnel go on, new ones go direct, and closes the tunnel after the last', async () => {
    await inHome({}, async (scene) => {
      const before = await scene.home.systemState('laptop');
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(scene.home));
      const traffic = await scene.traffic({ stream: null });
      await scene.pause('connections of the tunnel', 500);
      expect((await tunnel.tryCli('off')).status).toBe(EXIT.done);
      expect(await tunnel.status()).toMatchObject({ state: 'off', draining: true, internet: 'direct' });
      expect((await connections.open(4)).source).toBe(ROUTER_WAN.v4);
      expect((await connections.open(6)).source).toBe(ROUTER_WAN.v6);
      await scene.pause('the connections go on', 2500);
      expect(await tunnel.status()).toMatchObject({ state: 'off', draining: true });
      expect(complaintsOf(await withoutStream(traffic.finish(1000)))).toEqual([]);
      await traffic[Symbol.asyncDispose]();
      await tunnel.waitFor(
        'the end of draining',
        (status) => status.state === 'off' && !status.draining,
        5000,
      );
      await theDeviceGoes(scene);
      await tunnel.laptop.stop();
      expect(await scene.home.systemState('laptop')).toBe(before);
    });
  });

  it('off --now does not wait for a connection of the tunnel, and new ones go direct', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(scene.home));
      await scene.traffic({ stream: null });
      await scene.pause('connections of the tunnel', 500);
      expect((await tunnel.tryCli('off', '--now')).status).toBe(EXIT.done);
      expect(await tunnel.status()).toMatchObject({ state: 'off', draining: false });
      expect((await connections.open(4)).source).toBe(ROUTER_WAN.v4);
      expect((await connections.open(6)).source).toBe(ROUTER_WAN.v6);
      await theDeviceGoes(scene);
    });
  });

  it('says protected no sooner than new connections are led into the tunnel', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(scene.home));
      for (let turn = 0; turn < 3; turn++) {
        expect((await tunnel.tryCli('off', '--now')).status).toBe(EXIT.done);
        await tunnel.waitFor('the tunnel to be off', ({ state }) => state === 'off');
        const on = tunnel.tryCli('on');
        // Without a pause: the routes come some milliseconds after the first packet could be carried.
        while ((await tunnel.status())?.state !== 'protected');
        expect((await connections.open(6)).source).toBe(BOX_WAN.v6);
        expect((await connections.open(4)).source).toBe(BOX_WAN.v4);
        expect((await on).status).toBe(EXIT.done);
      }
    });
  });

  it('on lets a plain connection go on where it is, and new ones use the tunnel', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(scene.home));
      expect((await tunnel.tryCli('off', '--now')).status).toBe(EXIT.done);
      await tunnel.waitFor('the tunnel to be off', (status) => status.state === 'off' && !status.draining);
      expect((await connections.open()).source).toBe(ROUTER_WAN.v4);
      const traffic = await scene.traffic({ stream: null });
      await scene.pause('plain connections', 500);
      expect((await tunnel.tryCli('on')).status).toBe(EXIT.done);
      await tunnel.waitFor('both links', areBothLinksUsable);
      expect((await connections.open(4)).source).toBe(BOX_WAN.v4);
      expect((await connections.open(6)).source).toBe(BOX_WAN.v6);
      await scene.pause('the plain connections go on', 2500);
      expect(complaintsOf(await withoutStream(traffic.finish(1000)))).toEqual([]);
    });
  });
});

async function theDeviceGoes(scene: Scene): Promise<void> {
  await scene.until('the tunnel device to go', async () => {
    const { status } = await scene.home.tryRun('laptop', 'ip', ['link', 'show', 'bowline0']);
    return status === 0 ? null : status;
  });
}

type Report = Awaited<ReturnType<Awaited<ReturnType<Scene['traffic']>>['finish']>>;

/** There is no numbered stream: a datagram has no connection that could stay where it is. */
async function withoutStream(finished: Promise<Report>): Promise<Report> {
  const report = await finished;
  expect([report.download?.isIntact, report.upload?.isIntact]).toEqual([true, true]);
  return report;
}

async function firstWatchLine(scene: Scene, tunnel: Tunnel): Promise<DaemonStatus> {
  const args = ['watch', '--json', '--socket', tunnel.laptop.socketPath];
  const watch = spawn(join(projectDir(), 'bin/bowline'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => watch.once('exit', resolve));
  try {
    let first: string | null = null;
    createInterface({ input: watch.stdout }).on('line', (line) => (first ??= line));
    return daemonStatusSchema.parse(JSON.parse(await scene.until('the first line of watch', () => first)));
  } finally {
    watch.kill('SIGINT');
    expect(await ended, 'watch ends well when it is interrupted').toBe(EXIT.done);
  }
}

/**
 * Asks for the status as a user without any right, by a copy of the command line: the checkout itself may lie in a
 * folder that this user cannot enter.
 */
async function asNobody(socketPath: string): ReturnType<typeof tryProgram> {
  const copy = mkdtempSync(join(tmpdir(), 'bowline-command-'));
  try {
    for (const folder of ['bin', 'dist/bin'])
      cpSync(join(projectDir(), folder), join(copy, folder), { recursive: true });
    cpSync(join(projectDir(), 'package.json'), join(copy, 'package.json'));
    chmodSync(copy, 0o755);
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    return await tryProgram('setpriv', [
      ...user,
      join(copy, 'bin/bowline'),
      'status',
      '--socket',
      socketPath,
    ]);
  } finally {
    rmSync(copy, { recursive: true });
  }
}
