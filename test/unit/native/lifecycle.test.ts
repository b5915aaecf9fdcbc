import type * as fs from 'node:fs';
import type * as workers from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import {
  createArena,
  DeadlineTimer,
  type NativeApi,
  type NativeNetlink,
  type NativeUdpSocket,
  Netlink,
  UdpSocket,
} from '../../../src-native/lib/index.ts';
import { type ChildTools, runChild } from '../../support/native/child.ts';

const CLEAN_END = { status: 0, signal: null, stderr: '' };

test('a second arena is refused', () => {
  expect(() => createArena(4095)).toThrow(RangeError);
  expect(() => createArena(2 ** 31)).toThrow(RangeError);
  expect(createArena(8192).byteLength).toBe(8192);
  expect(() => createArena(8192)).toThrow(expect.objectContaining({ code: 'ERR_ARENA_EXISTS' }));
});

test('calls that need the arena say so when there is none', async () => {
  const child = await runChild((native, _, { print }) => {
    const attempts = [
      () => {
        native.seal(0, 0);
      },
      () => native.open(0, 0),
      () => new native.UdpSocket({ family: 4, localPort: 0 }).receive(0, 65_536, 1, 0),
    ];
    for (const attempt of attempts) {
      try {
        attempt();
      } catch (error) {
        print((error as { code: string }).code);
      }
    }
  }, null);
  expect(child).toMatchObject({ ...CLEAN_END, stdout: 'ERR_NO_ARENA\n'.repeat(3) });
});

describe('closing', () => {
  test.each<{ name: string; make: () => { close(): void }; uses: readonly string[] }>([
    {
      name: 'a socket',
      make: () => new UdpSocket({ family: 4, localPort: 0 }),
      uses: ['receive', 'send', 'takeErrors', 'startPolling', 'onceWritable'],
    },
    { name: 'netlink', make: () => new Netlink({ groups: [] }), uses: ['read', 'dump', 'startPolling'] },
    { name: 'a timer', make: () => new DeadlineTimer(() => undefined), uses: ['clear'] },
  ])('$name may be closed twice and is of no use afterwards', ({ make, uses }) => {
    const object = make() as { close(): void } & Record<string, (...args: unknown[]) => void>;
    object.close();
    object.close();
    for (const use of uses) {
      expect(() => {
        object[use]!(() => undefined);
      }, use).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    }
    object['stopPolling']?.();
  });

  test('everything may close itself and the others inside a callback, and the process then ends', async () => {
    const child = await runChild((native, _, { print }) => {
      const netlink = new native.Netlink({ groups: ['link'] });
      const receiver = new native.UdpSocket({ family: 4, localAddress: '127.0.0.1', localPort: 0 });
      const sender = new native.UdpSocket({ family: 4, localAddress: '127.0.0.1', localPort: 0 });
      const words = new Int32Array(native.createArena(65_536));
      words.set([1024, 10, native.addressIntern('127.0.0.1', receiver.localPort), 0], 0);
      netlink.startPolling(() => undefined);
      const timer = new native.DeadlineTimer(() => {
        timer.close();
        netlink.close();
        sender.onceWritable(() => {
          sender.send(0, 1, 100);
          sender.close();
        });
      });
      receiver.startPolling(() => {
        receiver.close();
        receiver.close();
        print('received');
      });
      timer.set(1);
    }, null);
    expect(child).toMatchObject({ ...CLEAN_END, stdout: 'received\n' });
  });
});

describe('the end of a process', () => {
  test('a timer that is not set and objects that are not polled keep no process alive', async () => {
    const child = await runChild((native) => {
      const timer = new native.DeadlineTimer(() => undefined);
      timer.set(native.nowMicros() + 60e6);
      timer.clear();
      for (const polled of [
        new native.UdpSocket({ family: 6, localPort: 0 }),
        new native.Netlink({ groups: [] }),
      ]) {
        polled.startPolling(() => undefined);
        polled.stopPolling();
      }
    }, null);
    expect(child).toMatchObject(CLEAN_END);
  });

  test('open polls survive process.exit(), also from inside a callback', async () => {
    const child = await runChild((native) => {
      new native.UdpSocket({ family: 4, localPort: 0 }).startPolling(() => undefined);
      new native.Netlink({ groups: ['link'] }).startPolling(() => undefined);
      new native.DeadlineTimer(() => process.exit(7)).set(1);
    }, null);
    expect(child).toMatchObject({ ...CLEAN_END, status: 7 });
  });

  test('an exception in a callback is an uncaught exception like any other', async () => {
    const unhandled = await runChild((native) => {
      new native.DeadlineTimer(() => {
        throw new Error('from the callback');
      }).set(1);
    }, null);
    expect(unhandled.status).toBe(1);
    expect(unhandled.stderr).toContain('from the callback');

    const handled = await runChild((native, _, { print }) => {
      process.once('uncaughtException', (error) => {
        print(error.message);
      });
      new native.DeadlineTimer(() => {
        throw new Error('from the callback');
      }).set(1);
    }, null);
    expect(handled).toMatchObject({ ...CLEAN_END, stdout: 'from the callback\n' });
  });

  test('promises made in a callback run on before the next one', async () => {
    const child = await runChild((native, _, { print }) => {
      const order: string[] = [];
      new native.DeadlineTimer(() => {
        void Promise.resolve().then(() => order.push('promise'));
      }).set(1);
      new native.DeadlineTimer(() => {
        order.push('second');
        print(order.join(' '));
      }).set(native.nowMicros() + 3000);
    }, null);
    expect(child).toMatchObject({ ...CLEAN_END, stdout: 'promise second\n' });
  });
});

