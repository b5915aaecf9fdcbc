import { describe, expect, it } from 'vitest';
import type { Tunnel } from './daemons.ts';
import { addressChanged, carrier, deviceRemoved, silent } from './faults.ts';
import type { Fault } from './faults.ts';
import { LINK_NAMES } from './home-plan.ts';
import type { LinkName } from './home-plan.ts';
import { startDocker, startTailscale } from './other-software.ts';
import { RandomNumbers, numberFromEnvironment } from './random-numbers.ts';
import { inHome } from './scene.ts';
import type { Scene } from './scene.ts';

const SEQUENCES = numberFromEnvironment('BOWLINE_LAB_SEQUENCES', 50);
/** Draws the sequences; printed, so that a failing run can be played again. */
const SEED = numberFromEnvironment('BOWLINE_LAB_SEED', Math.floor(Math.random() * 1e9));

/** What other programs do to what is not theirs. Each ends well when there is nothing to remove. */
const WIPES: Readonly<Record<string, string>> = {
  'rules removed': `for family in -4 -6; do
    ip $family rule show | sed -n 's/^\\([0-9]*\\):.* proto 47.*/\\1/p' | while read priority; do
      ip $family rule del priority $priority protocol 47 || true
    done
  done`,
  'routes flushed': 'for family in -4 -6; do ip $family route flush table 4747 || true; done',
  'addresses flushed': 'ip address flush dev bowline0 || true',
  'device switched off': 'ip link set dev bowline0 down || true',
  'kernel settings reset': `for link in eth0 wlan0; do
    cd /proc/sys/net/ipv4/conf/$link 2>/dev/null || continue
    echo 1 > rp_filter; echo 0 > arp_ignore; echo 0 > arp_announce
  done`,
};

const FAULTS: readonly ((...args: Parameters<typeof carrier>) => Promise<Fault>)[] = [
  carrier,
  (home, link) => silent(home, link, 'both'),
  deviceRemoved,
  addressChanged,
];

describe('the laptop’s system', () => {
  it(
    `is byte for byte as it was after each of ${SEQUENCES} random sequences of what people, faults and others do`,
    { timeout: 60_000 + SEQUENCES * 10_000 },
    async () => {
      await inHome({ rpFilter: 1 }, async (scene) => {
        scene.report(`random sequences: BOWLINE_LAB_SEQUENCES=${SEQUENCES} BOWLINE_LAB_SEED=${SEED}`);
        const { home } = scene;
        await startDocker(home);
        await startTailscale(home, false);
        const before = await home.systemState('laptop');
        const tunnel = await scene.tunnel();
        await tunnel.laptop.stop();
        expect(await home.systemState('laptop'), 'after a first plain run').toBe(before);
        const random = new RandomNumbers(SEED);
        for (let number = 1; number <= SEQUENCES; number += 1) {
          const sequence = new Sequence(scene, tunnel, random);
          await sequence.play();
          const steps = `seed ${SEED}, sequence ${number}: ${sequence.steps.join(', ')}`;
          expect(differences(before, await settledState(scene, before)), steps).toEqual([]);
        }
      });
    },
  );
});

/** One life of the laptop's daemon, from its start to its end, and what happened to it. */
class Sequence {
  readonly steps: string[] = [];
  private readonly faults = new Map<LinkName, Fault>();
  private readonly commands: Promise<unknown>[] = [];

  private readonly scene: Scene;
  private readonly tunnel: Tunnel;
  private readonly random: RandomNumbers;

  constructor(scene: Scene, tunnel: Tunnel, random: RandomNumbers) {
    this.scene = scene;
    this.tunnel = tunnel;
    this.random = random;
  }

  async play(): Promise<void> {
    this.tunnel.laptop.start();
    const count = Math.floor(this.random.between(2, 7));
    for (let i = 0; i < count; i += 1) {
      await this.scene.pause('before the next step', this.random.between(0, 400));
      await this.step();
    }
    for (const fault of this.faults.values()) await fault.undo();
    await this.end();
    await Promise.all(this.commands);
  }

  private async step(): Promise<void> {
    const kinds = [this.command, this.command, this.fault, this.fault, this.wipe, this.wipe, this.death];
    await this.random.pick(kinds).call(this);
  }

  /** Not waited for: a person goes on, too. */
  private command(): Promise<void> {
    const args = this.random.pick([
      ['on'],
      ['on'],
      ['off'],
      ['off', '--now'],
      ['lan', 'tunnel'],
      ['lan', 'direct'],
    ]);
    this.note(args.join(' '));
    this.commands.push(this.tunnel.tryCli(...args));
    return Promise.resolve();
  }

  private async fault(): Promise<void> {
    const link = this.random.pick(LINK_NAMES);
    const present = this.faults.get(link);
    if (present !== undefined) {
      this.note(`end of ${present.name}`);
      await present.undo();
      this.faults.delete(link);
      return;
    }
    const fault = await this.random.pick(FAULTS)(this.scene.home, link);
    this.note(fault.name);
    this.faults.set(link, fault);
  }

  private async wipe(): Promise<void> {
    const name = this.random.pick(Object.keys(WIPES));
    this.note(name);
    await this.scene.home.tryRun('laptop', 'sh', ['-c', WIPES[name] ?? '']);
  }

  private async death(): Promise<void> {
    const isReverted = this.random.next() < 0.5;
    this.note(isReverted ? 'killed, reverted, started' : 'killed, started');
    await this.tunnel.laptop.kill();
    if (isReverted) await this.tunnel.laptop.revert();
    this.tunnel.laptop.start();
  }

  private async end(): Promise<void> {
    const { laptop } = this.tunnel;
    const end = this.random.pick([
      'stopped',
      'stopped',
      'killed and reverted',
      'killed, started and stopped',
    ]);
    this.note(end);
    if (end !== 'stopped') await laptop.kill();
    if (end === 'killed and reverted') return laptop.revert();
    // A daemon that has only just been started does not know yet what a signal means.
    if (end !== 'stopped') laptop.start();
    await this.scene.until('the daemon to answer', () => this.tunnel.status());
    await laptop.stop(STOP_MS);
  }

  private note(step: string): void {
    this.steps.push(step);
    this.scene.note(step);
  }
}

/** Lines that only one of two states has. */
function differences(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
    ...(before === after || old.length === now.length ? [] : [`${old.length} lines, then ${now.length}`]),
  ];
}

/** The kernel itself takes up to a second to show that a link is back. */
async function settledState(scene: Scene, wanted: string): Promise<string> {
  let state = '';
  await scene
    .until(
      'the state of before',
      async () => ((state = await scene.home.systemState('laptop')) === wanted ? state : null),
      3000,
    )
    .catch(() => undefined);
  return state;
}

const STOP_MS = 2000;
