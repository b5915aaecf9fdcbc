import { describe, expect, test } from 'vitest';
import { readPathModel } from '../../src-engine/path-model.ts';
import { RESERVE_RANK_MICROS } from '../../src-engine/path/path.ts';
import type { Mode } from '../../src-engine/session-types.ts';
import { isBondedLane } from '../../src-engine/send/lane-hash.ts';
import { BONDED_DSCP, REDUNDANT_DSCP } from '../../src-shared/model/lane-codes.ts';
import type { LinkConditions } from '../support/sim-link.ts';
import { type SimHeader, type SimNode, SimWorld } from '../support/sim-world.ts';

const SECOND = 1_000_000;
const BULK_BYTES = 16_000;
/** Packets that a bulk flow has under way; the simulated memory holds two such flows. */
const WINDOW = 40;
/** Fits a datagram of any path. Of such packets only the first of a flow is urgent, that is, copied in any case. */
const STREAM_BYTES = 1_000;
const BONDED: SimHeader = { tos: BONDED_DSCP << 2 };
const REDUNDANT: SimHeader = { tos: REDUNDANT_DSCP << 2 };
const ANSWER: SimHeader = { isAnswer: true };

const link = (megabits: number, more: Partial<LinkConditions> = {}): Partial<LinkConditions> => ({
  rateBitsPerSecond: megabits * 1e6,
  delayMicros: 500,
  queueBytes: (megabits * 1e6 * 0.05) / 8,
  ...more,
});

/** Bytes of packets that a node received, copies included, by path: of one lane, or of all that fit. */
class Meter {
  private readonly bytes = new Map<number, Map<number, number>>();

  constructor({ session }: SimNode) {
    let path = 0;
    const { onDatagram, takePiece } = session;
    session.onDatagram = (...from) => {
      path = from[0];
      onDatagram.apply(session, from);
    };
    session.takePiece = (piece, now) => {
      const lanes = this.bytes.get(path) ?? new Map<number, number>();
      this.bytes.set(path, lanes.set(piece.lane, (lanes.get(piece.lane) ?? 0) + piece.length));
      return takePiece.call(session, piece, now);
    };
  }

  on(path: number, isCounted: (lane: number) => boolean): number {
    let sum = 0;
    for (const [lane, bytes] of this.bytes.get(path) ?? []) if (isCounted(lane)) sum += bytes;
    return sum;
  }

  lanesOn(path: number): number[] {
    return [...(this.bytes.get(path)?.keys() ?? [])];
  }

  reset(): void {
    this.bytes.clear();
  }
}

const isCommonLane = (lane: number): boolean => !isBondedLane(lane) && lane !== 1_023;

class Scene {
  readonly world: SimWorld;
  readonly meters: readonly [box: Meter, laptop: Meter];
  private readonly numbers = new Map<string, number>();
  private readonly seen = new Map<SimNode, { count: number; flows: number[] }>();

  constructor(mode: Mode, links: readonly Partial<LinkConditions>[], secondRank?: number) {
    this.world = new SimWorld(21, links);
    for (const node of [this.world.laptop, this.world.box]) node.session.mode = mode;
    links.forEach((_, index) => this.world.openPath(index, index === 1 ? secondRank : undefined));
    this.meters = [new Meter(this.world.box), new Meter(this.world.laptop)];
    this.world.run(this.world.now + SECOND);
  }

  send(node: SimNode, flow: number, bytes: number, header: SimHeader = {}): boolean {
    const key = `${node.name} ${flow}`;
    const number = this.numbers.get(key) ?? 0;
    if (!node.send(flow, number, bytes, header)) return false;
    this.numbers.set(key, number + 1);
    return true;
  }

  /** Keeps a flow's queue filled as a TCP connection with some window would. */
  fill(node: SimNode, flow: number, header: SimHeader, arrivedAt: SimNode): void {
    const arrived = this.arrived(arrivedAt, flow);
    for (let sent = this.sent(node, flow); sent - arrived < WINDOW; sent++)
      if (!this.send(node, flow, BULK_BYTES, header)) return;
  }

  /** How many packets of a flow have arrived, or were dropped before one that did. */
  private arrived(node: SimNode, flow: number): number {
    const seen = this.seen.get(node) ?? { count: 0, flows: [0, 0, 0] };
    this.seen.set(node, seen);
    for (; seen.count < node.arrivals.length; seen.count++) {
      const { flow: arrived, number } = node.arrivals[seen.count]!;
      seen.flows[arrived] = number + 1;
    }
    return seen.flows[flow]!;
  }