describe('garbage', () => {
  test('objects that were forgotten close themselves', async () => {
    const child = await runChild(
      async (native, _, { print, require }) => {
        const { readdirSync } = require('node:fs') as typeof fs;
        const { gc } = globalThis as unknown as { gc: () => void };
        const descriptors = () => readdirSync('/proc/self/fd').length;
        const turn = () =>
          new Promise((resolve) => {
            setImmediate(resolve);
          });
        const make = () => {
          for (let i = 0; i < 200; i++) {
            new native.UdpSocket({ family: 6, localPort: 0 });
            new native.Netlink({ groups: [] });
            new native.DeadlineTimer(() => undefined);
            const polled = new native.UdpSocket({ family: 4, localPort: 0 });
            polled.startPolling(() => undefined);
            polled.stopPolling();
          }
        };
        const before = descriptors();
        make();
        const full = descriptors();
        for (let i = 0; i < 20 && descriptors() > before + 8; i++) {
          gc();
          await turn();
        }
        print(`${full - before >= 800} ${descriptors() - before <= 8}`);
      },
      null,
      ['--expose-gc'],
    );
    expect(child).toMatchObject({ ...CLEAN_END, stdout: 'true true\n' });
  });

  test('an object that is polled or set is not garbage', async () => {
    const child = await runChild(
      async (native, _, { print }) => {
        const { gc } = globalThis as unknown as { gc: () => void };
        const words = new Int32Array(native.createArena(65_536));
        const port = await new Promise<number>((resolve) => {
          const receiver = new native.UdpSocket({ family: 4, localAddress: '127.0.0.1', localPort: 0 });
          receiver.startPolling(() => {
            print('still here');
            process.exit(0);
          });
          resolve(receiver.localPort);
        });
        for (let i = 0; i < 5; i++) {
          gc();
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
        (() => {
          new native.DeadlineTimer(() => {
            words.set([1024, 10, native.addressIntern('127.0.0.1', port), 0], 0);
            new native.UdpSocket({ family: 4, localPort: 0 }).send(0, 1, 100);
          }).set(native.nowMicros() + 2000);
        })();
        gc();
      },
      null,
      ['--expose-gc'],
    );
    expect(child).toMatchObject({ ...CLEAN_END, stdout: 'still here\n' });
  });

  test('what is polled stays, and goes when it is stopped or closed', async () => {
    const child = await runChild(
      async (native, _, { print }) => {
        const { gc } = globalThis as unknown as { gc: () => void };
        type Polled = NativeUdpSocket | NativeNetlink;
        const poll = (end: (object: Polled) => void) =>
          [new native.UdpSocket({ family: 4, localPort: 0 }), new native.Netlink({ groups: [] })].map(
            (object) => {
              object.startPolling(() => undefined);
              end(object);
              return new WeakRef(object);
            },
          );
        const references = [
          poll(() => undefined),
          poll((object) => {
            object.stopPolling();
          }),
          poll((object) => {
            object.close();
          }),
        ];
        for (let i = 0; i < 10; i++) {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
          gc();
        }
        print(JSON.stringify(references.map((list) => list.map((one) => one.deref() !== undefined))));
        process.exit(0);
      },
      null,
      ['--expose-gc'],
    );
    const [polled, stopped, closed] = [
      [true, true],
      [false, false],
      [false, false],
    ];
    expect(child).toMatchObject({ ...CLEAN_END, stdout: `${JSON.stringify([polled, stopped, closed])}\n` });
  });
});

describe('worker threads', () => {
  test.each([
    { end: 'terminated', last: '' },
    { end: 'leaving by itself', last: 'process.exit(0)' },
    { end: 'leaving from a callback', last: 'new native.DeadlineTimer(() => process.exit(0)).set(1)' },
  ])('a worker with everything open, $end, takes nobody with it', async ({ end, last }) => {
    const child = await runChild(runWorkers, { last, isTerminated: end === 'terminated' });
    expect(child).toMatchObject({ ...CLEAN_END, stdout: '5 workers\n' });
  });
});

/** Starts and ends workers that each have an arena of their own. Runs in the child. */
async function runWorkers(
  _native: NativeApi,
  { last, isTerminated }: { last: string; isTerminated: boolean },
  { require, addonFile, print }: ChildTools,
): Promise<void> {
  const { Worker } = require('node:worker_threads') as typeof workers;
  const source = `
    const native = require(${JSON.stringify(addonFile)});
    native.createArena(65536);
    native.keyAdd(1, new Uint8Array(32), new Uint8Array(12));
    new native.UdpSocket({ family: 4, localPort: 0 }).startPolling(() => undefined);
    new native.UdpSocket({ family: 4, localPort: 0 }).onceWritable(() => undefined);
    new native.Netlink({ groups: ['link'] }).startPolling(() => undefined);
    const timer = new native.DeadlineTimer(() => undefined);
    timer.set(native.nowMicros() + 60e6);
    const closed = new native.UdpSocket({ family: 4, localPort: 0 });
    closed.startPolling(() => undefined);
    require('node:worker_threads').parentPort.postMessage('open');
    closed.close();
    ${last}`;
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(source, { eval: true, execArgv: [] });
    const exited = new Promise((resolve) => {
      worker.once('exit', resolve);
    });
    await new Promise((resolve) => {
      worker.once('message', resolve);
    });
    if (isTerminated) await worker.terminate();
    await exited;
  }
  print('5 workers');
}
