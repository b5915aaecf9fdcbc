import { describe, expect, it } from 'vitest';
import {
  decideNotifications,
  initialNotificationState,
  type NotificationEffect,
  type NotificationState,
} from '../../../src-main/notifications/policy.ts';
import { ENGLISH, GERMAN, type Wording } from '../../../src-shared/i18n/wording.ts';
import type { LastSwitch, Status } from '../../../src-shared/model/status.ts';
import { commonStatus, offStatus, protectedStatus } from '../../support/status.ts';

const START = Date.parse('2026-03-01T10:00:00Z');
const SECOND = 1_000;
const MINUTE = 60_000;

describe('a concern', () => {
  it('is told once it has lasted for ten seconds, and not again while it lasts', () => {
    const person = new Person();
    expect(person.sees(unreachableBox())).toEqual([]);
    expect(person.nextAfterMs).toBe(10 * SECOND);
    expect(person.waits(9_999).sees(unreachableBox())).toEqual([]);
    expect(person.waits(1).sees(unreachableBox())).toEqual(['Box not reachable']);
    expect(person.waits(MINUTE).sees(unreachableBox())).toEqual([]);
    expect(person.nextAfterMs).toBe(null);
  });

  it('is told in the language of the moment', () => {
    const person = new Person();
    person.sees(unreachableBox());
    person.wording = GERMAN;
    expect(person.waits(10 * SECOND).sees(unreachableBox())).toEqual(['Box nicht erreichbar']);
  });

  it('that ends within ten seconds is never told', () => {
    const person = new Person();
    person.sees(unreachableBox());
    expect(person.waits(8 * SECOND).sees(protectedStatus())).toEqual([]);
    expect(person.waits(MINUTE).sees(protectedStatus())).toEqual([]);
  });

  it('is withdrawn as soon as it is over', () => {
    const person = new Person();
    person.sees(unreachableBox());
    person.waits(10 * SECOND).sees(unreachableBox());
    expect(person.sees(protectedStatus())).toEqual(['-concern']);
  });

  it('that needs a person is told at once', () => {
    for (const reason of ['no-permission', 'version', 'not-installed'] as const) {
      expect(new Person().sees(noDaemon(reason)), reason).toHaveLength(1);
    }
    expect(new Person().sees(noDaemon('stopped'))).toEqual([]);
  });

  it('that comes and goes between two tries is told once', () => {
    const person = new Person();
    const connecting: Status = { ...commonStatus(), state: 'connecting', attempt: 2 };
    const told: string[] = [];
    for (let round = 0; round < 200; round += 1) {
      told.push(...person.waits(SECOND).sees(unreachableBox()));
      told.push(...person.waits(20 * SECOND).sees(unreachableBox()));
      told.push(...person.waits(SECOND).sees(connecting));
    }
    expect(told).toEqual(['Box not reachable', '-concern']);
  });

  it('that returns after a good time is told again, ten minutes later at the earliest', () => {
    const person = new Person();
    const told: { readonly at: number }[] = [];
    for (let round = 0; round < 100; round += 1) {
      person.waits(SECOND).sees(degraded());
      if (
        person
          .waits(11 * SECOND)
          .sees(degraded())
          .some((effect) => !effect.startsWith('-'))
      ) {
        told.push({ at: person.now });
      }
      person.waits(18 * SECOND).sees(protectedStatus());
    }
    const pauses = told.slice(1).map(({ at }, index) => at - told[index]!.at);
    expect(told.length).toBeGreaterThan(2);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(10 * MINUTE);
  });

  it('gives way to its cause', () => {
    const person = new Person();
    person.sees(degraded());
    expect(person.waits(10 * SECOND).sees(degraded())).toEqual(['Protected, slow']);
    expect(person.sees(unreachableBox())).toEqual(['-concern']);
    expect(person.waits(10 * SECOND).sees(unreachableBox())).toEqual(['Box not reachable']);
  });

  it('is none where nothing is wrong: off, away, connecting, no standby', () => {
    for (const status of [
      offStatus(),
      { ...commonStatus(), state: 'away', reason: 'other-network' } satisfies Status,
      { ...commonStatus(), state: 'connecting', attempt: 1 } satisfies Status,
      protectedStatus({ degraded: [{ kind: 'no-standby' }] }),
    ]) {
      const person = new Person();
      person.sees(status);
      expect(person.waits(MINUTE).sees(status), status.state).toEqual([]);
    }
  });
});