  sent(node: SimNode, flow: number): number {
    return this.numbers.get(`${node.name} ${flow}`) ?? 0;
  }

  /** Runs both ways with flow 1 of the header's class and flow 2 without one. @returns bytes of each at box and laptop. */
  rush(header: SimHeader, micros: number): { flow: number; bytes: number }[][] {
    const { laptop, box } = this.world;
    this.introduce(header);
    const from = [box, laptop].map((node) => node.arrivals.length);
    this.world.run(this.world.now + micros, 500, () => {
      this.fill(laptop, 1, header, box);
      this.fill(laptop, 2, {}, box);
      this.fill(box, 1, ANSWER, laptop);
      this.fill(box, 2, ANSWER, laptop);
    });
    return [box, laptop].map((node, index) =>
      [1, 2].map((flow) => ({
        flow,
        bytes: BULK_BYTES * node.arrivals.slice(from[index]).filter((entry) => entry.flow === flow).length,
      })),
    );
  }

  /** Lets the box learn the class of flow 1 before it answers. */
  private introduce(header: SimHeader): void {
    if (this.sent(this.world.laptop, 1) > 0) return;
    this.send(this.world.laptop, 1, BULK_BYTES, header);
    this.world.settle(this.world.laptop);
    this.world.run(this.world.now + 100_000);
  }

  expectSound(): void {
    expect([...this.world.laptop.faults, ...this.world.box.faults]).toEqual([]);
  }
}

describe('a flow of class bonded', () => {
  test.each<Mode>(['seamless', 'saver'])(
    'is spread over both links in mode %s, in both directions, and one beside it is not',
    (mode) => {
      const scene = new Scene(mode, [link(50), link(50)]);
      scene.rush(BONDED, SECOND);
      for (const meter of scene.meters) meter.reset();
      const received = scene.rush(BONDED, 3 * SECOND);
      scene.expectSound();
      scene.meters.forEach((meter, index) => {
        const [bonded, common] = received[index]!;
        expect(meter.on(1, isCommonLane), 'the other flow on the second link').toBe(0);
        expect(meter.on(1, isBondedLane)).toBeGreaterThan(0.3 * bonded!.bytes);
        expect(meter.on(0, isBondedLane)).toBeGreaterThan(0.1 * bonded!.bytes);
        const megabits = received[index]!.map(({ bytes }) => (bytes * 8) / 3 / 1e6);
        expect(megabits[0]! + megabits[1]!, 'of 100').toBeGreaterThan(90);
        expect(megabits[1], 'as much as beside a flow without a class').toBeGreaterThan(21);
        expect(common!.bytes).toBeLessThan(bonded!.bytes);
      });
    },
  );

  test('takes from other flows no more than one without a class would', () => {
    const shares = [{}, BONDED].map((header) => {
      const scene = new Scene('seamless', [link(50), link(50)]);
      scene.rush(header, SECOND);
      return scene.rush(header, 3 * SECOND).map(([, other]) => other!.bytes);
    });
    const [beside, besideBonded] = shares;
    besideBonded!.forEach((bytes, index) => expect(bytes).toBeGreaterThan(0.95 * beside![index]!));
  });

  test('is spread in mode redundant rather than copied', () => {
    const scene = new Scene('redundant', [link(50), link(50)]);
    const { laptop, box } = scene.world;
    const feed = (): void => scene.fill(laptop, 1, BONDED, box);
    scene.world.run(scene.world.now + SECOND, 500, feed);
    const before = box.arrivals.length;
    scene.world.run(scene.world.now + 2 * SECOND, 500, feed);
    scene.expectSound();
    expect(((box.arrivals.length - before) * BULK_BYTES * 8) / 2 / 1e6).toBeGreaterThan(90);
  });

  test('never uses a reserve link', () => {
    const scene = new Scene('seamless', [link(50), link(50)], RESERVE_RANK_MICROS);
    scene.rush(BONDED, 3 * SECOND);
    scene.expectSound();
    // What is sent again while the other is full, no more.
    for (const meter of scene.meters) expect(meter.on(1, () => true)).toBeLessThan(20_000);
  });

  test('leaves a hopeless link alone', () => {
    const alone = new Scene('seamless', [link(50)]);
    const scene = new Scene('seamless', [link(50), link(1, { delayMicros: 40_000 })]);
    const [before, after] = [alone, scene].map((one) => {
      const { laptop, box } = one.world;
      const feed = (): void => one.fill(laptop, 1, BONDED, box);
      one.world.run(one.world.now + 2 * SECOND, 500, feed);
      const from = box.arrivals.length;
      one.world.run(one.world.now + 3 * SECOND, 500, feed);
      one.expectSound();
      const second = readPathModel(laptop.session, laptop.session.path(1));
      if (one === scene) expect(second).toMatchObject({ role: 'standby', excludedBecause: null });
      return box.arrivals.length - from;
    });
    expect(after).toBeGreaterThan(0.97 * before!);
  });

  test('ends, and the paths are what they were before', () => {
    const scene = new Scene('seamless', [link(50), link(50)]);
    const { world } = scene;
    scene.rush(BONDED, SECOND);
    const { bonded } = world.laptop.session.transmitter.dataPaths;
    expect(bonded.reasonOf(world.laptop.session.path(1))).toBe('helps');
    world.run(world.now + 12 * SECOND, SECOND, () => scene.send(world.laptop, 2, STREAM_BYTES));
    expect(bonded.reasonOf(world.laptop.session.path(1))).toBeNull();
    scene.expectSound();
  });

  test('goes on over what is left when a link fails, without a loss', () => {
    const scene = new Scene('seamless', [link(50), link(50)]);
    const { world } = scene;
    for (const failing of [1, 0]) {
      scene.rush(BONDED, SECOND);
      world.setBoth(failing, { isBlackHole: true });
      scene.rush(BONDED, SECOND);
      world.setBoth(failing, { isBlackHole: false });
    }
    world.run(world.now + 2 * SECOND);
    scene.expectSound();
    for (const [from, to] of [
      [world.laptop, world.box],
      [world.box, world.laptop],
    ] as const) {
      expect(to.arrivals.length + from.session.outbox.congestionSignals).toBe(
        scene.sent(from, 1) + scene.sent(from, 2),
      );
    }
  });
});

