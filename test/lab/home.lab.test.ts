import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { deviceRemoved } from './faults.ts';
import { VirtualHome } from './home.ts';
import { BOX_WAN, ROUTER_WAN } from './home-plan.ts';
import { runProgram } from './programs.ts';
import { Traffic } from './traffic.ts';
import type { TrafficReport } from './traffic.ts';

describe('the virtual home', () => {
  describe.each(['one', 'two'] as const)('with %s subnet(s)', (subnets) => {
    it.each([4, 6] as const)('has internet by IPv%i without the box, behind the router', async (family) => {
      await using home = await VirtualHome.create({ subnets });
      const report = await shortTraffic(home, family);
      expect(report.sourceAddress).toBe(family === 4 ? ROUTER_WAN.v4 : ROUTER_WAN.v6);
      expect(lostIn(report)).toBe(0);
    });

    it('reaches the internet over Wi-Fi when the Ethernet device is gone', async () => {
      await using home = await VirtualHome.create({ subnets });
      await deviceRemoved(home, 'eth0');
      expect(lostIn(await shortTraffic(home, 4))).toBe(0);
    });
  });

  it('moves a whole transfer both ways with equal hashes', async () => {
    await using home = await VirtualHome.create();
    await using traffic = await Traffic.start(home, { stream: null });
    await sleep(1000);
    const { download, upload, echo } = await traffic.finish();
    expect([download?.error, upload?.error, echo?.error]).toEqual([null, null, null]);
    expect(download?.receiver.bytes).toBeGreaterThan(1_000_000);
    expect(upload?.receiver.bytes).toBeGreaterThan(1_000_000);
  });

  it('gives the server no way to a home network, so that an answer proves NAT', async () => {
    await using home = await VirtualHome.create({ subnets: 'two' });
    for (const address of ['192.168.77.10', '192.168.78.11', 'fd00:77::10', 'fd00:78::11', '10.77.0.2']) {
      const result = await home.tryRun('net', 'ip', ['route', 'get', address]);
      expect(result.status, `route to ${address}: ${result.stdout}`).not.toBe(0);
    }
  });

  it('shows what comes by way of the box under another address than what comes by the router', async () => {
    await using home = await VirtualHome.create();
    await home.run('box', 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    await home.run('box', 'nft', ['-f', '-'], PLAIN_BOX_NAT);
    await home.ip('laptop', 'route add default via 192.168.77.1 dev eth0 metric 1');
    const report = await shortTraffic(home, 4);
    expect(report.sourceAddress).toBe(BOX_WAN.v4);
  });

  it.each([0, 1, 2] as const)('sets the reverse path filter to %i on every device', async (rpFilter) => {
    await using home = await VirtualHome.create({ rpFilter });
    const script = 'cat /proc/sys/net/ipv4/conf/{all,default,eth0,wlan0}/rp_filter';
    expect((await home.run('laptop', 'bash', ['-c', script])).split('\n').slice(0, 4)).toEqual(
      Array<string>(4).fill(String(rpFilter)),
    );
  });

  it('has no IPv6 address outside when built without', async () => {
    await using home = await VirtualHome.create({ ipv6: false });
    expect(await home.run('laptop', 'ip', ['-6', '-o', 'addr', 'show', 'scope', 'global'])).toBe('');
    expect(lostIn(await shortTraffic(home, 4))).toBe(0);
  });

  it('lives beside another home and leaves nothing behind', async () => {
    const first = await VirtualHome.create();
    const second = await VirtualHome.create();
    const reports = await Promise.all([shortTraffic(first, 4), shortTraffic(second, 4)]);
    expect(reports.map(lostIn)).toEqual([0, 0]);
    for (const home of [first, second]) {
      const sleeper = home.spawn('laptop', 'sleep', ['1000']);
      const ended = new Promise((resolve) => sleeper.once('exit', (_, signal) => resolve(signal)));
      await home[Symbol.asyncDispose]();
      expect(await ended).toBe('SIGKILL');
      expect(await runProgram('ip', ['netns', 'list'])).not.toContain(home.prefix);
      expect(existsSync(home.tempDir)).toBe(false);
    }
  });

  it('removes what an earlier run left under the same prefix', async () => {
    const prefix = `bw-left-${process.pid}`;
    await runProgram('ip', ['netns', 'add', `${prefix}-laptop`]);
    await using home = await VirtualHome.create({ prefix });
    expect(await home.run('laptop', 'ip', ['-br', 'link'])).toContain('wlan0');
  });

  it('renders the same system state twice and another one after a change', async () => {
    await using home = await VirtualHome.create();
    const before = await home.systemState('laptop');
    expect(await home.systemState('laptop')).toBe(before);
    await home.ip('laptop', 'rule add from 10.0.0.1 lookup 55 priority 5200');
    expect(await home.systemState('laptop')).not.toBe(before);
    await home.ip('laptop', 'rule delete priority 5200');
    expect(await home.systemState('laptop')).toBe(before);
  });
});

const PLAIN_BOX_NAT = `table ip plain_nat {
  chain out { type nat hook postrouting priority srcnat; oifname "wan0" masquerade; }
}
`;

async function shortTraffic(home: VirtualHome, family: 4 | 6): Promise<TrafficReport> {
  await using traffic = await Traffic.start(home, {
    family,
    transferBitsPerSecond: null,
    echoIntervalMs: null,
  });
  await sleep(300);
  return await traffic.finish(200);
}

function lostIn(report: TrafficReport): number {
  return (report.whole.up?.lost ?? NaN) + (report.whole.down?.lost ?? NaN);
}
