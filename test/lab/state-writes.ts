import { cpSync, readFileSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import { Tunnel, type DaemonProcess } from './daemons.ts';
import type { FaultyMachine } from './faulty-libc.ts';
import { bareBox, bareLaptop, boxStatusOf, faultyMachine, LAPTOP_NAME, showCode } from './pairing-scene.ts';
import { inHome, type Scene } from './scene.ts';

const BOX = '192.168.77.1';
/** More than any of these commands changes on a disk. */
const MOST_STEPS = 60;
/** A file is opened, written and synced, then renamed, then its folder is opened and synced. */
const LEAST_STEPS = 5;

/** What laptop and box know after a restart. */
export interface Known {
  readonly mode: string;
  readonly box: boolean;
  readonly peers: readonly string[];
}

/** One command, and the states that it may leave. */
export interface Change {
  readonly victim: 'laptop' | 'box';
  readonly from: 'bare' | 'paired';
  readonly run: (house: House) => Promise<{ readonly status: number }>;
  readonly old: Known;
  readonly new: Known;
  /** States between, which repeating the command mends. */
  readonly between?: readonly Known[];
}

export const BARE: Known = { mode: 'seamless', box: false, peers: [] };
export const PAIRED: Known = { mode: 'seamless', box: true, peers: [LAPTOP_NAME] };
/** The box comes first when they pair, so that no laptop waits for a box that does not know it. */
export const ONLY_BOX_KNOWS: Known = { ...BARE, peers: [LAPTOP_NAME] };

/** Pairs laptop and box by the two commands. */
export async function pair({ tunnel }: House): Promise<{ readonly status: number }> {
  const { code } = await showCode(tunnel.box);
  return tunnel.tryCli('pair', '--box', BOX, '--code', code);
}

/**
 * Runs a command once for each of its steps at the victim's disk, with the victim killed before that step, or in the
 * middle of it where it is a write, and looks at what both daemons know after a restart.
 */
export async function killAtEachStep(what: string, change: Change): Promise<void> {
  await inHome({}, async (scene) => {
    const house = await House.build(scene);
    const seen = new Set<string>();
    const machine = house.machines[change.victim];
    let steps = 0;
    for (let atStep = 1; atStep <= MOST_STEPS; atStep++) {
      await house.restore(change.from);
      machine.setDisk({ kind: 'dies', atStep });
      const { status } = await house.runUntilDeath(change);
      // Told by its disk: that it has ended is heard of later than that it answers no more.
      const hasDied = machine.steps >= atStep;
      machine.setDisk({ kind: 'none' });
      await house.restart();
      const known = await house.known();
      const where = `${what}, step ${atStep}`;
      expect(known, where).toBeOneOf([change.old, change.new, ...(change.between ?? [])]);
      if (status === 0) expect(known, `${where}: what was answered holds`).toEqual(change.new);
      expect(house.logs(), `${where}: no file had to be set aside`).not.toContain('set-aside');
      seen.add(JSON.stringify(known));
      if (!hasDied) break;
      steps = atStep;
    }
    scene.report(`${what}: killed at each of ${steps} steps, ${seen.size} states seen`);
    expect(steps).toBeGreaterThanOrEqual(LEAST_STEPS);
    expect(steps).toBeLessThan(MOST_STEPS);
    const both = [change.old, change.new].map((known) => JSON.stringify(known));
    expect([...seen]).toEqual(expect.arrayContaining(both));
  });
}

/** A laptop and a box whose disks can fail, and copies of their state folders to go back to. */
export class House {
  readonly tunnel: Tunnel;
  readonly machines: { readonly laptop: FaultyMachine; readonly box: FaultyMachine };
  readonly #scene: Scene;

  private constructor(scene: Scene, tunnel: Tunnel, machines: House['machines']) {
    this.#scene = scene;
    this.tunnel = tunnel;
    this.machines = machines;
  }

  static async build(scene: Scene): Promise<House> {
    const { home } = scene;
    const machines = {
      laptop: await faultyMachine(home, 'laptop', 'bowlined'),
      box: await faultyMachine(home, 'box', 'bowline-box'),
    };
    const tunnel = new Tunnel(bareBox(home, 'box', false, machines.box), bareLaptop(home, machines.laptop));
    const house = new House(scene, scene.use(tunnel), machines);
    await house.#untilBothAnswer();
    await house.#keep('bare');
    expect(await pair(house)).toMatchObject({ status: 0 });
    // The box tells where it is, which is stored too.
    await tunnel.waitFor('protected', ({ state }) => state === 'protected');
    await house.#keep('paired');
    return house;
  }

  /** Starts both from a state that was kept. */
  async restore(kept: 'bare' | 'paired'): Promise<void> {
    await this.restart(({ stateDir }) => {
      rmSync(stateDir, { recursive: true });
      cpSync(`${stateDir}.${kept}`, stateDir, { recursive: true });
    });
  }

  /** Kills both and starts them again. */
  async restart(between: (daemon: DaemonProcess) => void = () => undefined): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.kill()));
    for (const daemon of this.#daemons) {
      between(daemon);
      daemon.start();
    }
    await this.#untilBothAnswer();
  }

  /** Runs the command. Once the victim is dead, nobody waits for what the other end makes of that. */
  async runUntilDeath(change: Change): Promise<{ readonly status: number }> {
    const command = change.run(this);
    let isOver = false;
    void command.finally(() => (isOver = true)).catch(() => undefined);
    await this.#scene.until('the command or the victim to end', () =>
      isOver || !this.tunnel[change.victim].isRunning ? true : null,
    );
    if (!isOver) await this.tunnel.laptop.kill();
    return command;
  }

  async known(): Promise<Known> {
    const { box, mode } = (await this.tunnel.status())!;
    const { peers } = await boxStatusOf(this.tunnel.box);
    return { mode, box: box !== null, peers: peers.map(({ name }) => name) };
  }

  logs(): string {
    return this.#daemons.map(({ logPath }) => readFileSync(logPath, 'utf8')).join('');
  }

  get #daemons(): readonly DaemonProcess[] {
    return [this.tunnel.laptop, this.tunnel.box];
  }

  async #keep(kept: 'bare' | 'paired'): Promise<void> {
    await this.restart(({ stateDir }) => cpSync(stateDir, `${stateDir}.${kept}`, { recursive: true }));
  }

  async #untilBothAnswer(): Promise<void> {
    const { box } = this.tunnel;
    await Promise.all([
      this.#scene.until('the laptop to answer', () => this.tunnel.status()),
      this.#scene.until('the box to answer', () => boxStatusOf(box).catch(() => null)),
    ]);
  }
}