describe('a flow of class redundant', () => {
  const LOSSY = { lossRatio: 0.05 };
  const FAST_MICROS = 500;
  const SLOW_MICROS = 3_000;
  const PACKETS = 2_000;

  /** Sends both flows each way, one packet of each every 5 ms. @returns how late the packets of both were at the box. */
  function stream(mode: Mode): { scene: Scene; lateness: Map<number, number>[][] } {
    const scene = new Scene(mode, [
      link(50, { ...LOSSY, delayMicros: FAST_MICROS }),
      link(50, { ...LOSSY, delayMicros: SLOW_MICROS }),
    ]);
    const { world } = scene;
    const { laptop, box } = world;
    const sentAt: number[] = [];
    for (const meter of scene.meters) meter.reset();
    let number = 0;
    world.run(world.now + PACKETS * 5_000 - 1, 5_000, () => {
      sentAt[number++] = world.now;
      scene.send(laptop, 1, STREAM_BYTES, REDUNDANT);
      scene.send(laptop, 2, STREAM_BYTES);
      scene.send(box, 1, STREAM_BYTES, ANSWER);
      scene.send(box, 2, STREAM_BYTES, ANSWER);
    });
    world.run(world.now + SECOND);
    scene.expectSound();
    const lateness = [box, laptop].map(({ arrivals }) =>
      [1, 2].map(
        (flow) =>
          new Map(
            arrivals
              .filter((entry) => entry.flow === flow)
              .map((entry) => [entry.number, entry.at - sentAt[entry.number]!]),
          ),
      ),
    );
    return { scene, lateness };
  }

  test.each<Mode>(['seamless', 'saver', 'bonded'])(
    'loses nothing and comes no later than the copy that comes through, in mode %s',
    (mode) => {
      const { scene, lateness } = stream(mode);
      scene.meters.forEach((meter, index) => {
        const [redundant, common] = lateness[index]!;
        expect([redundant!.size, common!.size]).toEqual([PACKETS, PACKETS]);
        const late = (of: Map<number, number>): number =>
          [...of.values()].filter((micros) => micros > SLOW_MICROS + 1_000).length / PACKETS;
        // One of 400 is lost on both links, and the next may wait for it.
        expect(late(redundant!), 'of the redundant flow').toBeLessThan(0.008);
        if (mode === 'bonded') return;
        expect(late(common!), 'of the other').toBeGreaterThan(0.03);
        const flows = [...new Set([0, 1].flatMap((path) => meter.lanesOn(path)))].filter(isCommonLane);
        expect(flows, 'two flows, two lanes').toHaveLength(2);
        const total = flows.map((lane) => [0, 1].map((path) => meter.on(path, (other) => other === lane)));
        const copied = total.find(([, second]) => second! > 0.5 * PACKETS * STREAM_BYTES)!;
        const single = total.find((one) => one !== copied)!;
        expect(copied[0]! + copied[1]!).toBeGreaterThan(1.85 * PACKETS * STREAM_BYTES);
        expect(single[0]! + single[1]!).toBeLessThan(1.04 * PACKETS * STREAM_BYTES);
        expect(single[1], 'only what was lost comes this way').toBeLessThan(0.06 * PACKETS * STREAM_BYTES);
      });
    },
  );

  test('is not copied to a reserve link', () => {
    const scene = new Scene('seamless', [link(50), link(50)], RESERVE_RANK_MICROS);
    scene.rush(REDUNDANT, SECOND);
    for (const node of [scene.world.laptop, scene.world.box])
      expect(node.session.outbox.bytesMirrored).toBe(0);
  });
});