describe('news', () => {
  it('is the first protection of all, once', () => {
    const person = new Person({ wasProtectionTold: false });
    expect(person.sees(offStatus())).toEqual([]);
    expect(person.sees(protectedStatus())).toEqual(['Protected on Ethernet']);
    expect(person.waits(10 * SECOND).sees(protectedStatus())).toEqual(['-news']);
    person.sees(offStatus());
    expect(person.waits(MINUTE).sees(protectedStatus())).toEqual([]);
  });

  it('is a switch, for ten seconds', () => {
    const person = new Person();
    person.sees(protectedStatus());
    const status = switchedAt(person.now);
    expect(person.waits(100).sees(status)).toEqual(['Switched to Wi-Fi']);
    expect(person.nextAfterMs).toBe(9_900);
    expect(person.waits(5 * SECOND).sees(status)).toEqual([]);
    expect(person.waits(4_900).sees(status)).toEqual(['-news']);
  });

  it('is not what is seen in the window, and is withdrawn when the window is shown', () => {
    const person = new Person();
    person.isWindowVisible = true;
    expect(person.sees(switchedAt(person.now))).toEqual([]);
    person.isWindowVisible = false;
    person.waits(2 * MINUTE);
    expect(person.sees(switchedAt(person.now))).toEqual(['Switched to Wi-Fi']);
    person.isWindowVisible = true;
    expect(person.sees(switchedAt(person.now))).toEqual(['-news']);
  });

  it('is not a switch that the user asked for, nor one from before the app began', () => {
    const person = new Person();
    expect(person.sees(switchedAt(person.now, 'user'))).toEqual([]);
    expect(new Person().sees(switchedAt(START - MINUTE))).toEqual([]);
  });

  it('comes at most once a minute', () => {
    const person = new Person();
    const told: string[] = [];
    for (let round = 0; round < 60; round += 1) {
      told.push(...person.waits(2 * SECOND).sees(switchedAt(person.now)));
    }
    expect(told.filter((effect) => effect === 'Switched to Wi-Fi')).toHaveLength(2);
  });
});

/** Somebody at the screen: statuses go in, titles come out; a withdrawal is the key with a minus sign. */
class Person {
  now = START;
  isWindowVisible = false;
  nextAfterMs: number | null = null;
  wording: Wording = ENGLISH;
  #state: NotificationState;

  constructor({ wasProtectionTold = true } = {}) {
    this.#state = initialNotificationState(wasProtectionTold);
  }

  waits(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  sees(status: Status): readonly string[] {
    const { now, isWindowVisible } = this;
    const decision = decideNotifications(this.#state, {
      status,
      now,
      isWindowVisible,
      wording: this.wording,
    });
    this.#state = decision.state;
    this.nextAfterMs = decision.nextAt === null ? null : decision.nextAt - now;
    return decision.effects.map(nameOf);
  }
}

function nameOf(effect: NotificationEffect): string {
  return effect.kind === 'show' ? effect.notification.title : `-${effect.key}`;
}

function unreachableBox(): Status {
  const since = new Date(START).toISOString();
  return { ...commonStatus(), state: 'box-unreachable', since, nextTryAt: null };
}

function noDaemon(reason: 'stopped' | 'not-installed' | 'no-permission' | 'version'): Status {
  return { state: 'unreachable', internet: 'direct', reason };
}

function degraded(): Status {
  return protectedStatus({ degraded: [{ kind: 'loss', link: 'wlan0', lossRatio: 0.06 }] });
}

function switchedAt(at: number, reason: LastSwitch['reason'] = 'carrier-lost'): Status {
  const lastSwitch: LastSwitch = {
    at: new Date(at).toISOString(),
    from: 'eth0',
    to: 'wlan0',
    reason,
    gapMicros: 8300,
    replayedPackets: 0,
  };
  return protectedStatus({ carrying: ['wlan0'], lastSwitch });
}
