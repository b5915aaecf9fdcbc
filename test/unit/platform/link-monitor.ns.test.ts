import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NetworkNamespace } from '../../support/network-namespace.ts';

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;
const ADDON = new URL('../../../src-native/build/Release/bowline.node', import.meta.url).pathname;

describe.skipIf(!existsSync(ADDON))('the link monitor on a real kernel (needs the built addon)', () => {
  it('sees a cable pulled, a dock removed and an address gone', () => {
    const home = new NetworkNamespace('ctl-links');
    try {
      home.run(`
        echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
        ip link add eth0 type veth peer name eth0-far; ip link add wlan0 type veth peer name wlan0-far
        for name in eth0 eth0-far wlan0 wlan0-far; do ip link set $name up; done
        ip address add 192.168.1.20/24 dev eth0; ip address add 192.168.1.21/24 dev wlan0
        ip route add default via 192.168.1.1 dev eth0 metric 100
      `);
      expect(watch(home)).toEqual([
        ['eth0', 'ethernet', true, '192.168.1.20', '192.168.1.1', null],
        ['wlan0', 'wifi', true, '192.168.1.21', null, null],
        'carrier-lost eth0',
        'carrier-found eth0',
        'address-gone wlan0',
        'device-gone wlan0',
      ]);
    } finally {
      home.remove();
    }
  });
});

/** Runs the monitor inside, pulls things there, and returns what it said, first about the links themselves. */
function watch(home: NetworkNamespace): readonly unknown[] {
  const script = `
    import { execFileSync } from 'node:child_process';
    import { native } from ${JSON.stringify(`${PROJECT_DIR}src-native/lib/index.ts`)};
    import { interfaceDetailsFrom } from ${JSON.stringify(`${PROJECT_DIR}src-platform/links/classify-link.ts`)};
    import { LinkMonitor } from ${JSON.stringify(`${PROJECT_DIR}src-platform/links/link-monitor.ts`)};

    const said = [];
    let onSaid = () => {};
    const monitor = new LinkMonitor({
      netlink: new native.Netlink({ groups: ['link', 'address4', 'address6', 'route4', 'route6'] }),
      carrierUp: native.carrierUp,
      readInterfaceDetails: interfaceDetailsFrom(),
      selection: 'auto',
      tunnelName: 'bowline0',
      onChange: ({ changes }) => {
        for (const { kind, name } of changes) if (/carrier|gone/.test(kind) && !/far/.test(name)) said.push(kind + ' ' + name);
        onSaid();
      },
    });
    monitor.setActive(true);
    for (const link of monitor.links.filter(({ name }) => ['eth0', 'wlan0'].includes(name))) {
      const four = link.addresses.find(({ family }) => family === 4);
      said.push([link.name, link.kind, link.carrier, four?.address ?? null, link.gateways[4], link.ignoredBecause]);
    }
    said.sort();
    const steps = [
      ['carrier-lost eth0', 'link set eth0-far down'],
      ['carrier-found eth0', 'link set eth0-far up'],
      ['address-gone wlan0', '-4 address flush dev wlan0'],
      ['device-gone wlan0', 'link del wlan0'],
    ];
    const deadline = setTimeout(() => finish(), 5000);
    const finish = () => {
      clearTimeout(deadline);
      monitor.close();
      console.log(JSON.stringify(said));
    };
    let step = 0;
    const next = () => {
      if (step === steps.length) finish();
      else execFileSync('ip', steps[step][1].split(' '));
    };
    onSaid = () => {
      if (step < steps.length && said.includes(steps[step][0])) {
        step += 1;
        setImmediate(next);
      }
    };
    next();
  `;
  const bundle = execFileSync(
    'node_modules/.bin/esbuild',
    ['--bundle', '--platform=node', '--format=esm', '--log-level=error', '--define:import.meta.url="BASE"'],
    { cwd: PROJECT_DIR, input: script, encoding: 'utf8' },
  ).replaceAll('"BASE"', JSON.stringify(new URL('../../../src-native/lib/index.ts', import.meta.url).href));
  const output = execFileSync('ip', ['netns', 'exec', home.name, process.execPath, '--input-type=module'], {
    input: bundle,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as unknown[];
}
