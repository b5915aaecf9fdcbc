import { describe, expect, it } from 'vitest';
import { areBothLinksUsable, type Tunnel } from './daemons.ts';
import { carrier, deviceRemoved, type Fault } from './faults.ts';
import { ROUTER_WAN } from './home-plan.ts';
import { numberFromEnvironment, RandomNumbers } from './random-numbers.ts';
import { inHome, type Scene } from './scene.ts';
import { VisitLoop, Visits } from './visits.ts';

/** Draws the sequence of faults; printed, so that a failing run can be played again. */
const SEED = numberFromEnvironment('BOWLINE_LAB_SEED', Math.floor(Math.random() * 1e9));
const STEPS = numberFromEnvironment('BOWLINE_LAB_STEPS', 100);

describe('a program that is kept', () => {
  it('on one link waits while that link is away, and nobody else notices', async () => {
    await inHome({}, async (scene) => {
      const { home } = scene;
      const tunnel = await scene.tunnel();
      const visits = scene.use(await Visits.prepare(home));
      const kept = visits.program('kept');
      const other = visits.program('other');
      await tunnel.cli('rule', 'add', '--exec', kept, 'only:wlan0');
      const loop = ['--times', '1000000', '--pause', '20'];
      const start = (program: string, number: number, family: 4 | 6): VisitLoop =>
        scene.use(
          new VisitLoop(
            visits.start(program, [...visits.args({ family, protocol: 'tcp', number }), ...loop]),
          ),
        );
      const keptLoops = [start(kept, 1, 4), start(kept, 2, 6)];
      const otherLoops = [start(other, 3, 4), start(other, 4, 6)];
      await scene.until('first visits', () =>
        keptLoops.every(({ lines }) => lines.length > 5) ? true : null,
      );

      for (const fault of [carrier, deviceRemoved]) {
        const counts = otherLoops.map(({ lines }) => lines.length);
        const inForce = await fault(home, 'wlan0');
        // What was under way when the link went may still be answered.
        await scene.pause('wlan0 is away', 300);
        const served = keptLoops.map(({ served: count }) => count);
        await scene.pause('wlan0 is still away', 1500);
        expect(
          keptLoops.map(({ served: count }) => count),
          inForce.name,
        ).toEqual(served);
        await inForce.undo();
        await scene.until('visits over wlan0 again', () =>
          keptLoops.every(({ served: count }, index) => count > (served[index] ?? 0) + 3) ? true : null,
        );
        expect(otherLoops.map(({ lines }, index) => lines.length > (counts[index] ?? 0) + 20)).toEqual([
          true,
          true,
        ]);
      }
      expect(otherLoops.flatMap(({ failures }) => failures)).toEqual([]);
      expect(new Set(keptLoops.flatMap(({ sources }) => sources))).toEqual(
        new Set([ROUTER_WAN.v4, ROUTER_WAN.v6]),
      );
      const ways = await visits.ways();
      expect([1, 2, 3, 4].map((number) => Object.keys(ways.get(number) ?? {}))).toEqual([
        ...[['wlan0/0'], ['wlan0/0']],
        ...[['bowline0/0'], ['bowline0/0']],
      ]);
    });
  });

  it(`in the tunnel leaks nothing in ${STEPS} random kills and faults`, { timeout: 300_000 }, async () => {
    await inHome({}, async (scene) => {
      scene.report(`random faults: BOWLINE_LAB_STEPS=${STEPS} BOWLINE_LAB_SEED=${SEED}`);
      const { home } = scene;
      const tunnel = await scene.tunnel();
      const visits = scene.use(await Visits.prepare(home));
      const kept = visits.program('kept');
      const plain = visits.program('plain');
      await tunnel.cli('rule', 'add', '--exec', kept, 'block-without-tunnel');
      await tunnel.cli('rule', 'add', '--user', 'nobody', 'block-without-tunnel');
      let number = 0;
      const loops: VisitLoop[] = [];
      for (const family of [4, 6] as const)
        for (const protocol of ['tcp', 'udp'] as const)
          for (const [file, ...before] of [[kept], ['setpriv', ...NOBODY, plain]] as const) {
            const args = [...before, ...visits.args({ family, protocol, number: ++number })];
            loops.push(
              scene.use(new VisitLoop(visits.start(file, [...args, '--times', '1000000', '--pause', '10']))),
            );
          }
      await scene.until('first visits', () => (loops.every(({ served }) => served > 2) ? true : null));
      const random = new RandomNumbers(SEED);
      const faults = new Faults(scene, tunnel, random);
      for (let step = 0; step < STEPS; step++) await faults.step();
      await faults.end();
      await tunnel.waitFor('both links at the end', areBothLinksUsable);
      const served = loops.map((loop) => loop.served);
      await scene.until('visits at the end', () =>
        loops.every((loop, index) => loop.served > (served[index] ?? 0)) ? true : null,
      );
      const ways = await visits.ways();
      const devices = [...ways].map(([each, way]) => `${each}: ${Object.keys(way).join(' and ')}`);
      expect(
        devices.filter((text) => !text.endsWith(': bowline0/0')),
        `seed ${SEED}`,
      ).toEqual([]);
      scene.report(
        `${loops.reduce((sum, loop) => sum + loop.served, 0)} visits through the tunnel, none beside it`,
      );
    });
  });
});

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

