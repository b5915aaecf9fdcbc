import { BONDED_DSCP, REDUNDANT_DSCP } from '../../src-shared/model/lane-codes.ts';
import { MIN_PACKET_BYTES, SimWorld } from '../support/sim-world.ts';

/** Seeds of a whole run; `BOWLINE_SIM_SEEDS` and `BOWLINE_SIM_FIRST` choose others. */
const SEEDS = Number(process.env['BOWLINE_SIM_SEEDS'] ?? 10_000);
const FIRST = Number(process.env['BOWLINE_SIM_FIRST'] ?? 1);

/** Lives through every second seed, starting at the first or the one behind it. @returns faults, with their seeds. */
export function liveThroughHalf(offset: 0 | 1): { faults: string[]; sent: number; lives: number } {
  const faults: string[] = [];
  let sent = 0;
  let lives = 0;
  for (let seed = FIRST + offset; seed < FIRST + SEEDS && faults.length < 10; seed += 2) {
    const report = liveThrough(seed);
    faults.push(...report.faults.slice(0, 3));
    sent += report.sent;
    lives++;
  }
  return { faults, sent, lives };
}

/** What one seed's life came to; equal for equal seeds. */
export interface LifeReport {
  readonly sent: number;
  readonly faults: string[];
}

/**
 * Lives through random faults while random traffic flows both ways, one link always being healthy, then lets
 * everything heal, and reports every violation of: nothing lost, nothing twice, order per flow, content intact,
 * all memory back.
 */
function liveThrough(seed: number): LifeReport {
  const world = new SimWorld(seed, []);
  const { rng } = world;
  const linkCount = rng.int(1, 3);
  world.dispose();
  return live(
    new SimWorld(
      seed,
      Array.from({ length: linkCount }, () => randomLink(rng)),
    ),
    seed,
  );
}

function randomLink(rng: SimWorld['rng']): Parameters<SimWorld['setBoth']>[1] {
  return {
    rateBitsPerSecond: rng.pick([20e6, 100e6, 1e9]),
    queueBytes: rng.pick([60_000, 300_000, 3_000_000]),
    delayMicros: rng.pick([100, 500, 3_000, 20_000]),
    jitterMicros: rng.pick([0, 0, 300, 5_000]),
    reorders: rng.chance(0.3),
    lossRatio: rng.pick([0, 0, 0.001, 0.01]),
    duplicateRatio: rng.pick([0, 0, 0.01]),
    corruptRatio: rng.pick([0, 0, 0.001]),
    mtuBytes: rng.pick([1_472, 1_472, 1_400, 1_252]),
  };
}

function live(world: SimWorld, seed: number): LifeReport {
  const { rng, laptop, box } = world;
  laptop.session.mode = rng.pick(['seamless', 'bonded', 'redundant', 'saver']);
  box.session.mode = laptop.session.mode;
  world.links.forEach((_, link) => world.openPath(link));
  world.run(world.now + 300_000);
  const numbers = [0, 0, 0, 0, 0, 0];
  let sent = 0;
  // In every third life each flow has another class; the box learns them before it speaks.
  const codes = seed % 3 === 0 ? [0, BONDED_DSCP << 2, REDUNDANT_DSCP << 2] : [];
  codes.forEach((tos, flow) => laptop.send(flow, numbers[flow]!++, 120, { tos }));
  if (codes.length > 0) world.settle(laptop);
  for (let i = 0; i < 40 && box.arrivals.length < codes.length; i++) world.run(world.now + 100_000);
  const burst = (): void => {
    for (const node of [laptop, box]) {
      const flow = rng.int(0, 2);
      const index = node === laptop ? flow : flow + 3;
      const size = rng.pick([MIN_PACKET_BYTES, 120, 900, 1_510, 20_000]);
      if (
        rng.chance(0.6) &&
        node.session.outbox.messagesHeld < 200 &&
        node.send(flow, numbers[index]!, size, {
          tos: node === laptop ? (codes[flow] ?? 0) : 0,
          isAnswer: node === box,
        })
      ) {
        numbers[index]!++;
        sent++;
      }
    }
  };
  const steps = rng.int(2, 5);
  for (let step = 0; step < steps; step++) {
    disturb(world);
    if (rng.chance(0.2)) laptop.engine.hurryHandshake(world.now);
    world.run(world.now + rng.int(5_000, 150_000), rng.pick([1_000, 3_000, 8_000]), burst);
  }
  heal(world);
  for (let i = 0; i < 40 && !isQuiet(world); i++) world.run(world.now + 500_000);
  const faults = [...laptop.faults, ...box.faults, ...leftovers(world, numbers)];
  world.dispose();
  return { sent, faults: faults.map((fault) => `seed ${seed}: ${fault}`) };
}

/** Makes trouble on every link but one. */
function disturb(world: SimWorld): void {
  const { rng, links } = world;
  const healthy = rng.int(0, links.length - 1);
  links.forEach((link, index) => {
    const isOpen = world.laptop.session.path(index).isOpen;
    world.setBoth(index, { isBlackHole: false, lossRatio: 0 });
    if (index === healthy) {
      if (!isOpen) world.openPath(index);
      return;
    }
    switch (rng.int(0, 7)) {
      case 0:
        return world.setBoth(index, { isBlackHole: true });
      case 1:
        link.up.conditions.isBlackHole = true;
        return;
      case 2:
        link.down.conditions.isBlackHole = true;
        return;
      case 3:
        return world.setBoth(index, { lossRatio: 0.3 });
      case 4:
        if (isOpen) world.closePath(index);
        return;
      case 5:
        link.address += 16;
        return;
      case 6:
        if (!isOpen) world.openPath(index);
        return;
      default:
        return world.setBoth(index, { delayMicros: rng.int(100, 30_000) });
    }
  });
}

function heal(world: SimWorld): void {
  world.links.forEach((_, index) => {
    world.setBoth(index, { isBlackHole: false, lossRatio: 0, corruptRatio: 0 });
    if (!world.laptop.session.path(index).isOpen) world.openPath(index);
  });
}

function isQuiet({ laptop, box }: SimWorld): boolean {
  return laptop.session.outbox.messagesHeld === 0 && box.session.outbox.messagesHeld === 0;
}

function leftovers({ laptop, box }: SimWorld, numbers: readonly number[]): string[] {
  const faults: string[] = [];
  for (const [node, sender, offset] of [
    [box, laptop, 0],
    [laptop, box, 3],
  ] as const) {
    const sent = numbers.slice(offset, offset + 3).reduce((sum, count) => sum + count, 0);
    // These packets are no super-packets, so that each congestion signal drops one.
    const expected = sent - sender.session.outbox.congestionSignals;
    if (node.arrivals.length !== expected)
      faults.push(`${node.name} got ${node.arrivals.length} of ${expected}`);
    const pools = [...node.memory.send, ...node.memory.receive];
    const free = pools.map((pool) => pool.available);
    const all = pools.map((pool) => pool.count);
    if (free.join() !== all.join()) faults.push(`${node.name} slots free ${free.join()} of ${all.join()}`);
    const leaks = node.session.outbox.leaks();
    if (leaks.messages + leaks.outstanding > 0) faults.push(`${node.name} leaks ${JSON.stringify(leaks)}`);
  }
  return faults;
}
