import type { NativeApi, NativeDeadlineTimer } from '../../src-native/lib/types.ts';
import type { BusMessage } from '../dbus/message.ts';
import type { WatchedService } from '../dbus/bus-services.ts';

/** The service that puts laptops to sleep and announces it. */
export const LOGIN = 'org.freedesktop.login1';

export interface SleepWatchOptions {
  /** A clock that runs on during sleep, in microseconds; deadlines are instants of it. */
  readonly now: () => number;
  /** A clock that stands still during sleep, in microseconds. */
  readonly awake: () => number;
  readonly DeadlineTimer: NativeApi['DeadlineTimer'];
  /** The laptop has woken up; how long it slept, as far as the clocks tell. May be told twice of one sleep. */
  readonly onWake: (sleptMicros: number) => void;
}

/**
 * Notices that the laptop was asleep: by the two clocks, which sleep alone drives apart, and where logind runs by its
 * announcement, which comes first. Neither looks at the wall clock, whose steps therefore mean nothing.
 */
export class SleepWatch {
  private readonly options: SleepWatchOptions;
  private readonly timer: NativeDeadlineTimer;
  private asleepMicros: number;

  constructor(options: SleepWatchOptions) {
    this.options = options;
    this.asleepMicros = this.measure();
    // Node's own timers stand still during sleep, so that they would be up to a second late afterwards.
    this.timer = new options.DeadlineTimer(() => this.tick());
    this.tick();
  }

  /** To be called once a second. */
  tick(): void {
    const { now, onWake } = this.options;
    this.timer.set(now() + OVERDUE_MICROS);
    const slept = this.measure() - this.asleepMicros;
    if (slept < SHORTEST_SLEEP_MICROS) return;
    this.asleepMicros += slept;
    onWake(slept);
  }

  /** logind's announcements. */
  get service(): WatchedService {
    return {
      name: LOGIN,
      onUp: () => undefined,
      onDown: () => undefined,
      onSignal: (signal) => this.onSignal(signal),
    };
  }

  close(): void {
    this.timer.close();
  }

  private onSignal({ member, body }: BusMessage): void {
    // True before the sleep, false after it.
    if (member !== 'PrepareForSleep' || body[0] !== false) return;
    const slept = Math.max(0, this.measure() - this.asleepMicros);
    this.asleepMicros += slept;
    this.options.onWake(slept);
  }

  private measure(): number {
    return this.options.now() - this.options.awake();
  }
}

/** Beyond two ticks of an awake laptop, so that it only ever expires during a sleep. */
const OVERDUE_MICROS = 2_500_000;
/** The clocks are read one after the other, which takes microseconds; a sleep this short breaks nothing. */
const SHORTEST_SLEEP_MICROS = 200_000;
