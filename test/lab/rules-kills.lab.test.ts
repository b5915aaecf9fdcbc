import { describe, expect, it } from 'vitest';
import { rulesReportSchema, type RulesReport } from '../../src-shared/model/app-rule.ts';
import { ownGroups } from './app-groups.ts';
import { areBothLinksUsable, type Tunnel } from './daemons.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { inHome } from './scene.ts';
import { VisitLoop, Visits } from './visits.ts';

describe('rules of a daemon that is killed', () => {
  it('hold until the next start, are taken over there, and are gone after a revert and a stop', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const before = await home.systemState('laptop');
      const tunnel = await scene.tunnel();
      const visits = scene.use(await Visits.prepare(home));
      const kept = visits.program('kept');
      const straight = visits.program('straight');
      await tunnel.cli('rule', 'add', '--exec', kept, 'block-without-tunnel');
      await tunnel.cli('rule', 'add', '--exec', straight, 'direct');
      const loop = (program: string, number: number): VisitLoop => {
        const args = visits.args({ family: 4, protocol: 'tcp', number });
        return scene.use(
          new VisitLoop(visits.start(program, [...args, '--times', '1000000', '--pause', '20'])),
        );
      };
      const keptLoop = loop(kept, 1);
      const straightLoop = loop(straight, 2);
      const served = (which: VisitLoop): Promise<true> => {
        const count = which.served;
        return scene.until('further visits', () => (which.served > count + 2 ? true : null));
      };
      const refused = async (): Promise<void> => {
        // What was under way may still be answered.
        await scene.pause('the tunnel ends', 300);
        const count = keptLoop.served;
        await scene.pause('without a tunnel', 500);
        expect(keptLoop.served).toBe(count);
      };
      await Promise.all([served(keptLoop), served(straightLoop)]);

      await tunnel.laptop.kill();
      await refused();
      await served(straightLoop);
      // So does the service manager after a kill.
      await tunnel.laptop.revert('--keep-rules');
      await refused();
      await served(straightLoop);
      expect(ownGroups(home)).toHaveLength(2);

      tunnel.laptop.start();
      await tunnel.waitFor('both links after the restart', areBothLinksUsable);
      await Promise.all([served(keptLoop), served(straightLoop)]);
      expect((await rulesOf(tunnel)).map(({ processes, problem }) => [processes, problem])).toEqual([
        [1, null],
        [1, null],
      ]);
      // Up to here, nothing of one went the way of the other.
      expect([...(await visits.ways()).values()].map((ways) => Object.keys(ways).join())).toEqual([
        'bowline0/0',
        'eth0/0',
      ]);
      expect([new Set(keptLoop.sources), new Set(straightLoop.sources)]).toEqual([
        new Set([BOX_WAN.v4]),
        new Set([ROUTER_WAN.v4]),
      ]);
      await tunnel.cli('rule', 'remove', '2');
      await scene.until('the tunnel for whom no rule is about', () =>
        straightLoop.sources.at(-1) === BOX_WAN.v4 ? true : null,
      );

      await tunnel.laptop.kill();
      await tunnel.laptop.revert();
      expect(ownGroups(home)).toEqual([]);
      await scene.until('the way of everybody', () =>
        keptLoop.sources.at(-1) === ROUTER_WAN.v4 ? true : null,
      );
      tunnel.laptop.start();
      await tunnel.waitFor('both links once more', areBothLinksUsable);
      await scene.until('the tunnel again', () => (keptLoop.sources.at(-1) === BOX_WAN.v4 ? true : null));
      expect(await rulesOf(tunnel)).toMatchObject([{ processes: 1, problem: null }]);

      for (const each of [keptLoop, straightLoop, visits]) await each[Symbol.asyncDispose]();
      const ruleset = await home.run('laptop', 'nft', ['-s', 'list', 'table', 'inet', 'bowline']);
      await home.nft('laptop', 'flush ruleset');
      await scene.until('the firewall’s table', async () => {
        const { stdout } = await home.tryRun('laptop', 'nft', ['-s', 'list', 'table', 'inet', 'bowline']);
        return stdout === ruleset ? true : null;
      });
      await tunnel.laptop.stop();
      expect(ownGroups(home)).toEqual([]);
      expect(await home.systemState('laptop')).toBe(before);
    });
  });
});

async function rulesOf(tunnel: Tunnel): Promise<RulesReport['rules']> {
  return rulesReportSchema.parse(JSON.parse(await tunnel.cli('rules', '--json'))).rules;
}
