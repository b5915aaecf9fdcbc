import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ControlClient } from '../../src-control/client.ts';
import { daemonContract } from '../../src-shared/control/contract.ts';
import { rulesReportSchema } from '../../src-shared/model/app-rule.ts';
import { AppGroups, ownGroups } from './app-groups.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { VirtualHome } from './home.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { projectDir } from './programs.ts';
import { inHome } from './scene.ts';
import { asService, asUser, capabilitiesOf, managerLog, NOBODY } from './service-rights.ts';
import { VisitLoop, Visits } from './visits.ts';

describe('with the rights that the service file gives, and no others', () => {
  it('rules hold for programs of other users, and the window learns who uses which way', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const before = await home.systemState('laptop');
      const group = scene.use(new AppGroups(home));
      const visits = scene.use(await Visits.prepare(home));
      const plain = visits.program('plain');
      const ofApp = visits.program('of-app');
      const app = `lab.${home.prefix}.App`;
      const dataDir = installApp(home, app, ofApp);
      const tunnel = await scene.tunnel({
        laptop: {
          through: [
            ...asUser(NOBODY, home.tempDir, capabilitiesOf('bowlined')),
            ...['env', `XDG_DATA_DIRS=${dataDir}`],
          ],
        },
      });
      let number = 0;
      const args = (): readonly string[] => visits.args({ family: 4, protocol: 'udp', number: ++number });
      const endless = ['--times', '1000000', '--pause', '20'];
      const appLoop = scene.use(new VisitLoop(visits.start(ofApp, [...args(), ...endless])));
      const script = join(home.tempDir, 'script');
      writeFileSync(script, '#!/bin/sh\nwhile "$@"; do sleep 0.05; done\n');
      chmodSync(script, 0o755);
      const scriptLoop = scene.use(new VisitLoop(visits.start(script, [plain, ...args()])));
      const loops = [appLoop, scriptLoop];
      const cameFrom = (source: string): Promise<true> =>
        scene.until(`visits from ${source}`, () =>
          loops.every(({ sources }) => sources.at(-1) === source) ? true : null,
        );
      await cameFrom(BOX_WAN.v4);

      await tunnel.cli('rule', 'add', '--app', app, 'direct');
      await tunnel.cli('rule', 'add', '--exec', script, 'direct');
      await cameFrom(ROUTER_WAN.v4);
      const report = rulesReportSchema.parse(JSON.parse(await tunnel.cli('rules', '--json')));
      expect(report.rules.map(({ problem }) => problem)).toEqual([null, null]);
      expect(report.rules.map(({ processes }) => processes > 0)).toEqual([true, true]);
      // Starts are told in the machine's first network namespace, which takes one right more to enter.
      expect(report.missing).toEqual(['proc-connector', 'fanotify']);

      const run = ['run', '--socket', tunnel.laptop.socketPath, 'direct', '--'];
      expect(await visits.run(BOWLINE, [...run, plain, ...args()])).toEqual([ROUTER_WAN.v4]);
      const inGroup = ['-c', `echo $$ > ${group.make(app)}; exec "$@"`, 'sh', plain, ...args()];
      expect(await visits.run('sh', inGroup)).toEqual([ROUTER_WAN.v4]);

      await appLoop[Symbol.asyncDispose]();
      // By its executable it would be met too late here, but a desktop gives it a group of its own.
      const inAppGroup = `echo $$ > ${group.make(app)}; exec "$@"`;
      const held = scene.use(
        new VisitLoop(visits.start('sh', ['-c', inAppGroup, 'sh', ofApp, ...args(), '--hold', '20000'])),
      );
      const client = new ControlClient({
        contract: daemonContract,
        socketPath: tunnel.laptop.socketPath,
        programVersion: 'lab',
      });
      try {
        const used = await scene.until('the row of the app', async () => {
          const answer = await client.call('apps.usage', {});
          return (answer.ok ? answer.value.usage : []).find((row) => row.app === app) ?? null;
        });
        expect(used).toMatchObject({ name: 'App of the lab', connections: 1 });
        expect(['eth0', 'wlan0']).toContain(used.way);
        scene.use(new VisitLoop(visits.start('python3', ['-c', DATAGRAMS, home.serverAddress(4)])));
        const sender = await scene.until('what a program sends without a connection', async () => {
          const answer = await client.call('apps.usage', {});
          const rows = answer.ok ? answer.value.usage : [];
          return (
            rows.find(({ name, txBitsPerSecond }) => name.startsWith('python3') && txBitsPerSecond > 0) ??
            null
          );
        });
        expect(sender).toMatchObject({ way: 'tunnel', connections: 1 });
        const listed = await client.call('apps.list', {});
        expect(listed.ok && listed.value.apps).toEqual([
          expect.objectContaining({ id: app, name: 'App of the lab', hasIcon: true, processes: 1 }),
        ]);
        const doctor = await client.call('doctor.run', { fix: false });
        expect(doctor.ok && doctor.value.checks.find(({ name }) => name === 'program-rules')).toMatchObject({
          verdict: 'warning',
          evidence: expect.stringMatching(/^proc-connector: .*; fanotify: /) as string,
        });
        expect(await client.call('apps.icon', { id: app })).toMatchObject({
          value: { icon: `data:image/png;base64,${PICTURE.toString('base64')}` },
        });
      } finally {
        client.close();
      }

      for (const each of [held, scriptLoop, visits]) await each[Symbol.asyncDispose]();
      await tunnel.laptop.stop();
      expect(ownGroups(home)).toEqual([]);
      expect(await home.systemState('laptop')).toBe(before);
    });
  });
});

