import { describe, expect, it } from 'vitest';
import type { RuleAction } from '../../src-shared/model/app-rule.ts';
import { rulesReportSchema } from '../../src-shared/model/app-rule.ts';
import { BONDED_DSCP, REDUNDANT_DSCP } from '../../src-shared/model/lane-codes.ts';
import { areBothLinksUsable, type Tunnel } from './daemons.ts';
import { doctorCheck } from './desktop/doctor-check.ts';
import { HOME_RESOLVER, NameServer, setResolvConf } from './desktop/name-server.ts';
import { carrier } from './faults.ts';
import type { VirtualHome } from './home.ts';
import { BOX_WAN, ROUTER_WAN, SERVER } from './home-plan.ts';
import {
  HAS_DNSMASQ,
  HeldConnection,
  hostArgs,
  namedHost,
  prepareHosts,
  type NamedHost,
} from './named-hosts.ts';
import { inHome, type Scene } from './scene.ts';
import { Visits } from './visits.ts';

const ACTIONS: readonly RuleAction[] = [
  'direct',
  'only:wlan0',
  'block-without-tunnel',
  'bonded',
  'redundant',
];
const HOSTS = ACTIONS.map((_, index) => namedHost(`action${index}`, index + 1));
const OTHER = namedHost('other', 20);
const LATE = namedHost('late', 21);
const CROWD = Array.from({ length: 66 }, (_, index) => namedHost(`n${index}.crowd`, index + 100));

