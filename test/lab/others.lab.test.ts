import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NewConnections } from './connections.ts';
import { areBothLinksUsable } from './daemons.ts';
import type { Tunnel } from './daemons.ts';
import { carrier } from './faults.ts';
import { BOX_WAN, GUEST } from './home-plan.ts';
import { ForeignVpn, foreignState, startDocker, startFirewalld, startTailscale } from './other-software.ts';
import { complaintsOf } from './roaming-cycle.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

describe('beside other software', () => {
  it.each(['before', 'after'] as const)(
    'a VPN that wants everything and came %s the tunnel gets it, and the tunnel takes over when it ends',
    async (when) => {
      await inHome({ rpFilter: 1 }, async (scene) => {
        const { home } = scene;
        const before = await home.systemState('laptop');
        const early = when === 'before' ? await ForeignVpn.start(home, 'everything') : null;
        const tunnel = await scene.tunnel();
        const vpn = early ?? (await ForeignVpn.start(home, 'everything'));
        for (const address of ['192.0.2.1', '2001:db8:9::1'])
          expect(await wayTo(scene, address), address).toContain(`dev ${vpn.device}`);
        expect(await vpn.ping(10), 'answers through the VPN').toBe(10);
        expect(areBothLinksUsable((await tunnel.status())!), 'the tunnel stands ready').toBe(true);

        await vpn[Symbol.asyncDispose]();
        // wg-quick removes every rule that looks like its own, ours too.
        await scene.until('the tunnel’s way', async () => {
          const way = await wayTo(scene, '192.0.2.1');
          return way.includes('dev bowline0') ? way : null;
        });
        const connections = scene.use(await NewConnections.prepare(home));
        expect((await connections.open(4)).source).toBe(BOX_WAN.v4);
        expect((await connections.open(6)).source).toBe(BOX_WAN.v6);
        await tunnel.laptop.stop();
        expect(withoutSourceMark(await home.systemState('laptop'))).toBe(withoutSourceMark(before));
      });
    },
  );

  it('a tailnet is reached past the tunnel, and an exit node takes everything', async () => {
    await inHome({ rpFilter: 1 }, async (scene) => {
      await startTailscale(scene.home, false);
      const before = await foreignState(scene.home);
      await scene.tunnel();
      expect(await wayTo(scene, '100.64.0.9')).toContain('dev tailscale0');
      expect(await wayTo(scene, '192.0.2.1')).toContain('dev bowline0');
      expect(await wayTo(scene, '192.0.2.1', 'mark', '0x80000')).toMatch(/dev (eth0|wlan0)/);
      expect(await foreignState(scene.home)).toBe(before);
      await scene.home.ip('laptop', 'route add default dev tailscale0 table 52');
      expect(await wayTo(scene, '192.0.2.1')).toContain('dev tailscale0');
    });
  });

  it.each([4, 6] as const)(
    'firewalld and Docker let everything of the tunnel pass, by IPv%i',
    async (family) => {
      await inHome({ rpFilter: 1 }, async (scene) => {
        await startDocker(scene.home);
        await startFirewalld(scene.home);
        const before = await foreignState(scene.home);
        await scene.tunnel();
        const traffic = await scene.traffic({ family });
        await scene.pause('traffic', 1000);
        const pulled = await carrier(scene.home, 'eth0');
        await scene.pause('the cable is pulled', 1000);
        // It reloads by writing its whole table again.
        await scene.home.run('laptop', 'nft', ['delete', 'table', 'inet', 'firewalld']);
        await startFirewalld(scene.home);
        await scene.pause('the firewall was reloaded', 1000);
        await pulled.undo();
        expect(complaintsOf(await traffic.finish(1000))).toEqual([]);
        await scene.until('the carrier to be back', async () =>
          (await foreignState(scene.home)) === before ? true : null,
        );
      });
    },
  );
});

