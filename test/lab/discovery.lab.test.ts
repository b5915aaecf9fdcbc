import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../src-platform/index.ts';
import { Neighbourhood } from './neighbourhood.ts';
import type { Neighbour } from './neighbourhood.ts';
import { projectDir } from './programs.ts';

const PORT = 4747;

describe('boxes on the local network', () => {
  it('are listed by name, each once, over two links in one network', async () => {
    await using place = new Neighbourhood(true);
    await place.startBox('box1', 'attic');
    await place.announced('box1');
    await place.startBox('box2', 'cellar');
    // A second one of the same name takes another.
    await place.startBox('box3', 'attic');
    await place.startLaptop(null);
    const fingerprints = await Promise.all(
      (['box1', 'box2', 'box3'] as const).map(async (box) => (await place.announced(box)).fingerprint),
    );
    const boxes = await place.boxes();
    expect(boxes.map(({ name, fingerprint }) => [name, fingerprint])).toEqual([
      ['attic', fingerprints[0]],
      [`attic (${fingerprints[2]!.slice(0, 4)})`, fingerprints[2]],
      ['cellar', fingerprints[1]],
    ]);
    for (const [index, box] of (['box1', 'box3', 'box2'] as const).entries()) {
      const linkLocal = linkLocalOf(place, box);
      expect(boxes[index], box).toMatchObject({ port: PORT, protocol: 1 });
      expect(boxes[index]?.addresses, box).toEqual([
        place.address(box),
        `${linkLocal}%eth0`,
        `${linkLocal}%wlan0`,
      ]);
    }
    const table = (await place.cli('boxes')).stdout.split('\n');
    expect(table[0]).toMatch(/^Box +Fingerprint +Protocol +Port +Addresses$/);

    // Who says goodbye is gone at once.
    await place.end('box2', 'bowline-box');
    expect((await place.boxes()).map(({ fingerprint }) => fingerprint)).not.toContain(fingerprints[1]);
  });

  it('are found and used over link-local IPv6 alone', async () => {
    await using place = new Neighbourhood(false);
    await place.startBox('box1', 'attic');
    await place.announced('box1');
    // The laptop knows the key, and an address at which nobody is.
    await place.startLaptop(`${await place.key('box1')}@fe80::dead%eth0`);
    await place.cli('on');
    // The way to nobody is still open for a moment beside the one that works.
    await place.until('the box’s own address in use', async () => {
      const status = await place.status();
      const isThere = status?.box?.address.includes(linkLocalOf(place, 'box1')) === true;
      return status?.state === 'protected' && isThere ? status : null;
    });
    const [box] = await place.boxes();
    expect(box?.addresses.every((address) => /^fe80::.*%(eth0|wlan0)$/.test(address))).toBe(true);
  });

  it('with --no-mdns are not announced', async () => {
    await using place = new Neighbourhood(true);
    await place.startBox('box1', 'attic', ['--no-mdns']);
    await place.startBox('box2', 'cellar');
    await place.announced('box2');
    await place.startLaptop(null);
    expect((await place.boxes()).map(({ name }) => name)).toEqual(['cellar']);
    expect((await place.boxStatus('box1'))?.announcement.state).toBe('off');
  });
});