/** Random kills and faults, one after the other, some lasting over others. */
class Faults {
  readonly #scene: Scene;
  readonly #tunnel: Tunnel;
  readonly #random: RandomNumbers;
  readonly #inForce: Fault[] = [];

  constructor(scene: Scene, tunnel: Tunnel, random: RandomNumbers) {
    this.#scene = scene;
    this.#tunnel = tunnel;
    this.#random = random;
  }

  async step(): Promise<void> {
    const [name, play] = this.#random.pick(Object.entries(this.#steps));
    this.#scene.note(name);
    await play();
    await this.#scene.pause('after it', this.#random.between(20, 250));
    while (this.#inForce.length > 2) await this.#inForce.shift()?.undo();
  }

  async end(): Promise<void> {
    for (const fault of this.#inForce.splice(0)) await fault.undo();
    this.#startAgain();
    await this.#scene.until('the daemon’s answer', async () =>
      (await this.#tunnel.status()) === null ? null : true,
    );
    await this.#tunnel.cli('on');
  }

  readonly #steps: Readonly<Record<string, () => Promise<unknown>>> = {
    'laptop killed': () => this.#tunnel.laptop.kill(),
    'laptop started': () => Promise.resolve(this.#startAgain()),
    'box killed': () => this.#tunnel.box.kill(),
    'box started': () => Promise.resolve(this.#startAgain()),
    'switched off': () => this.#tunnel.tryCli('off'),
    'switched off now': () => this.#tunnel.tryCli('off', '--now'),
    'switched on': () => this.#tunnel.tryCli('on'),
    'cable pulled': () => this.#add('eth0'),
    'radio lost': () => this.#add('wlan0'),
    'all well': async () => {
      for (const fault of this.#inForce.splice(0)) await fault.undo();
    },
    'rules wiped': () => this.#wipe("ip -4 rule show | sed -n 's/^\\([0-9]*\\):.* proto 4[78].*/\\1/p'"),
  };

  async #add(link: 'eth0' | 'wlan0'): Promise<void> {
    this.#inForce.push(await carrier(this.#scene.home, link));
  }

  #wipe(list: string): Promise<unknown> {
    const script = `${list} | sort -u | while read priority; do ip -4 rule del priority $priority || true; done`;
    return this.#scene.home.tryRun('laptop', 'sh', ['-c', script]);
  }

  #startAgain(): void {
    for (const daemon of [this.#tunnel.box, this.#tunnel.laptop]) if (!daemon.isRunning) daemon.start();
  }
}