describe('somebody who removes the tunnel’s rules', () => {
  it('once is answered at once, with a line in the log that says what and who', async () => {
    await inHome({ rpFilter: 1 }, async (scene) => {
      const tunnel = await scene.tunnel();
      const right = await ourState(scene);
      const traffic = await scene.traffic();
      await scene.pause('traffic', 500);
      for (const { wipe, isBack } of WIPES) {
        const took = await scene.home.run('laptop', 'bash', ['-c', timeOf(wipe, isBack)]);
        scene.report(`"${wipe}" repaired after ${took.trim()} ms`);
        expect(Number(took), wipe).toBeLessThan(REPAIRED_WITHIN_MS);
        await scene.until('everything to be back', async () =>
          (await ourState(scene)) === right ? true : null,
        );
        await scene.pause('quiet', 300);
      }
      await scene.home.run('laptop', 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/conf/wlan0/rp_filter']);
      await scene.until('the kernel setting to be back', async () => {
        const value = await scene.home.run('laptop', 'cat', ['/proc/sys/net/ipv4/conf/wlan0/rp_filter']);
        return value.trim() === '2' ? true : null;
      });
      const repairs = logLines(tunnel).filter(({ event }) => event === 'routes-repaired');
      expect(repairs.length).toBeGreaterThanOrEqual(4);
      expect(repairs[0]).toMatchObject({
        lines: expect.stringContaining('rule add priority 32765 lookup 4747') as string,
        removedBy: expect.stringMatching(/\(\d+\)$/) as string,
      });
      // Without route or address the kernel itself refuses packets of the tunnel; no connection may mind.
      const complaints = complaintsOf(await traffic.finish(1000));
      expect(complaints.filter((text) => !text.includes('UDP packets'))).toEqual([]);
    });
  });

  it('again and again is named, and not fought with for ever', async () => {
    await inHome({}, async (scene) => {
      const tunnel = await scene.tunnel();
      const script = 'while sleep 0.02; do ip rule del priority 32765 lookup 4747 2>/dev/null; done';
      const opponent = scene.home.spawn('laptop', 'sh', ['-c', script], { stdio: 'ignore' });
      const status = await tunnel.waitFor(
        'the warning',
        (seen) => seen.state === 'protected' && seen.degraded.some(({ kind }) => kind === 'routes-contested'),
      );
      expect(status.state).toBe('protected');
      await scene.pause('the contest goes on', 4000);
      opponent.kill('SIGKILL');
      const lines = logLines(tunnel);
      expect(lines.filter(({ event }) => event === 'routes-contested')).toHaveLength(1);
      expect(lines.filter(({ event }) => event === 'routes-repaired').length).toBeLessThan(12);
    });
  });
});

describe('hosts of the local network', () => {
  it('are reached directly, or through the tunnel if that is wanted, and then a pulled cable is not noticed', async () => {
    await inHome({ rpFilter: 1 }, async (scene) => {
      const { home } = scene;
      await home.addGuest();
      const [guest = ''] = GUEST.v4.split('/');
      const tunnel = await scene.tunnel();
      expect(await wayTo(scene, guest)).toMatch(/dev (eth0|wlan0)/);
      await tunnel.cli('lan', 'tunnel');
      await scene.until('the way to the guest', async () =>
        (await wayTo(scene, guest)).includes('dev bowline0') ? true : null,
      );
      expect(await wayTo(scene, '224.0.0.251'), 'multicast stays').toMatch(/dev (eth0|wlan0)/);
      const ping = home.tryRun('laptop', 'ping', ['-q', '-c', '30', '-i', '0.1', '-W', '2', guest]);
      await scene.pause('asking the guest', 1000);
      const pulled = await carrier(home, 'eth0');
      expect((await ping).stdout).toContain(' 30 received');
      await pulled.undo();
    });
  });

  it('learn each address with the hardware address of its own link, in one subnet', async () => {
    await inHome({ subnets: 'one', rpFilter: 1 }, async (scene) => {
      const { home } = scene;
      await home.addGuest();
      await scene.tunnel();
      for (let round = 0; round < 3; round += 1) {
        await home.run('guest', 'ip', ['neigh', 'flush', 'all']);
        for (const link of [home.link('eth0'), home.link('wlan0')]) {
          const [address = ''] = link.addresses.v4.split('/');
          await home.run('guest', 'ping', ['-q', '-c', '1', '-W', '2', address]);
          const neighbour = await home.run('guest', 'ip', ['neigh', 'show', address]);
          expect(neighbour, `${link.name} in round ${round}`).toContain(link.mac);
        }
      }
    });
  });
});

/** Wipes, each with a command that succeeds once it is undone. */
const WIPES = [
  { wipe: 'ip rule del priority 32765 lookup 4747', isBack: 'ip rule | grep -q ^32765:.*4747' },
  {
    wipe: 'ip -6 rule del priority 32750 lookup main suppress_prefixlength 0',
    isBack: 'ip -6 rule | grep -q ^32750:',
  },
  { wipe: 'ip route flush table 4747', isBack: 'ip route show table 4747 | grep -q default' },
  { wipe: 'ip -4 address flush dev bowline0', isBack: 'ip route show table 4747 | grep -q default' },
];

/** Some tens of milliseconds on an idle machine; here two cores are busy with traffic and with looking. */
const REPAIRED_WITHIN_MS = 1000;

/** A script that wipes, waits until it is undone, and prints the milliseconds between. */
function timeOf(wipe: string, isBack: string): string {
  // What never comes back shall fail by its time.
  const isOver = `${isBack} || [ $SECONDS -ge 10 ]`;
  return `${wipe}; from=$(date +%s%N); until ${isOver}; do :; done; echo $((($(date +%s%N) - from) / 1000000))`;
}

function wayTo(scene: Scene, address: string, ...rest: readonly string[]): Promise<string> {
  return scene.home.run('laptop', 'ip', ['route', 'get', address, ...rest]);
}

/** What is Bowline's on the laptop, as text. */
async function ourState(scene: Scene): Promise<string> {
  const script = `for family in -4 -6; do
      ip $family rule show | grep 'proto 47'; ip $family route show table 4747
    done | sort; ip -br addr show dev bowline0`;
  return scene.home.run('laptop', 'sh', ['-c', script]);
}

function logLines(tunnel: Tunnel): readonly { readonly event: string }[] {
  return readFileSync(tunnel.laptop.logPath, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event: string });
}

/** wg-quick sets this and leaves it. */
function withoutSourceMark(state: string): string {
  return state
    .split('\n')
    .filter((line) => !line.includes('src_valid_mark'))
    .join('\n');
}
