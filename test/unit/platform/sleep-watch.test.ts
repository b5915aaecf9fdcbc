import { describe, expect, it } from 'vitest';
import type { BusMessage } from '../../../src-platform/dbus/message.ts';
import { SleepWatch } from '../../../src-platform/clock/sleep-watch.ts';

describe('a sleep', () => {
  it('is noticed by the clock that stood still, at the first chance', () => {
    const laptop = new Laptop();
    laptop.run(1_000_000);
    laptop.sleep(8 * 3_600_000_000);
    laptop.deadline();
    laptop.run(1_000_000);
    laptop.watch.tick();
    expect(laptop.woken).toEqual([8 * 3_600_000_000]);
  });

  it('is none while the laptop is merely busy', () => {
    const laptop = new Laptop();
    laptop.run(60_000_000);
    laptop.deadline();
    expect(laptop.woken).toEqual([]);
  });

  it('has a deadline set for its end, which an awake laptop never meets', () => {
    const laptop = new Laptop();
    laptop.run(1_000_000);
    laptop.watch.tick();
    expect(laptop.deadlineAt - laptop.now).toBeGreaterThan(1_000_000);
    expect(laptop.deadlineAt - laptop.now).toBeLessThan(5_000_000);
  });

  it('is over when logind says so, even where no clock shows it', () => {
    const laptop = new Laptop();
    laptop.login('PrepareForSleep', true);
    expect(laptop.woken).toEqual([]);
    laptop.login('PrepareForSleep', false);
    laptop.login('SessionNew', false);
    expect(laptop.woken).toEqual([0]);
  });

  it('that logind has announced is not told a second time by the clocks', () => {
    const laptop = new Laptop();
    laptop.sleep(5_000_000);
    laptop.login('PrepareForSleep', false);
    laptop.deadline();
    expect(laptop.woken).toEqual([5_000_000]);
  });
});

/** Two clocks, a timer, and what was told. */
class Laptop {
  now = 5_000_000_000;
  awake = 4_000_000_000;
  deadlineAt = Infinity;
  readonly woken: number[] = [];
  readonly watch: SleepWatch;
  onDeadline: () => void = () => undefined;

  constructor() {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const laptop = this;
    this.watch = new SleepWatch({
      now: () => this.now,
      awake: () => this.awake,
      DeadlineTimer: class {
        constructor(onDeadline: () => void) {
          laptop.onDeadline = onDeadline;
        }
        set(deadlineMicros: number): void {
          laptop.deadlineAt = deadlineMicros;
        }
        clear(): void {
          laptop.deadlineAt = Infinity;
        }
        close(): void {
          this.clear();
        }
      },
      onWake: (slept) => void this.woken.push(slept),
    });
  }

  run(micros: number): void {
    this.now += micros;
    this.awake += micros;
  }

  sleep(micros: number): void {
    this.now += micros;
  }

  deadline(): void {
    this.onDeadline();
  }

  login(member: string, isBeginning: boolean): void {
    this.watch.service.onSignal({ kind: 'signal', member, body: [isBeginning] } as unknown as BusMessage);
  }
}
