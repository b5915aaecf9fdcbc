import { describe, expect, test } from 'vitest';
import { InitiationMac } from '../../../src-engine/crypto/initiation-mac.ts';
import { importPrivateKey } from '../../../src-engine/crypto/x25519.ts';
import { type LinkConditions, GOOD_LINK } from '../../support/sim-link.ts';
import { type SimNode, SimWorld } from '../../support/sim-world.ts';

const BOX_KEY = importPrivateKey(new Uint8Array(32).fill(2)).publicKey;
const INITIATION = 1;
const RESPONSE = 2;
const COOKIE = 3;
const DATA = 4;
const VERSION = 5;

interface Heard {
  readonly to: SimNode;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A world whose datagrams are written down as they arrive, and may be stopped before. */
function worldOf(links: Partial<LinkConditions>[], options: { stops?: (heard: Heard) => boolean } = {}) {
  const world = new SimWorld(1, links);
  const heard: Heard[] = [];
  const listen = (node: SimNode): void => {
    const { engine, memory } = node;
    const genuine = engine.handleDatagrams.bind(engine);
    engine.handleDatagrams = (socket, table, count, now) => {
      const at = memory.words[table]!;
      const bytes = memory.bytes.slice(at, at + memory.words[table + 1]!);
      const entry = { to: node, type: bytes[0]!, bytes };
      if (options.stops?.(entry) === true) return;
      heard.push(entry);
      genuine(socket, table, count, now);
    };
  };
  listen(world.laptop);
  listen(world.box);
  const count = (type: number): number => heard.filter((entry) => entry.type === type).length;
  const all = (type: number): Heard[] => heard.filter((entry) => entry.type === type);
  const last = (type: number): Uint8Array => all(type).at(-1)!.bytes;
  const run = (micros: number): void => world.run(world.now + micros);
  return { world, laptop: world.laptop, box: world.box, heard, count, all, last, run, listen };
}

const kinds = (node: SimNode): string[] =>
  node.events.flatMap((event) => (event.kind === 'established' ? [`established ${event.isResumed}`] : []));

/** Counts the cookies that a node sends from here on, to whomever. */
function cookiesOf({ engine }: SimNode): () => number {
  let cookies = 0;
  const genuine = engine.pollRaw.bind(engine);
  engine.pollRaw = () => {
    const raw = genuine();
    if (raw?.bytes[0] === COOKIE) cookies++;
    return raw;
  };
  return () => cookies;
}

describe('a new session', () => {
  test('stands after one round trip, and packets that waited for it flow', () => {
    const { world, laptop, box, run } = worldOf([{ delayMicros: 1_000 }]);
    world.openPath(0);
    laptop.send(1, 0, 100);
    run(10_000);
    expect([kinds(laptop), kinds(box)]).toEqual([['established false'], ['established false']]);
    expect(box.arrivals.map((arrival) => arrival.number)).toEqual([0]);
    world.dispose();
  });

  test('is asked for on all paths at once, and both askings get the same answer', () => {
    const { world, all, box, run } = worldOf([{}, { delayMicros: 5_000 }]);
    world.openPath(0);
    world.openPath(1);
    run(100_000);
    const answers = all(RESPONSE).map((answer) => Buffer.from(answer.bytes).toString('hex'));
    expect([all(INITIATION).length, answers.length, new Set(answers).size]).toEqual([2, 2, 1]);
    expect(box.aead.liveKeys, 'one key each way').toBe(2);
    world.dispose();
  });

  test('is asked for again until an answer comes, with the same bytes for two seconds', () => {
    const { world, all, run } = worldOf([{}], { stops: (entry) => entry.type === RESPONSE });
    world.openPath(0);
    run(1_900_000);
    const early = all(INITIATION).length;
    expect(new Set(all(INITIATION).map((asking) => Buffer.from(asking.bytes).toString('hex'))).size).toBe(1);
    expect(early, '60, 120 and then each 200 ms').toBeGreaterThan(8);
    run(2_000_000);
    expect(new Set(all(INITIATION).map((asking) => Buffer.from(asking.bytes).toString('hex'))).size).toBe(2);
    world.dispose();
  });

  test('is not given to a machine that is not paired', () => {
    const { world, box, count, run } = worldOf([{}]);
    box.engine.removePeer(box.session, world.now);
    world.openPath(0);
    run(500_000);
    expect([count(RESPONSE), box.engine.drops.snapshot()['handshake-unknown-peer']! > 0]).toEqual([0, true]);
    world.dispose();
  });

  test('leaves no memory, key or packet behind when a peer is removed with data under way', () => {
    const { world, laptop, run } = worldOf([{}]);
    world.openPath(0);
    run(200_000);
    for (let number = 0; number < 20; number++) laptop.send(1, number, number % 2 === 0 ? 1_400 : 9_000);
    laptop.session.sendControl(new Uint8Array(100), world.now);
    world.settle(laptop);
    laptop.send(2, 0, 400);
    laptop.engine.removePeer(laptop.session, world.now);
    expect(laptop.memory.send.map(({ available }) => available)).toEqual(
      laptop.memory.send.map(({ count }) => count),
    );
    expect([laptop.aead.liveKeys, laptop.session.paths.some((path) => path.isOpen)]).toEqual([0, false]);
    world.dispose();
  });

  test('is not begun again by an answer that comes after the peer was removed', () => {
    const { world, laptop, run } = worldOf([{ delayMicros: 10_000 }]);
    world.openPath(0);
    run(15_000);
    laptop.engine.removePeer(laptop.session, world.now);
    run(100_000);
    expect([laptop.session.isEstablished, laptop.aead.liveKeys]).toEqual([false, 0]);
    world.dispose();
  });
});

describe('another version', () => {
  test('gets a notice that says which one is spoken here', () => {
    const { world, laptop, box, count, last, run } = worldOf([{}], {
      stops: (entry) => entry.type === INITIATION,
    });
    world.openPath(0);
    run(1_000);
    const { world: other, last: sent, run: runOther } = worldOf([{}]);
    other.openPath(0);
    runOther(50_000);
    const message = sent(INITIATION).slice();
    message[1] = 2;
    new InitiationMac(BOX_KEY).sign(message);
    const genuine = Object.getPrototypeOf(box.engine) as SimNode['engine'];
    box.memory.bytes.set(message, box.memory.receiveBase);
    box.memory.words.set([box.memory.receiveBase, message.length, message.length, 0], box.memory.receiveMeta);
    genuine.handleDatagrams.call(box.engine, 0, box.memory.receiveMeta, 1, world.now);
    world.settle(box);
    run(10_000);
    expect(count(VERSION)).toBe(1);
    expect(last(VERSION)[1], 'the version spoken here').toBe(1);
    expect(last(VERSION).slice(4, 8), 'for whom it is').toEqual(message.slice(4, 8));
    expect(laptop.session.isEstablished).toBe(false);
    other.dispose();
    world.dispose();
  });

  test('is told to the driver while no session stands, and to nobody after', () => {
    const { world, laptop, last, run } = worldOf([{}], { stops: (entry) => entry.to.name === 'box' });
    world.openPath(0);
    run(1_000);
    const { attempts } = (
      laptop.engine as unknown as { initiator: { attempts: Map<unknown, { localIndex: number }> } }
    ).initiator;
    const [attempt] = [...attempts.values()];
    const notice = new Uint8Array(16);
    notice.set([VERSION, 7]);
    new DataView(notice.buffer).setUint32(4, attempt!.localIndex);
    world.inject(laptop, 0, 0, notice);
    run(1_000);
    expect(laptop.events).toContainEqual({ kind: 'version-mismatch', peerVersion: 7 });
    expect(last(VERSION)).toEqual(notice);
    world.dispose();
  });
});

describe('under load', () => {
  test('nobody is answered who has not shown that his address is his', () => {
    const { world, box, count, run } = worldOf([{ delayMicros: 1_000 }]);
    const gate = new InitiationMac(BOX_KEY);
    for (let i = 0; i < 30; i++) {
      const flood = new Uint8Array(158).fill(i);
      flood.set([INITIATION, 1]);
      gate.sign(flood);
      world.inject(box, 0, 16, flood);
    }
    run(2_000);
    expect(box.engine.drops.snapshot()).toMatchObject({ 'handshake-invalid': 5, 'handshake-limited': 25 });
    world.openPath(0);
    run(3_900);
    expect(count(COOKIE), 'the honest one is asked for proof').toBe(1);
    expect(count(RESPONSE)).toBe(0);
    run(10_000);
    expect(count(RESPONSE), 'and gives it').toBe(1);
    expect(box.session.isEstablished).toBe(true);
    world.dispose();
  });

  test('one address does not take the share of others', () => {
    const { world, box, run } = worldOf([{}]);
    const gate = new InitiationMac(BOX_KEY);
    for (let i = 0; i < 300; i++) {
      const flood = new Uint8Array(158).fill(i);
      flood.set([INITIATION, 1, 0, 0, i, i >> 8]);
      gate.sign(flood);
      world.inject(box, 0, 16, flood);
    }
    const cookies = cookiesOf(box);
    run(5_000);
    expect(box.engine.drops.snapshot()).toMatchObject({ 'handshake-invalid': 5, 'handshake-limited': 295 });
    expect(cookies(), 'of 300').toBe(11);
    world.dispose();
  });

  /** More initiations than are looked at, from addresses that no path has. */
  function floodBox(world: SimWorld): void {
    const gate = new InitiationMac(BOX_KEY);
    for (let i = 0; i < 1_200; i++) {
      const message = new Uint8Array(158).fill(i);
      message.set([INITIATION, 1, 0, 0, i, i >> 8]);
      gate.sign(message);
      world.inject(world.box, 0, 16 * (1 + (i % 64)), message);
    }
  }

  /** Lets the laptop ask for new keys and time pass, less than it waits before it asks again. */
  function hurry(world: SimWorld): void {
    world.laptop.engine.hurryHandshake(world.now);
    world.settle(world.laptop);
    world.run(world.now + 20_000);
  }

  test('a session that stands renews its keys, whatever comes from elsewhere', () => {
    const { world, box, run } = worldOf([{ delayMicros: 1_000 }]);
    world.openPath(0);
    // Flood and honest initiation fall into one window of counting.
    run(300_000);
    floodBox(world);
    run(2_000);
    hurry(world);
    expect(kinds(box)).toEqual(['established false', 'established true']);
    world.dispose();
  });

  test('a path that was not validated makes its address no better than others', () => {
    const stops = (entry: Heard): boolean => entry.to.name === 'laptop' && entry.type === DATA;
    const { world, box, count, run } = worldOf([{ delayMicros: 1_000 }], { stops });
    world.openPath(0);
    run(300_000);
    expect(box.session.paths.map((path) => path.state)).toEqual(['probing']);
    floodBox(world);
    run(2_000);
    const before = [count(INITIATION), count(RESPONSE)];
    hurry(world);
    expect([count(INITIATION) > before[0]!, count(RESPONSE)]).toEqual([true, before[1]]);
    world.dispose();
  });

  test('beyond a limit nothing is looked at', () => {
    const { world, box, run } = worldOf([{}]);
    const gate = new InitiationMac(BOX_KEY);
    for (let i = 0; i < 1_200; i++) {
      const flood = new Uint8Array(158).fill(i);
      flood.set([INITIATION, 1, 0, 0, i, i >> 8]);
      gate.sign(flood);
      world.inject(box, 0, 16 * (1 + (i % 60)), flood);
    }
    const cookies = cookiesOf(box);
    run(5_000);
    expect(cookies(), 'of 1,200').toBe(395);
    world.dispose();
  });
});

describe('an initiation that somebody repeats', () => {
  test('changes nothing, whether it is the last one or an older one', () => {
    const { world, laptop, box, all, run } = worldOf([{}]);
    world.openPath(0);
    run(100_000);
    laptop.engine.hurryHandshake(world.now);
    world.settle(laptop);
    run(100_000);
    const keys = box.aead.liveKeys;
    const [older, newest] = all(INITIATION).map((asking) => asking.bytes);
    expect(older).not.toEqual(newest);
    for (const asking of [newest!, older!, older!]) world.inject(box, 0, 0, asking);
    for (let number = 0; number < 20; number++) {
      laptop.send(1, number, 300);
      box.send(2, number, 300);
      world.settle(laptop);
      world.settle(box);
      run(5_000);
    }
    expect([box.arrivals.length, laptop.arrivals.length]).toEqual([20, 20]);
    expect(box.aead.liveKeys - keys, 'at most one answer waits').toBeLessThanOrEqual(2);
    expect([...laptop.faults, ...box.faults]).toEqual([]);
    expect(kinds(box), 'no session was begun').toEqual(['established false', 'established true']);
    world.dispose();
  });
});

describe('keys', () => {
  test('are renewed every two minutes without a pause, and old ones go away', () => {
    const { world, laptop, box, run } = worldOf([{}]);
    world.openPath(0);
    run(100_000);
    let number = 0;
    const from = world.now;
    world.run(from + 250_000_000, 50_000, () => void (laptop.send(1, number, 200) && number++));
    run(20_000_000);
    expect(kinds(laptop)).toEqual(['established false', 'established true', 'established true']);
    expect(box.arrivals.length).toBe(number);
    expect([laptop.aead.liveKeys, box.aead.liveKeys], 'one each way').toEqual([2, 2]);
    const delays = box.arrivals.slice(1).map((arrival, i) => arrival.at - box.arrivals[i]!.at);
    expect(Math.max(...delays), 'no packet waited').toBeLessThan(55_000);
    world.dispose();
  });

  test('of a data datagram may be used before its owner is believed, by that datagram itself', () => {
    const { world, box, run } = worldOf([{}], { stops: (entry) => entry.type === DATA });
    world.openPath(0);
    run(100_000);
    expect(box.session.isEstablished, 'an initiation alone proves nothing').toBe(false);
    world.dispose();
  });
});

describe('a box that restarts', () => {
  test('is noticed, and packets that were queued and those that come flow again', () => {
    const links = [{ ...GOOD_LINK }, { ...GOOD_LINK, delayMicros: 2_000 }];
    const { world, laptop, box, run } = worldOf(links);
    world.openPath(0);
    world.openPath(1);
    run(1_500_000);
    let number = 0;
    const send = (): void => void (laptop.send(1, number, 400) && number++);
    world.run(world.now + 50_000, 1_000, send);
    box.isRunning = false;
    world.run(world.now + 20_000, 1_000, send);
    box.restart();
    box.isRunning = true;
    const restartedAt = world.now;
    world.run(world.now + 3_000_000, 1_000, send);
    run(500_000);
    expect([laptop.faults, box.faults]).toEqual([[], []]);
    expect(box.arrivals.length, 'none was lost').toBe(number);
    const back = box.arrivals.find((arrival) => arrival.at > restartedAt)!;
    expect(back.at - restartedAt, 'microseconds').toBeLessThan(1_000_000);
    expect(kinds(laptop)).toEqual(['established false', 'established false']);
    world.dispose();
  });
});

describe('one batch of datagrams from before and after new keys', () => {
  /** Two datagrams as the kernel joins them: equal in length but for the last. */
  function hitWithBoth(world: SimWorld, node: SimNode, first: Uint8Array, second: Uint8Array): void {
    const { memory, engine } = node;
    expect(second.length, 'as the kernel would join them').toBeLessThanOrEqual(first.length);
    memory.bytes.set(first, memory.receiveBase);
    memory.bytes.set(second, memory.receiveBase + first.length);
    memory.words.set([memory.receiveBase, first.length + second.length, first.length, 0], memory.receiveMeta);
    const genuine = Object.getPrototypeOf(engine) as SimNode['engine'];
    genuine.handleDatagrams.call(engine, 0, memory.receiveMeta, 1, world.now);
    world.settle(node);
  }

  /** A world in which a session stands and from then on datagrams to one side are held back. */
  function withheld(side: 'laptop' | 'box') {
    const held: Heard[] = [];
    let isHolding = false;
    const stops = (entry: Heard): boolean => isHolding && entry.to.name === side && held.push(entry) > 0;
    const made = worldOf([{}], { stops });
    made.world.openPath(0);
    made.run(100_000);
    isHolding = true;
    const heldOf = (type: number): Uint8Array => held.filter((entry) => entry.type === type).at(-1)!.bytes;
    return { ...made, held, heldOf };
  }

  test('is opened with the keys of their time, when a response follows data', () => {
    const { world, laptop, box, heldOf, held, run } = withheld('laptop');
    box.send(2, 0, 400);
    world.settle(box);
    run(5_000);
    const data = held.map((entry) => entry.bytes).find((bytes) => bytes[0] === DATA && bytes.length > 400)!;
    box.restart();
    laptop.engine.hurryHandshake(world.now);
    world.settle(laptop);
    run(5_000);
    hitWithBoth(world, laptop, data, heldOf(RESPONSE));
    expect(laptop.arrivals.map((arrival) => arrival.number)).toEqual([0]);
    expect(kinds(laptop)).toEqual(['established false', 'established false']);
    world.dispose();
  });

  test('gives the new session nothing of the old one', () => {
    const { world, laptop, box, held, run, listen } = withheld('box');
    run(1_500_000);
    const old = held.map((entry) => entry.bytes).find((bytes) => bytes[0] === DATA && bytes.length <= 41)!;
    laptop.restart();
    listen(laptop);
    world.openPath(0);
    run(5_000);
    const asking = held
      .map((entry) => entry.bytes)
      .filter((bytes) => bytes[0] === INITIATION)
      .at(-1)!;
    hitWithBoth(world, box, asking, new Uint8Array(0));
    run(5_000);
    const challenge = held.at(-1)!.bytes;
    hitWithBoth(world, box, challenge, old);
    expect(kinds(box), 'the challenge began a new session').toEqual([
      'established false',
      'established false',
    ]);
    expect(box.engine.drops.snapshot()['unknown-session']).toBe(1);
    world.dispose();
  });
});
