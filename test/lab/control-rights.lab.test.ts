import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tunnel } from './daemons.ts';
import { boxLanAddresses, type NodeName } from './home-plan.ts';
import type { VirtualHome } from './home.ts';
import { bareBox, bareLaptop, boxStatusOf, showCode } from './pairing-scene.ts';
import { projectDir, tryProgram, type ProgramResult } from './programs.ts';
import { inHome } from './scene.ts';

const BOX = boxLanAddresses('one')[0]!.v4;
const GUEST = '192.168.77.30';
const GROUP = 4711;
const ANN = 4712;
const BOB = 4713;
const NOT_PERMITTED = 4;

describe('a control socket', () => {
  it('lets members look, switch and pair the first box, root alone configure, and others nothing', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      await home.addGuest();
      for (const node of ['laptop', 'box'] as const) writePeople(home, node, []);
      const tunnel = scene.use(new Tunnel(bareBox(home, 'box'), bareLaptop(home)));
      const other = scene.use(bareBox(home, 'guest'));
      for (const box of [tunnel.box, other])
        await scene.until('a box to answer', () => boxStatusOf(box).catch(() => null));
      await scene.until('the laptop to answer', () => tunnel.status());
      // Below a folder that everybody may enter, as /run/bowline is.
      chmodSync(home.tempDir, 0o755);
      const { laptop, box } = tunnel;
      const bowline = (user: number, groups: readonly number[], ...args: readonly string[]) =>
        as(user, groups, 'bowline', [...args, '--socket', laptop.socketPath]);
      const bowlineBox = (...args: readonly string[]) =>
        as(ANN, [GROUP], 'bowline-box', [...args, '--socket', box.socketPath]);

      scene.note('a stranger, also if the mode of the file was widened');
      expect(await bowline(BOB, [], 'status')).toMatchObject({ status: NOT_PERMITTED });
      chmodSync(laptop.socketPath, 0o666);
      expect(await bowline(BOB, [], 'status')).toMatchObject({
        status: NOT_PERMITTED,
        stderr: expect.stringContaining(`user ${BOB} may not use the control socket`) as string,
      });
      chmodSync(laptop.socketPath, 0o660);

      scene.note('a member');
      expect(await bowline(ANN, [GROUP], 'status')).toMatchObject({ status: 0 });
      expect(await bowline(ANN, [GROUP], 'mode', 'bonded')).toMatchObject({ status: 0 });
      expect(await bowlineBox('status')).toMatchObject({ status: 0 });
      expect(await bowlineBox('pair')).toMatchObject(refused('box.pair takes the right to configure'));
      const pair = async (at: string, from: typeof box) =>
        bowline(ANN, [GROUP], 'pair', '--box', at, '--code', (await showCode(from)).code);
      expect(await pair(BOX, box)).toMatchObject({ status: 0 });
      expect(await pair(BOX, box), 'the same box once more').toMatchObject({ status: 0 });
      expect(await pair(GUEST, other)).toMatchObject(refused('to put box-guest in its place takes root'));
      expect((await boxStatusOf(other)).peers).toEqual([]);
      expect(await bowline(ANN, [GROUP], 'unpair')).toMatchObject(
        refused('pairing.unpair takes the right to configure'),
      );
      expect(await tunnel.status()).toMatchObject({ box: { name: 'box-box' } });

      scene.note('a person who was put into the group after the login, and let in by name');
      chmodSync(laptop.socketPath, 0o666);
      writePeople(home, 'laptop', ['ann']);
      expect(await bowline(ANN, [], 'status')).toMatchObject({ status: 0 });
      expect(await bowline(ANN, [], 'unpair')).toMatchObject({ status: NOT_PERMITTED });
      expect(await bowline(BOB, [], 'status')).toMatchObject({ status: NOT_PERMITTED });

      scene.note('root');
      expect(await tunnel.tryCli('unpair')).toMatchObject({ status: 0 });
    });
  });
});

function refused(text: string): object {
  return { status: NOT_PERMITTED, stderr: expect.stringContaining(text) as string };
}

function as(
  user: number,
  groups: readonly number[],
  program: string,
  args: readonly string[],
): Promise<ProgramResult> {
  const who = [`--reuid=${user}`, `--regid=${user}`];
  const among = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  return tryProgram('setpriv', [...who, among, '--', join(projectDir(), 'bin', program), ...args]);
}

/** Gives a node a list of users and groups of its own, in place if it has one: its daemon keeps the files open to it. */
function writePeople(home: VirtualHome, node: NodeName, members: readonly string[]): void {
  const dir = join('/etc/netns', home.namespace(node));
  const users = [
    'root:x:0:0::/root:/bin/sh',
    `ann:x:${ANN}:${ANN}::/:/bin/sh`,
    `bob:x:${BOB}:${BOB}::/:/bin/sh`,
  ];
  writeFileSync(join(dir, 'passwd'), `${users.join('\n')}\n`);
  writeFileSync(join(dir, 'group'), `root:x:0:\nbowline:x:${GROUP}:${members.join(',')}\n`);
}