describe.skipIf(!HAS_DNSMASQ)('a rule about a domain (needs dnsmasq-base)', () => {
  it('leads its packets by both protocols and families, and leaves open connections where they are', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      setResolvConf(home, '127.0.0.1');
      const before = await stateOf(home);
      await prepareHosts(home);
      await HeldConnection.serve(scene);
      await NameServer.start(scene, 'laptop', [...HOSTS, OTHER, LATE, ...CROWD].flatMap(hostArgs));
      const tunnel = await scene.tunnel();
      const visitor = await Visitor.prepare(scene);
      for (const [index, action] of ACTIONS.entries())
        await tunnel.cli('rule', 'add', '--domain', HOSTS[index]!.name, action);
      // Nobody but the daemon itself has asked for a name so far.
      for (const host of HOSTS) await isLed(scene, host);
      expect(await doctorCheck(tunnel, 'domain-rules')).toMatchObject({
        verdict: 'ok',
        evidence: expect.stringContaining('no program has been heard') as string,
      });

      for (const [index, action] of ACTIONS.entries()) await visitor.visit(HOSTS[index]!, action);
      await visitor.visit(OTHER, null);
      const report = await reportOf(tunnel);
      expect(report.rules.map(({ problem }) => problem)).toEqual(ACTIONS.map(() => null));

      scene.note('edited one at a time; the later of two rules about one address decides');
      await tunnel.cli('rule', 'add', '--domain', HOSTS[0]!.name, 'only:wlan0');
      await visitor.visit(HOSTS[0]!, 'only:wlan0');
      await tunnel.cli('rule', 'add', '--network', HOSTS[0]![4], '--protocol', 'tcp', 'bonded');
      await visitor.visitOnce(HOSTS[0]!, 4, 'tcp', 'bonded');
      await visitor.visitOnce(HOSTS[0]!, 4, 'udp', 'only:wlan0');
      await visitor.visitOnce(HOSTS[0]!, 6, 'tcp', 'only:wlan0');
      await tunnel.cli('rule', 'remove', String(ACTIONS.length + 1));
      await visitor.visit(HOSTS[0]!, 'only:wlan0');

      scene.note('learnt and forgotten while connections are open');
      const late = scene.use(new HeldConnection(home, LATE[4], 9_900));
      await goesOn(scene, late);
      await tunnel.cli('rule', 'add', '--domain', LATE.name, 'only:wlan0');
      await isLed(scene, LATE);
      await goesOn(scene, late);
      await visitor.visit(LATE, 'only:wlan0');
      const kept = scene.use(new HeldConnection(home, LATE[4], 9_901));
      await goesOn(scene, kept);
      await goesOn(scene, late);
      await tunnel.cli('rule', 'remove', String(ACTIONS.length + 1));
      expect(await rulesOf(home)).not.toContain(LATE[4]);
      await visitor.visitOnce(LATE, 4, 'tcp', null, 'by its address');
      await tunnel.cli('rule', 'add', '--domain', 'crowd.lab.example', 'only:wlan0');
      const [first] = CROWD;
      await visitor.lookUp(first!);
      await isLed(scene, first!);
      const expired = scene.use(new HeldConnection(home, first![4], 9_902));
      await goesOn(scene, expired);
      for (const host of CROWD.slice(1)) await visitor.lookUp(host);
      await scene.until('the first address to be forgotten', async () =>
        (await rulesOf(home)).includes(`to ${first![4]} `) ? null : true,
      );
      await goesOn(scene, expired);
      await visitor.visitOnce(first!, 4, 'tcp', null, 'by its address');
      await goesOn(scene, late);

      expect(visitor.complaints).toEqual([]);
      const ways = await visitor.ways();
      expect([9_900, 9_902].map((number) => Object.keys(ways.get(number) ?? {}))).toEqual([
        ['bowline0/0'],
        ['wlan0/0'],
      ]);
      expect(await visitor.wrongWays()).toEqual([]);
      scene.report(`${visitor.count} visits by name, each on its way`);
      for (const held of [late, kept, expired]) await held[Symbol.asyncDispose]();
      await tunnel.laptop.stop();
      await visitor.visits[Symbol.asyncDispose]();
      expect(await stateOf(home)).toBe(before);
    });
  });

  it('holds without a tunnel, while its link is away, after a kill, and is put back when it is flushed', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      setResolvConf(home, '127.0.0.1');
      const before = await stateOf(home);
      await prepareHosts(home);
      await HeldConnection.serve(scene);
      await NameServer.start(scene, 'laptop', [...HOSTS, LATE].flatMap(hostArgs));
      const tunnel = await scene.tunnel();
      const visitor = await Visitor.prepare(scene);
      const [direct, only, block] = HOSTS as unknown as readonly [NamedHost, NamedHost, NamedHost];
      for (const [index, host] of [direct, only, block].entries()) {
        await tunnel.cli('rule', 'add', '--domain', host.name, ACTIONS[index]!);
        await isLed(scene, host);
      }

      const fault = await carrier(home, 'wlan0');
      await scene.pause('wlan0 is away', 300);
      await visitor.refused(only, AWAY);
      await fault.undo();
      await tunnel.waitFor('both links again', areBothLinksUsable);
      await scene.until('visits over wlan0 again', async () =>
        (await visitor.sourceOf(only, 4, 'tcp')) === ROUTER_WAN.v4 ? true : null,
      );

      scene.note('flushed');
      await home.run('laptop', 'sh', [
        '-c',
        'for family in -4 -6; do for p in 32734 32735; do while ip $family rule del priority $p 2>&-; do :; done; done; done',
      ]);
      await isLed(scene, only);
      await home.run('laptop', 'nft', ['flush', 'ruleset']);
      await visitor.reset();
      await visitor.visit(only, 'only:wlan0');

      scene.note('switched off: a connection that was open before an address was learnt stays on its link');
      await tunnel.cli('off', '--now');
      await scene.until('off', async () => ((await tunnel.status())?.state === 'off' ? true : null));
      await visitor.visit(direct, 'direct');
      const late = scene.use(new HeldConnection(home, LATE[4], 9_903));
      await goesOn(scene, late);
      await tunnel.cli('rule', 'add', '--domain', LATE.name, 'only:wlan0');
      await isLed(scene, LATE);
      await goesOn(scene, late);
      await visitor.visit(LATE, 'only:wlan0');
      expect(Object.keys((await visitor.ways()).get(9_903) ?? {})).toEqual(['eth0/0']);
      await late[Symbol.asyncDispose]();
      await tunnel.cli('on');
      await tunnel.waitFor('both links again', areBothLinksUsable);
      await visitor.visit(block, 'block-without-tunnel');

      await tunnel.laptop.kill();
      await visitor.refused(block, 'after a kill');
      tunnel.laptop.start();
      await tunnel.waitFor('both links after a kill', areBothLinksUsable);
      for (const host of [direct, only, block]) await isLed(scene, host);
      await visitor.visit(block, 'block-without-tunnel');
      await visitor.visit(only, 'only:wlan0');
      expect(visitor.complaints).toEqual([]);
      expect(await visitor.wrongWays()).toEqual([]);
      await tunnel.laptop.kill();
      await tunnel.laptop.revert();
      await visitor.visits[Symbol.asyncDispose]();
      expect(await stateOf(home)).toBe(before);
    });
  });

  it('is in time for every first connection to a name that is asked for through the tunnel', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      await prepareHosts(home);
      const firsts = new FirstConnections(scene);
      const rounds = RESOLVERS.flatMap((resolver) => MODES.map((mode) => ({ resolver, mode })));
      const hosts = rounds.map(() => firsts.newHosts('tunnel', FIRSTS_OF_A_MODE));
      const races = RACES.map(({ domain }) => firsts.newHosts(domain, FIRSTS));
      const own = races.at(-1)!;
      for (const node of ['router', 'net'] as const)
        await NameServer.start(scene, node, [...hosts, ...races].flat().flatMap(hostArgs));
      await NameServer.start(scene, 'laptop', [
        ...[`--server=/tunnel.lab.example/${SERVER.v6}`, `--server=/link.lab.example/${HOME_RESOLVER}`],
        ...['--cache-size=0', ...own.flatMap(hostArgs)],
      ]);
      setResolvConf(home, HOME_RESOLVER);
      const tunnel = await scene.tunnel();
      const visitor = await Visitor.prepare(scene);
      await tunnel.cli('rule', 'add', '--domain', 'lab.example', 'only:wlan0');
      const isRouted = async (): Promise<boolean> =>
        (await rulesOf(home)).includes(`to ${HOME_RESOLVER} ipproto `);
      await scene.until('questions in the tunnel', async () => ((await isRouted()) ? true : null));
      const early: Record<string, number> = {};
      for (const [index, { mode, resolver }] of rounds.entries()) {
        setResolvConf(home, resolver.address);
        await tunnel.cli('mode', mode);
        for (const family of [4, 6] as const)
          early[`${resolver.name}, ${mode}, IPv${family}`] = await firsts.countEarly(
            visitor,
            hosts[index]!,
            family,
          );
      }
      scene.report(
        `${2 * hosts.flat().length} first connections by way of the tunnel: ${JSON.stringify(early)}`,
      );
      expect(early).toEqual(Object.fromEntries(Object.keys(early).map((round) => [round, 0])));

      // What is not asked for through the tunnel is another matter: the server no longer serves the box.
      await home.nft('router', DEAF_TO_BOX);
      await tunnel.cli('off', '--now');
      setResolvConf(home, HOME_RESOLVER);
      await tunnel.cli('on');
      await tunnel.waitFor('both links again', areBothLinksUsable);
      await scene.pause('the server is asked in vain through the tunnel', 2000);
      expect(await isRouted()).toBe(false);
      for (const [index, { name, address }] of RACES.entries()) {
        setResolvConf(home, address);
        const count = await firsts.countEarly(visitor, races[index]!, 4);
        scene.report(`${name}: ${count} of ${FIRSTS} first connections went the old way`);
      }
      expect(visitor.complaints).toEqual([]);
    });
  });
});