describe('the code of a class', () => {
  const TOS_OF_OTHERS = [0, 46 << 2, (46 << 2) | 3, 0x02 << 2, 0x0b << 2, 1, 3];

  test.each([0, 1, 2, 3])('does not leave the tunnel, and ECN %i does', (ecn) => {
    const { world } = new Scene('seamless', [link(50), link(50)]);
    world.run(world.now + SECOND, 10_000, () => undefined);
    for (const [number, dscp] of [BONDED_DSCP, REDUNDANT_DSCP].entries()) {
      world.laptop.send(1 + number, 0, 400, { tos: (dscp << 2) | ecn });
      world.settle(world.laptop);
    }
    world.run(world.now + SECOND);
    expect(world.box.arrivals.map(({ tos }) => tos)).toEqual([ecn, ecn]);
    expect(world.box.faults, 'the sums of the headers are right').toEqual([]);
  });

  test.each(['laptop', 'box'] as const)('of other meaning goes through untouched from the %s', (from) => {
    const { world } = new Scene('seamless', [link(50), link(50)]);
    const to = from === 'laptop' ? world.box : world.laptop;
    // What comes out of the internet with our codes is none of ours.
    const all = from === 'laptop' ? TOS_OF_OTHERS : [...TOS_OF_OTHERS, BONDED_DSCP << 2, REDUNDANT_DSCP << 2];
    // Too large to be urgent, so that what is copied is copied for its class.
    all.forEach((tos, number) => world[from].send(1, number, 1_600, { tos }));
    world.settle(world[from]);
    world.run(world.now + SECOND);
    expect(to.arrivals.map(({ tos }) => tos)).toEqual(all);
    expect(to.faults).toEqual([]);
    expect(world[from].session.outbox.bytesMirrored).toBe(0);
  });
});

test('flows keep their class over a restart of the laptop, and learn it again after one of the box', () => {
  const scene = new Scene('seamless', [link(50), link(50)]);
  const { world } = scene;
  const copiesOfAnswers = (): number => {
    const before = world.box.session.outbox.bytesMirrored;
    for (let i = 0; i < 20; i++) scene.send(world.box, 1, BULK_BYTES, ANSWER);
    world.settle(world.box);
    world.run(world.now + SECOND);
    return world.box.session.outbox.bytesMirrored - before;
  };
  const ask = (): void => {
    scene.send(world.laptop, 1, STREAM_BYTES, REDUNDANT);
    world.settle(world.laptop);
    world.run(world.now + SECOND);
  };
  ask();
  expect(copiesOfAnswers()).toBeGreaterThan(5 * BULK_BYTES);
  world.laptop.restart();
  world.openPath(0);
  world.openPath(1);
  world.run(world.now + SECOND);
  expect(copiesOfAnswers()).toBeGreaterThan(5 * BULK_BYTES);
  world.box.restart();
  world.settle(world.box);
  world.run(world.now + 2 * SECOND);
  ask();
  expect(copiesOfAnswers()).toBeGreaterThan(5 * BULK_BYTES);
  scene.expectSound();
});
