import { afterEach, expect, test } from 'vitest';
import { DeadlineTimer, type NativeDeadlineTimer, nowMicros } from '../../../src-native/lib/index.ts';

const timers: NativeDeadlineTimer[] = [];

afterEach(() => {
  for (const timer of timers.splice(0)) timer.close();
});

test('the clock counts whole microseconds and never goes back', () => {
  let last = nowMicros();
  for (let i = 0; i < 1000; i++) {
    const now = nowMicros();
    expect(Number.isInteger(now)).toBe(true);
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
});

test('a timer fires once, not before its deadline', async () => {
  const deadline = nowMicros() + 3000;
  const firedAt = await new Promise<number>((resolve, reject) => {
    let fired = false;
    const timer = makeTimer(() => {
      if (fired) reject(new Error('it fired twice'));
      fired = true;
      resolve(nowMicros());
    });
    timer.set(deadline);
    timer.set(deadline);
  });
  expect(firedAt).toBeGreaterThanOrEqual(deadline);
});

test('a deadline in the past fires in a later turn of the event loop, not inside set()', async () => {
  for (const deadline of [nowMicros() - 1, 1, 0, -5]) {
    let isInside = true;
    await new Promise<void>((resolve, reject) => {
      const timer = makeTimer(() => {
        if (isInside) reject(new Error('it fired inside set()'));
        resolve();
      });
      timer.set(deadline);
      isInside = false;
    });
  }
});

test('an earlier deadline replaces a later one, and the other way round', async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const moved = makeTimer(() => order.push('moved'));
    const fixed = makeTimer(() => order.push('fixed'));
    const last = makeTimer(() => {
      resolve();
    });
    // Far enough ahead that a pause of the process between two of these lines changes nothing.
    const now = nowMicros();
    moved.set(now + 50_000);
    moved.set(now + 60_000_000);
    moved.set(now + 200_000);
    fixed.set(now + 100_000);
    last.set(now + 300_000);
  });
  expect(order).toEqual(['fixed', 'moved']);
});

test('a cleared timer does not fire, not even when it had expired before', async () => {
  let fired = 0;
  const cleared = makeTimer(() => fired++);
  cleared.set(nowMicros() - 1);
  cleared.clear();
  cleared.clear();
  await new Promise<void>((resolve) => {
    makeTimer(resolve).set(nowMicros() + 2000);
  });
  expect(fired).toBe(0);
});

test('a timer that has expired can still be moved by the callback of another', async () => {
  let fired = 0;
  const [first, second] = [makeTimer(() => move(second)), makeTimer(() => move(first))];
  const move = (other: NativeDeadlineTimer): void => {
    fired++;
    other.set(nowMicros() + 60_000_000);
  };
  first.set(1);
  second.set(1);
  await new Promise<void>((resolve) => {
    makeTimer(resolve).set(nowMicros() + 3000);
  });
  expect(fired).toBe(1);
});

test('a timer can be set again from its own callback, and closed there', async () => {
  const count = await new Promise<number>((resolve) => {
    let fired = 0;
    const timer = makeTimer(() => {
      if (++fired < 5) {
        timer.set(1);
        return;
      }
      timer.close();
      resolve(fired);
    });
    timer.set(1);
  });
  expect(count).toBe(5);
});

test('a deadline beyond all years is accepted and does not fire', async () => {
  let fired = 0;
  makeTimer(() => fired++).set(Number.MAX_VALUE);
  await new Promise<void>((resolve) => {
    makeTimer(resolve).set(nowMicros() + 1000);
  });
  expect(fired).toBe(0);
});

test('a closed timer says so', () => {
  const timer = makeTimer(() => undefined);
  timer.set(nowMicros() + 1e6);
  timer.close();
  timer.close();
  expect(() => {
    timer.set(1);
  }).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  expect(() => {
    timer.clear();
  }).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
});

test('what is no finite number is no deadline', () => {
  const timer = makeTimer(() => undefined);
  for (const deadline of [Number.NaN, Infinity, -Infinity]) {
    expect(() => {
      timer.set(deadline);
    }).toThrow(RangeError);
  }
  expect(() => {
    timer.set('soon' as never);
  }).toThrow(TypeError);
});

function makeTimer(onDeadline: () => void): NativeDeadlineTimer {
  const timer = new DeadlineTimer(onDeadline);
  timers.push(timer);
  return timer;
}
