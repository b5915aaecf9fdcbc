import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { Elsewhere } from './desktop/elsewhere.ts';
import { carrier } from './faults.ts';
import { boxLanAddresses } from './home-plan.ts';
import { monotonicMicros } from './monotonic.ts';
import { inHome } from './scene.ts';

/** From the home network being there to being protected again. */
const MOST_RETURN_MICROS = 2_000_000;
/** What the router gives the box while the laptop is away. */
const NEW_BOX = '192.168.77.99';

describe('a laptop that is taken away', () => {
  it('says so once, leaves traffic to the network there, and is protected again without a click', async () => {
    await inHome({}, async (scene) => {
      const elsewhere = await Elsewhere.build(scene);
      const tunnel = await scene.tunnel();
      await scene.until('the home network to be known', () =>
        existsSync(`${tunnel.laptop.stateDir}/home.json`) ? true : null,
      );
      await elsewhere.arrive();
      const unplugged = await carrier(scene.home, 'eth0');
      const away = await tunnel.waitFor('being away', ({ state }) => state === 'away');
      expect(away).toMatchObject({ state: 'away', reason: 'other-network', internet: 'direct' });
      await scene.pause('away', 3000);
      expect((await tunnel.status())?.state).toBe('away');
      expect(await scene.home.run('laptop', 'ip', ['route', 'get', '203.0.113.1'])).not.toContain('bowline0');

      const homeMicros = await elsewhere.goHome();
      await tunnel.waitFor('protection', ({ state }) => state === 'protected');
      const tookMicros = monotonicMicros() - homeMicros;
      scene.report(`protected ${(tookMicros / 1000).toFixed(0)} ms after coming home`);
      expect(tookMicros).toBeLessThan(MOST_RETURN_MICROS);
      await unplugged.undo();
      // One word about being away, and none about a box that does not answer.
      const states = statesOf(tunnel);
      expect(states.filter((state) => state === 'away' || state === 'box-unreachable')).toEqual(['away']);
    });
  });

  it('is protected again without a click though the box has another address by then', async () => {
    await inHome({ ipv6: false }, async (scene) => {
      const { home } = scene;
      const elsewhere = await Elsewhere.build(scene);
      const tunnel = await scene.tunnel({ box: { isAnnounced: true } });
      const [before] = boxLanAddresses(home.subnets);
      await scene.until('the home network to be known', () =>
        existsSync(`${tunnel.laptop.stateDir}/home.json`) ? true : null,
      );
      await elsewhere.arrive();
      const unplugged = await carrier(home, 'eth0');
      await tunnel.waitFor('being away', ({ state }) => state === 'away');
      await home.ip('box', `addr del ${before?.v4 ?? ''}/24 dev lan0`, `addr add ${NEW_BOX}/24 dev lan0`);
      const homeMicros = await elsewhere.goHome();
      const status = await tunnel.waitFor('protection', ({ state }) => state === 'protected');
      const tookMicros = monotonicMicros() - homeMicros;
      scene.report(`protected ${(tookMicros / 1e6).toFixed(1)} s after coming home to a box that had moved`);
      expect(status.box?.address).toContain(NEW_BOX);
      await unplugged.undo();
      await tunnel.waitFor('both links', areBothLinksUsable);
    });
  });

  it('is at home where the box alone is down, also after a restart', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      await scene.until('the home network to be known', () =>
        existsSync(`${tunnel.laptop.stateDir}/home.json`) ? true : null,
      );
      await tunnel.box.kill();
      const isMissing = ({ state }: DaemonStatus): boolean => state === 'box-unreachable' || state === 'away';
      expect((await waitWithoutBox(tunnel, isMissing)).state).toBe('box-unreachable');
      await tunnel.laptop.stop();
      tunnel.laptop.start();
      expect((await waitWithoutBox(tunnel, isMissing)).state).toBe('box-unreachable');
    });
  });
});

/** Like `Tunnel.waitFor`, which takes the end of the box for a fault. */
async function waitWithoutBox(
  tunnel: Tunnel,
  isWanted: (status: DaemonStatus) => boolean,
): Promise<DaemonStatus> {
  const deadline = monotonicMicros() + 15_000_000;
  for (;;) {
    const status = await tunnel.status();
    if (status !== null && isWanted(status)) return status;
    if (monotonicMicros() > deadline) throw new Error(`still ${status?.state ?? 'nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function statesOf(tunnel: Tunnel): string[] {
  return [
    ...readFileSync(tunnel.laptop.logPath, 'utf8').matchAll(/"event":"state".*?"state":"([\w-]+)"/g),
  ].map(([, state = '']) => state);
}
