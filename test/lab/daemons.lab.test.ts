import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NewConnections } from './connections.ts';
import { binPath } from './daemons.ts';
import { BOX_WAN } from './home-plan.ts';
import { inHome } from './scene.ts';

/** The programs in bin/ have to be built. */
describe('both daemons in a virtual home', () => {
  it('carry traffic by way of the box, and a stop leaves laptop and box as they were', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const before = [await home.systemState('laptop'), await home.systemState('box')];
      const tunnel = await scene.tunnel();
      const connections = scene.use(await NewConnections.prepare(home));
      expect((await connections.open(4)).source).toBe(BOX_WAN.v4);
      expect((await connections.open(6)).source).toBe(BOX_WAN.v6);
      expect(tunnel.laptop.usage().residentBytes).toBeGreaterThan(10_000_000);
      expect(await home.systemState('laptop')).not.toBe(before[0]);
      await tunnel.laptop.stop();
      await tunnel.box.stop();
      expect([await home.systemState('laptop'), await home.systemState('box')]).toEqual(before);
    });
  });

  it('say why they cannot start, end, and leave laptop and box as they were', async () => {
    await inHome({}, async ({ home }) => {
      for (const [node, program] of [
        ['laptop', 'bowlined'],
        ['box', 'bowline-box'],
      ] as const) {
        const before = await home.systemState(node);
        const notASocket = join(home.tempDir, `${program}.txt`);
        writeFileSync(notASocket, '');
        const stateDir = join(home.tempDir, program);
        const args = ['run', '--state-dir', stateDir, '--socket', notASocket];
        const { status, stderr } = await home.tryRun(node, binPath(program), args);
        expect(stderr).toMatch(/"start-failed".*exists and is not a socket/);
        expect(status).toBe(1);
        expect(await home.systemState(node)).toBe(before);
      }
    });
  });
});
