import { expect, test } from 'vitest';
import { native, type NativeApi } from '../../../src-native/lib/index.ts';
import { createMemory } from '../../support/native/memory.ts';

/** Enough for every function to see every kind of value many times; about a second. */
const ROUNDS = 30_000;

const memory = createMemory(4 * 1024 * 1024);
const outside = memory.sizeBytes;

/** Arguments from the plausible to the absurd; the arena's ends are where off-by-one errors live. */
const VALUES: readonly unknown[] = [
  ...[0, 1, 2, 3, 4, 6, 16, 17, 31, 32, 33, 64, 100, 1024, 65_535, 65_536, 65_545, 65_600],
  ...[outside, outside - 1, outside - 16, outside - 32, outside - 65_536, outside + 1].flatMap((n) => [
    n,
    n / 4,
  ]),
  ...[-1, -2, -16, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 + 5, 2 ** 53, 1e300],
  ...[0.5, -0, Number.NaN, Infinity, -Infinity],
  ...[
    undefined,
    null,
    true,
    false,
    '',
    'lo',
    '127.0.0.1',
    '::1',
    'fe80::1',
    'x'.repeat(5000),
    'a\0b',
    '\ud800',
  ],
  ...[Symbol('s'), 10n, [], [1, 2], {}, new Date(0), /x/, new Map(), new Proxy({}, {})],
  ...[
    new Uint8Array(32),
    new Uint8Array(12),
    new Uint8Array(0),
    new Float64Array(4),
    new DataView(new ArrayBuffer(8)),
  ],
  ...[
    () => undefined,
    detached(),
    {
      get family(): never {
        throw new Error('getter');
      },
    },
  ],
  ...[
    { groups: ['link', 7] },
    { groups: { length: 1e9 } },
    { groups: ['link'] },
    { groups: Array(100).fill('link') },
  ],
  ...[
    { family: 4, localPort: 0 },
    { family: 6, localPort: -1 },
    { family: '4' },
    { family: 6, localAddress: '1.1.1.1' },
  ],
  ...[
    { family: 4, localPort: 0, device: 'no-such-device' },
    { family: 6, scopeId: -5, localPort: 0, dualStack: true },
  ],
  ...[{ name: 'a/b' }, { name: '' + 'y'.repeat(99) }, { name: 5 }, { name: 'lo' }],
];

const FUNCTIONS = [
  'createArena',
  'nowMicros',
  'addressIntern',
  'addressDescribe',
  'addressSource',
  'addressPin',
  'addressUnpin',
  'keyAdd',
  'keyDrop',
  'hasAesHardware',
  'seal',
  'open',
  'carrierUp',
  'cgroupMarkSet',
  'cgroupMarkClear',
  'executableOf',
  'peerCredentials',
  'adoptExecGroup',
  'sdNotify',
  'sdBarrier',
  'useTimeSlice',
  'inetSockets',
  'hostRule',
] as const satisfies readonly (keyof NativeApi)[];

type Constructor = new (...args: unknown[]) => { close(): void };

/** Those that take a right need one of their own; without it there is only their constructor to try. */
const PRIVILEGED = [native.ProcessStarts, native.ExecGate, native.NameTap] as unknown as Constructor[];
/** Where control groups are not mounted there is nothing to open it with. */
const METER = native.DatagramMeter as unknown as Constructor;
const CLASSES = [
  ...([native.DeadlineTimer, native.UdpSocket, native.Netlink, native.Tun] as unknown as Constructor[]),
  ...PRIVILEGED,
  METER,
];
const isRoot = process.getuid!() === 0;

test('every function and method of the addon is tried', () => {
  const classes = CLASSES.map(({ name }) => name);
  expect(Object.keys(native).sort()).toEqual([...FUNCTIONS, ...classes].sort());
});

test('no arguments and no descriptors bring the process down', () => {
  const seed = Number(process.env['BOWLINE_SEED'] ?? Date.now() % 2 ** 31);
  const random = makeRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const values = () => Array.from({ length: Math.floor(random() * 6) }, () => pick(VALUES));
  const key = new Uint8Array(32);
  const slots = [native.keyAdd(1, key, key.subarray(20)), native.keyAdd(2, key, key.subarray(20))];
  const objects: Record<string, (...args: unknown[]) => unknown>[] = [];
  const fresh = () => [
    new native.DeadlineTimer(() => undefined),
    new native.UdpSocket({ family: 4, localPort: 0 }),
    new native.UdpSocket({ family: 6, localPort: 0, dualStack: true, packetInfo: true }),
    new native.Netlink({ groups: ['link'] }),
    ...(isRoot ? PRIVILEGED.map((made) => new made(1)) : []),
  ];
  let thrown = 0;
  let returned = 0;
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 500 === 0) {
      objects.forEach((object) => object['close']!());
      objects.length = 0;
      objects.push(...(fresh() as never[]));
    }
    // Descriptors are as hostile as arguments: every word that is read comes from here.
    for (let i = 0; i < 16; i++) {
      const value = random() < 0.2 ? pick(slots) : pick(VALUES);
      memory.words[Math.floor(random() * 200)] =
        typeof value === 'number' ? value : Math.floor(random() * 2000);
    }
    const args = values();
    try {
      const kind = random();
      if (kind < 0.45) {
        (native[pick(FUNCTIONS)] as (...args: unknown[]) => unknown)(...args);
      } else if (kind < 0.5) {
        const made = new (pick(CLASSES))(...args);
        made.close();
      } else {
        const object = pick(objects);
        const prototype = Object.getPrototypeOf(pick(objects)) as object;
        const name = pick(Object.getOwnPropertyNames(prototype));
        if (random() < 0.1) {
          // A method or getter of one class on an object of another, or on no object of ours.
          Reflect.apply(
            (Object.getOwnPropertyDescriptor(prototype, name)?.get ??
              (prototype as Record<string, unknown>)[name]) as () => unknown,
            pick([object, {}, undefined, native, Object.create(object)]),
            args,
          );
        } else if (typeof object[name] === 'function' && name !== 'constructor') {
          object[name](...args);
        }
      }
      returned++;
    } catch (error) {
      expect(error, `seed ${seed}, round ${round}`).toBeInstanceOf(Error);
      thrown++;
    }
  }
  objects.forEach((object) => object['close']!());
  expect(thrown, `seed ${seed}`).toBeGreaterThan(ROUNDS / 10);
  expect(returned, `seed ${seed}`).toBeGreaterThan(ROUNDS / 10);
});

test('classes are called with new and keep their methods to themselves', () => {
  const { UdpSocket, DeadlineTimer } = native as unknown as Record<string, (options: unknown) => unknown>;
  expect(() => UdpSocket!({ family: 4, localPort: 0 })).toThrow(TypeError);
  expect(() => UdpSocket!.call({}, { family: 4, localPort: 0 })).toThrow(TypeError);
  const timer = new native.DeadlineTimer(() => undefined);
  expect(() => DeadlineTimer!.call(timer, () => undefined)).toThrow(TypeError);
  const socketPrototype = native.UdpSocket.prototype as Record<string, () => void>;
  expect(() => {
    socketPrototype['close']!.call(timer);
  }).toThrow(TypeError);
  const port = Object.getOwnPropertyDescriptor(socketPrototype, 'localPort');
  expect(() => port!.get!.call(timer) as unknown).toThrow(TypeError);
  timer.close();
});

/** A view of memory that is gone. */
function detached(): Uint8Array {
  const view = new Uint8Array(32);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** Small and repeatable (mulberry32): a failing seed can be run again with BOWLINE_SEED. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
