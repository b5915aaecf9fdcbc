import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ControlClient } from '../../src-control/client.ts';
import { daemonContract } from '../../src-shared/control/contract.ts';
import { rulesReportSchema } from '../../src-shared/model/app-rule.ts';
import { AppGroups, ownGroups } from './app-groups.ts';
import type { VirtualHome } from './home.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { projectDir } from './programs.ts';
import { inHome } from './scene.ts';
import { asUser, capabilitiesOf, NOBODY } from './service-rights.ts';
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
      expect(report.missing).toEqual(['proc-connector']);

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
        const listed = await client.call('apps.list', {});
        expect(listed.ok && listed.value.apps).toEqual([
          expect.objectContaining({ id: app, name: 'App of the lab', hasIcon: true, processes: 1 }),
        ]);
        const doctor = await client.call('doctor.run', { fix: false });
        expect(doctor.ok && doctor.value.checks.find(({ name }) => name === 'program-rules')).toMatchObject({
          verdict: 'warning',
          evidence: expect.stringMatching(/^proc-connector: /) as string,
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

const BOWLINE = join(projectDir(), 'bin/bowline');

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