describe('with these rights and what root’s step before the start hands over', () => {
  it('the gate is taken over, and holds programs also after a time without rules', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const tunnel = await scene.tunnel({ laptop: { through: await asService(home.tempDir) } });
      expect(readFileSync(managerLog(home.tempDir), 'utf8').split('\n').slice(0, 4)).toEqual([
        ...['FDSTORE=1 FDNAME=bowline-gate', 'BARRIER=1'],
        ...['FDSTOREREMOVE=1 FDNAME=bowline-gate', 'BARRIER=1'],
      ]);
      await scene.until('signs of life', () =>
        readFileSync(managerLog(home.tempDir), 'utf8').split('WATCHDOG=1').length > 3 ? true : null,
      );
      const visits = scene.use(await Visits.prepare(home));
      const program = visits.program('program');
      const rule = ['rule', 'add', '--exec', program, 'direct'];
      // The one gate is there for every rule, also after a time without any.
      await tunnel.cli(...rule);
      await tunnel.cli('rule', 'remove', '1');
      await tunnel.cli(...rule);

      expect(await visits.run(program, visits.args({ family: 4, protocol: 'udp', number: 1 }))).toEqual([
        ROUTER_WAN.v4,
      ]);
    });
  });

  it('nobody waits for a daemon that was killed, and the next one holds programs again', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const tunnel = await scene.tunnel({ laptop: { through: await asService(home.tempDir) } });
      const visits = scene.use(await Visits.prepare(home));
      const program = visits.program('program');
      await tunnel.cli('rule', 'add', '--exec', program, 'direct');
      let number = 0;
      const visit = (): Promise<readonly string[]> => {
        const args = visits.args({ family: 4, protocol: 'udp', number: ++number });
        return visits.run('timeout', ['--signal=KILL', '10', program, ...args]);
      };
      expect(await visit()).toEqual([ROUTER_WAN.v4]);

      process.kill(tunnel.laptop.pid, 'SIGSTOP');
      let isHeld = true;
      const held = visit().finally(() => (isHeld = false));
      await scene.pause('a program waits for an answer', 500);
      expect(isHeld).toBe(true);
      await tunnel.laptop.kill();
      // Whoever sees them: without the tunnel there is one way.
      expect(await held).toEqual([ROUTER_WAN.v4]);
      expect(await visit()).toEqual([ROUTER_WAN.v4]);

      tunnel.laptop.start();
      await tunnel.waitFor('both links', areBothLinksUsable);
      const plain = visits.args({ family: 4, protocol: 'udp', number: ++number });
      expect(await visits.run(visits.program('plain'), plain)).toEqual([BOX_WAN.v4]);
      expect(await visit()).toEqual([ROUTER_WAN.v4]);
    });
  });
});

const BOWLINE = join(projectDir(), 'bin/bowline');

/** Sends 20 datagrams of 1,000 bytes a second. */
const DATAGRAMS = `
import socket, sys, time
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    sender.sendto(bytes(1000), (sys.argv[1], 9))
    time.sleep(0.05)
`;

/** How every PNG begins. */
const PICTURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** @returns the folder of data that holds the app's entry and its picture */
function installApp(home: VirtualHome, id: string, program: string): string {
  const dir = join(home.tempDir, 'share');
  mkdirSync(join(dir, 'applications'), { recursive: true });
  mkdirSync(join(dir, 'pixmaps'));
  writeFileSync(join(dir, 'pixmaps/lab-app.png'), PICTURE);
  const lines = ['Type=Application', 'Name=App of the lab', `Exec=${program} %u`, 'Icon=lab-app'];
  writeFileSync(join(dir, `applications/${id}.desktop`), `[Desktop Entry]\n${lines.join('\n')}\n`);
  return dir;
}