describe('a laptop whose box does not answer', () => {
  it('finds it at its new address and is protected without a click', async () => {
    await using place = new Neighbourhood(true);
    withoutIpv6(place);
    await place.startBox('box1', 'attic');
    await place.announced('box1');
    await place.startLaptop(`${await place.key('box1')}@${place.address('box1')}`);
    await place.cli('on');
    expect((await protectedStatus(place)).box?.address).toContain(place.address('box1'));
    expect(place.log('laptop', 'bowlined')).not.toContain('box-search');

    place.run('box1', 'ip addr del 192.168.77.3/24 dev lan0; ip addr add 192.168.77.99/24 dev lan0');
    const startedAt = performance.now();
    await place.until('the new address in use', async () => {
      const status = await place.status();
      return status?.state === 'protected' && status.box?.address.includes('192.168.77.99') ? status : null;
    });
    console.log(`found again after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    expect(place.log('laptop', 'bowlined')).toContain('"event":"box-search-over"');
  });

  it('does not find one that is not announced, and gives nothing to one that claims its fingerprint', async () => {
    await using place = new Neighbourhood(true);
    withoutIpv6(place);
    await place.startBox('box1', 'attic', ['--no-mdns']);
    await place.startBox('box2', 'attic', ['--no-mdns']);
    const key = await place.key('box1');
    await place.startLaptop(`${key}@${place.address('box1')}`);
    await place.cli('on');
    await protectedStatus(place);
    const fingerprint = fingerprintOf(Buffer.from(key, 'base64'));
    await claimFingerprint(place, 'box2', fingerprint);
    place.run('box1', 'ip addr del 192.168.77.3/24 dev lan0; ip addr add 192.168.77.99/24 dev lan0');

    // The claim is believed enough to be tried, and fails in the handshake.
    await place.until('the impostor is tried', async () =>
      place.log('laptop', 'bowlined').includes(`"address":"${place.address('box2')}"`) ? true : null,
    );
    const refused = await place.until('the impostor refuses', async () => {
      const drops = (await place.boxStatus('box2'))?.drops ?? {};
      return Object.values(drops).some((count) => count > 2) ? drops : null;
    });
    console.log(`drops at the impostor: ${JSON.stringify(refused)}`);
    expect((await place.status())?.state).toBe('box-unreachable');
    expect((await place.boxStatus('box2'))?.peers.map(({ state }) => state)).toEqual(['never-seen']);
  });
});

const AVAHI_PROGRAMS = ['/usr/sbin/avahi-daemon', '/usr/bin/dbus-daemon'];

describe.skipIf(!AVAHI_PROGRAMS.every((path) => existsSync(path)))(
  'a box beside Avahi (if installed)',
  () => {
    it('is announced by it, takes another name on conflict, and speaks for itself when Avahi ends', async () => {
      await using place = new Neighbourhood(true);
      await place.startBox('box1', 'attic');
      await place.announced('box1');
      await place.key('box2');
      place.start('box2', 'bowline-box', ['--tunnel-net6', 'none', '--name', 'attic'], WITH_AVAHI);
      const { announcement, fingerprint } = await place.announced('box2');
      const name = `attic (${fingerprint.slice(0, 4)})`;
      expect(announcement).toEqual({
        state: 'announced',
        by: 'avahi',
        name,
        interfaces: ['lan0'],
        problem: null,
      });
      await place.startLaptop(null);
      const isListed = async (): Promise<true | null> =>
        (await place.boxes()).some((box) => box.fingerprint === fingerprint && box.name === name)
          ? true
          : null;
      await place.until('the box announced by Avahi', isListed);
      expect((await place.boxes()).map((box) => box.name)).toEqual(['attic', name]);

      await place.until('Avahi to end', async () => {
        const pid = place.run(
          'box2',
          'cat /proc/[0-9]*/stat | grep -F "(avahi-daemon)" | head -1 | cut -d" " -f1',
        );
        const inside = place.run('box2', `ip netns pids $(ip netns identify $$)`).split('\n');
        const own = inside.filter((candidate) => candidate !== '' && isAvahi(place, candidate));
        for (const candidate of own) place.run('box2', `kill ${candidate}`);
        return pid === '' || own.length > 0 ? true : null;
      });
      const after = await place.until('the box speaks for itself', async () => {
        const status = await place.boxStatus('box2');
        return status?.announcement.by === 'bowline' && status.announcement.state === 'announced'
          ? status
          : null;
      });
      expect(after.announcement.interfaces).toEqual(['lan0']);
      await place.until('the box announced by itself', isListed);
    });
  },
);

function isAvahi(place: Neighbourhood, pid: string): boolean {
  return place.run('box2', `cat /proc/${pid}/comm 2>/dev/null || true`).trim() === 'avahi-daemon';
}

/** A message bus and Avahi of the machine's own, which see nothing of those of the real one. */
const WITH_AVAHI = `
  mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon
  dbus-daemon --system --nopidfile --fork
  avahi-daemon --no-drop-root --no-rlimits --no-chroot --daemonize
  exec "$@"
`;

async function protectedStatus(place: Neighbourhood) {
  return place.until('a protected laptop', async () => {
    const status = await place.status();
    return status?.state === 'protected' ? status : null;
  });
}

/** Otherwise the box is still where its link-local address says, and nothing has to be found. */
function withoutIpv6(place: Neighbourhood): void {
  for (const neighbour of ['laptop', 'box1', 'box2'] as const) {
    place.run(neighbour, 'for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $file; done');
  }
}

function linkLocalOf(place: Neighbourhood, neighbour: Neighbour): string {
  const text = place.run(neighbour, 'ip -6 -o addr show dev lan0 scope link');
  return /inet6 (fe80::[0-9a-f:]+)\/64/.exec(text)?.[1] ?? 'none';
}

/** Announces somebody else's fingerprint at this machine's own address. */
async function claimFingerprint(
  place: Neighbourhood,
  neighbour: Neighbour,
  fingerprint: string,
): Promise<void> {
  const script = `
    import { BoxResponder } from ${JSON.stringify(join(projectDir(), 'src-platform/discovery/box-responder.ts'))};
    const address = ${JSON.stringify(place.address(neighbour))};
    new BoxResponder({
      service: { name: 'attic', fingerprint: ${JSON.stringify(fingerprint)}, protocol: 1, port: ${PORT} },
      links: [{ name: 'lan0', ifindex: 1, addresses: [{ family: 4, address, prefixLength: 24 }], announced: [address] }],
      random: Math.random,
      onChange: ({ state }) => console.log(state),
    });
  `;
  const banner =
    "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(process.cwd() + '/x');";
  const bundle = execFileSync(
    'node_modules/.bin/esbuild',
    ['--bundle', '--platform=node', '--format=esm', '--log-level=error', `--banner:js=${banner}`],
    { cwd: projectDir(), input: script, encoding: 'utf8' },
  );
  const child = place.spawn(neighbour, 'impostor', [process.execPath, '--input-type=module']);
  child.stdin?.end(bundle);
  await place.until('the impostor announces', async () =>
    place.log(neighbour, 'impostor').includes('announced') ? true : null,
  );
}
