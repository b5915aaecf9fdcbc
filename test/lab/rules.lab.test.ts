import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RuleAction } from '../../src-shared/model/app-rule.ts';
import { rulesReportSchema } from '../../src-shared/model/app-rule.ts';
import { BONDED_DSCP, REDUNDANT_DSCP } from '../../src-shared/model/lane-codes.ts';
import { AppGroups, ownGroups } from './app-groups.ts';
import type { Tunnel } from './daemons.ts';
import type { VirtualHome } from './home.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { projectDir } from './programs.ts';
import { inHome } from './scene.ts';
import { asService } from './service-rights.ts';
import { Visits, type Visit } from './visits.ts';

const ACTIONS: readonly RuleAction[] = [
  'direct',
  'only:wlan0',
  'block-without-tunnel',
  'bonded',
  'redundant',
];

describe.each([
  { service: 'run by root', start: () => Promise.resolve([]) },
  { service: 'as packaged', start: asService },
])('a rule of a service $service leads every packet of a program, the first included', ({ start }) => {
  it('however it is started, by both protocols and both families', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const service = await start(home.tempDir);
      const before = await home.systemState('laptop');
      const group = scene.use(new AppGroups(home));
      const tunnel = await scene.tunnel({
        laptop: { through: [...service, 'env', `XDG_DATA_DIRS=${dataDir(home)}`] },
      });
      const visits = scene.use(await Visits.prepare(home));
      const plain = visits.program('plain');
      const expected = new Map<number, { readonly what: string; readonly action: RuleAction | null }>();
      const complaints: string[] = [];
      let number = 0;

      const visit = async (
        what: string,
        action: RuleAction | null,
        go: (args: readonly string[]) => Promise<readonly string[]>,
      ): Promise<void> => {
        for (const family of [4, 6] as const) {
          for (const protocol of ['tcp', 'udp'] as const) {
            const own: Visit = { family, protocol, number: ++number };
            const name = `${action ?? 'no rule'}, ${what}, ${protocol} over IPv${family}`;
            expected.set(number, { what: name, action });
            const [source = 'nothing'] = await go(visits.args(own));
            if (source !== wayOf(action).source[family]) complaints.push(`${name}: seen from ${source}`);
          }
        }
      };

      await visit('by a shell', null, (args) => visits.run(plain, args));
      for (const [index, action] of ACTIONS.entries()) {
        const program = visits.program(`program-${index}`);
        const app = `lab.${home.prefix}.App${index}`;
        installApp(home, app);
        await tunnel.cli('rule', 'add', '--exec', program, action);
        await tunnel.cli('rule', 'add', '--app', app, action);
        const run = ['run', '--socket', tunnel.laptop.socketPath, action, '--'];

        await visit('by a shell', action, (args) =>
          visits.run('sh', ['-c', '"$0" "$@"; true', program, ...args]),
        );
        await visit('forked deep', action, (args) => visits.run(program, [...args, '--forks', '6']));
        await visit('as another user', action, (args) =>
          visits.run('setpriv', [...NOBODY, program, ...args]),
        );
        await visit('in a sandbox', action, (args) => visits.run('unshare', [...SANDBOX, program, ...args]));
        await visit('by bowline run', action, (args) => visits.run(BOWLINE, [...run, plain, ...args]));
        await visit('by a desktop', action, (args) => {
          const procs = group.make(app);
          return visits.run('sh', ['-c', `echo $$ > ${procs}; exec "$@"`, 'sh', plain, ...args]);
        });
      }
      const ways = await visits.ways();
      for (const [each, { what, action }] of expected) {
        const { device, code } = wayOf(action);
        const taken = Object.keys(ways.get(each) ?? {});
        if (taken.join() !== `${device}/${code}`) complaints.push(`${what}: left by ${taken.join(' and ')}`);
      }
      scene.report(
        `${expected.size} visits, ${[...ways.values()].flatMap((way) => Object.values(way)).reduce((a, b) => a + b, 0)} packets counted`,
      );
      expect(complaints).toEqual([]);

      await visits[Symbol.asyncDispose]();
      await tunnel.laptop.stop();
      expect(await home.systemState('laptop')).toBe(before);
      expect(ownGroups(home)).toEqual([]);
    });
  });
});