const FIRSTS = 30;
const FIRSTS_OF_A_MODE = 20;
const AWAY = 'while its link is away';
const MODES = ['seamless', 'bonded', 'redundant'] as const;
const RESOLVERS = [
  { name: 'the C library asks the server of the network', address: HOME_RESOLVER },
  { name: 'a resolver on the machine asks one in the internet', address: '127.0.0.1' },
] as const;

/** Answers that do not come through the tunnel. */
const RACES = [
  { name: 'a server that is asked over a link', domain: 'link', address: HOME_RESOLVER },
  { name: 'a resolver on the machine that asks it', domain: 'link', address: '127.0.0.1' },
  { name: 'a resolver on the machine that knows already', domain: 'own', address: '127.0.0.1' },
] as const;
const DEAF_TO_BOX =
  'add table ip deaf; add chain ip deaf input { type filter hook input priority 0; }; ' +
  'add rule ip deaf input ip saddr 192.168.77.1 udp dport 53 drop;';

/** First connections to names that nobody has asked for. */
class FirstConnections {
  readonly #scene: Scene;
  #number = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  newHosts(domain: string, count: number): readonly NamedHost[] {
    return Array.from({ length: count }, () => namedHost(`n${++this.#number}.${domain}`, this.#number));
  }

  /** @returns how many went as without the rule, which keeps all to wlan0 */
  async countEarly(visitor: Visitor, hosts: readonly NamedHost[], family: 4 | 6): Promise<number> {
    let early = 0;
    for (const host of hosts) {
      if ((await visitor.sourceOf(host, family, 'tcp')) !== wayOf('only:wlan0').source[family]) early++;
      await this.#scene.until(`${host.name} to be known`, async () =>
        (await rulesOf(this.#scene.home)).includes(`to ${host[family]} `) ? true : null,
      );
      await visitor.visitOnce(host, family, 'tcp', 'only:wlan0');
    }
    return early;
  }
}

/** Visits hosts by their names, and holds each visit against what its rule says. */
class Visitor {
  readonly #scene: Scene;
  readonly visits: Visits;
  readonly complaints: string[] = [];
  readonly #program: string;
  #number = 0;
  readonly #expected = new Map<number, { readonly what: string; readonly way: string | null }>();

  private constructor(scene: Scene, visits: Visits) {
    this.#scene = scene;
    this.visits = visits;
    this.#program = visits.program('visitor');
  }

  static async prepare(scene: Scene): Promise<Visitor> {
    return new Visitor(scene, scene.use(await Visits.prepare(scene.home)));
  }

  get count(): number {
    return this.#number;
  }

  /** By both protocols and both families. */
  async visit(host: NamedHost, action: RuleAction | null): Promise<void> {
    for (const family of [4, 6] as const)
      for (const protocol of ['tcp', 'udp'] as const) await this.visitOnce(host, family, protocol, action);
  }

  async visitOnce(
    host: NamedHost,
    family: 4 | 6,
    protocol: 'tcp' | 'udp',
    action: RuleAction | null,
    how: 'by its name' | 'by its address' = 'by its name',
  ): Promise<void> {
    const { source, way } = wayOf(action);
    const what = `${action ?? 'no rule'}, ${host.name} ${how}, ${protocol} over IPv${family}`;
    const seen = await this.sourceOf(host, family, protocol, how);
    this.#expected.set(this.#number, { what, way });
    if (seen !== source[family]) this.complaints.push(`${what}: seen from ${seen}`);
  }

  /** Nothing may leave another way. */
  async refused(host: NamedHost, when: string): Promise<void> {
    for (const family of [4, 6] as const)
      for (const protocol of ['tcp', 'udp'] as const) {
        const what = `${host.name} ${when}, ${protocol} over IPv${family}`;
        const seen = await this.sourceOf(host, family, protocol);
        this.#expected.set(this.#number, { what, way: null });
        if (!seen.startsWith('E')) this.complaints.push(`${what}: ${seen}`);
        // Over IPv4 programs hear at once.
        if (family === 4 && when !== AWAY && seen !== 'ENETUNREACH' && seen !== 'EHOSTUNREACH')
          this.complaints.push(`${what}: ${seen}`);
      }
  }

  async sourceOf(
    host: NamedHost,
    family: 4 | 6,
    protocol: 'tcp' | 'udp',
    how: 'by its name' | 'by its address' = 'by its name',
  ): Promise<string> {
    const args = [protocol, host[family], String(20_000 + ++this.#number)];
    const [line = 'nothing'] = await this.visits.run(this.#program, [
      ...args,
      ...(how === 'by its name' ? ['--name', host.name] : []),
    ]);
    return line;
  }

  async lookUp({ name }: NamedHost): Promise<void> {
    await this.#scene.home.run('laptop', 'getent', ['ahostsv4', name]);
  }

  ways(): ReturnType<Visits['ways']> {
    return this.visits.ways();
  }

  /** Counts anew, after the counters themselves were flushed. */
  async reset(): Promise<void> {
    this.#expected.clear();
    await this.visits.count();
  }

  /** Visits whose packets did not all go the one way. */
  async wrongWays(): Promise<readonly string[]> {
    const ways = await this.ways();
    return [...this.#expected].flatMap(([number, { what, way }]) => {
      const taken = Object.keys(ways.get(number) ?? {}).join(' and ');
      const isWaiting = what.includes(AWAY) && taken === 'wlan0/0';
      return taken === (way ?? '') || isWaiting ? [] : [`${what}: left by ${taken}`];
    });
  }
}

function wayOf(action: RuleAction | null): {
  readonly source: Readonly<Record<4 | 6, string>>;
  readonly way: string;
} {
  const box = { 4: BOX_WAN.v4, 6: BOX_WAN.v6 };
  const router = { 4: ROUTER_WAN.v4, 6: ROUTER_WAN.v6 };
  switch (action) {
    case 'direct':
      return { source: router, way: 'eth0/0' };
    case 'only:wlan0':
      return { source: router, way: 'wlan0/0' };
    case 'bonded':
      return { source: box, way: `bowline0/${BONDED_DSCP}` };
    case 'redundant':
      return { source: box, way: `bowline0/${REDUNDANT_DSCP}` };
    default:
      return { source: box, way: 'bowline0/0' };
  }
}

/** Without a key that the kernel makes when somebody first listens, as the name server does. */
async function stateOf(home: VirtualHome): Promise<string> {
  return (await home.systemState('laptop')).replace(/^net.ipv4.tcp_fastopen_key.*$/m, '');
}

async function rulesOf(home: VirtualHome): Promise<string> {
  return (
    (await home.run('laptop', 'ip', ['-N', 'rule'])) + (await home.run('laptop', 'ip', ['-N', '-6', 'rule']))
  );
}

async function isLed(scene: Scene, host: NamedHost): Promise<void> {
  await scene.until(`${host.name} to be known`, async () => {
    const text = await rulesOf(scene.home);
    return text.includes(`to ${host[4]} `) && (host.name.startsWith('n') || text.includes(`to ${host[6]} `))
      ? true
      : null;
  });
}

async function goesOn(scene: Scene, held: HeldConnection): Promise<void> {
  const { count } = held;
  await scene.until('the open connection to go on', () => (held.count > count + 10 ? true : null));
}

async function reportOf(tunnel: Tunnel): Promise<ReturnType<typeof rulesReportSchema.parse>> {
  return rulesReportSchema.parse(JSON.parse(await tunnel.cli('rules', '--json')));
}