describe('rules', () => {
  it('by user, control group and network lead what they are about, and are edited one at a time', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const group = scene.use(new AppGroups(home));
      const tunnel = await scene.tunnel();
      const visits = scene.use(await Visits.prepare(home));
      const plain = visits.program('plain');
      let number = 0;
      const sourceOf = async (file: string, args: readonly string[], family: 4 | 6 = 4): Promise<string> => {
        const own = visits.args({ family, protocol: 'tcp', number: ++number });
        return (await visits.run(file, [...args, ...own]))[0] ?? '';
      };

      await tunnel.cli('rule', 'add', '--user', 'nobody', 'direct');
      for (const family of [4, 6] as const) {
        expect(await sourceOf('setpriv', [...NOBODY, plain], family)).toBe(wayOf('direct').source[family]);
        expect(await sourceOf(plain, [], family)).toBe(wayOf(null).source[family]);
      }
      // A program wins over a user.
      await tunnel.cli('rule', 'add', '--exec', plain, 'bonded');
      expect(await sourceOf('setpriv', [...NOBODY, plain])).toBe(BOX_WAN.v4);
      expect((await rulesOf(tunnel)).map(({ id }) => id)).toEqual(['1', '2']);
      await tunnel.cli('rule', 'add', '--exec', plain, 'direct');
      expect((await rulesOf(tunnel)).map(({ id, action }) => `${id} ${action}`)).toEqual([
        '1 direct',
        '2 direct',
      ]);
      expect(await sourceOf(plain, [])).toBe(ROUTER_WAN.v4);
      await tunnel.cli('rule', 'remove', '2');
      await tunnel.cli('rule', 'remove', '1');
      expect(await sourceOf('setpriv', [...NOBODY, plain])).toBe(BOX_WAN.v4);

      const procs = group.make('plain');
      const path = procs.slice('/sys/fs/cgroup'.length, -'/cgroup.procs'.length);
      await tunnel.cli('rule', 'add', '--cgroup', path, 'direct');
      const inGroup = ['-c', `echo $$ > ${procs}; exec "$@"`, 'sh', plain];
      expect(await sourceOf('sh', inGroup)).toBe(ROUTER_WAN.v4);
      await tunnel.cli('rule', 'remove', '1');
      expect(await sourceOf('sh', inGroup)).toBe(BOX_WAN.v4);

      // A script is known by its own path, whichever interpreter runs it, and is met before its first line.
      for (const [name, interpreter] of [
        ['script', '/bin/sh'],
        ['env-script', '/usr/bin/env bash'],
      ] as const) {
        const script = join(home.tempDir, name);
        writeFileSync(script, `#!${interpreter}\nexec "$@"\n`);
        chmodSync(script, 0o755);
        await tunnel.cli('rule', 'add', '--exec', script, 'direct');
        expect(await sourceOf(script, [plain])).toBe(ROUTER_WAN.v4);
        expect(await sourceOf('sh', ['-c', 'exec "$@"', 'sh', plain])).toBe(BOX_WAN.v4);
      }

      await tunnel.cli('rule', 'add', '--network', `${home.serverAddress(4)}`, '--protocol', 'tcp', 'direct');
      await tunnel.cli('rule', 'add', '--network', `${home.serverAddress(6)}`, 'direct');
      expect(await sourceOf(plain, [])).toBe(ROUTER_WAN.v4);
      expect(await sourceOf(plain, [], 6)).toBe(ROUTER_WAN.v6);
      const [udp] = await visits.run(plain, visits.args({ family: 4, protocol: 'udp', number: ++number }));
      expect(udp).toBe(BOX_WAN.v4);
    });
  });
});

/** What the server and the kernel see of a way. */
function wayOf(action: RuleAction | null): {
  readonly source: Readonly<Record<4 | 6, string>>;
  readonly device: string;
  readonly code: number;
} {
  const box = { 4: BOX_WAN.v4, 6: BOX_WAN.v6 };
  const router = { 4: ROUTER_WAN.v4, 6: ROUTER_WAN.v6 };
  if (action === 'direct') return { source: router, device: 'eth0', code: 0 };
  if (action === 'only:wlan0') return { source: router, device: 'wlan0', code: 0 };
  if (action === 'bonded') return { source: box, device: 'bowline0', code: BONDED_DSCP };
  if (action === 'redundant') return { source: box, device: 'bowline0', code: REDUNDANT_DSCP };
  return { source: box, device: 'bowline0', code: 0 };
}

const BOWLINE = join(projectDir(), 'bin/bowline');
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];
const SANDBOX = ['--mount', '--pid', '--fork', '--mount-proc', '--uts', '--ipc'];

async function rulesOf(tunnel: Tunnel): Promise<ReturnType<typeof rulesReportSchema.parse>['rules']> {
  return rulesReportSchema.parse(JSON.parse(await tunnel.cli('rules', '--json'))).rules;
}

function dataDir(home: VirtualHome): string {
  return join(home.tempDir, 'share');
}

function installApp(home: VirtualHome, id: string): void {
  const dir = join(dataDir(home), 'applications');
  mkdirSync(dir, { recursive: true });
  const text = `[Desktop Entry]\nType=Application\nName=${id}\nExec=/nowhere/${id}\n`;
  writeFileSync(join(dir, `${id}.desktop`), text);
}
