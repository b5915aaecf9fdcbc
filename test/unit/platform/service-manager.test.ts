import { describe, expect, it } from 'vitest';
import { managerSocket, takeHandedOver, watchdogMillis } from '../../../src-platform/service-manager.ts';

const PID = 4711;
const OURS = { LISTEN_PID: '4711', LISTEN_FDS: '1', LISTEN_FDNAMES: 'bowline-gate' };

describe('descriptors of the service manager', () => {
  it.for([
    { what: 'one', environment: OURS, taken: { 'bowline-gate': 3 } },
    {
      what: 'several, in their order',
      environment: { ...OURS, LISTEN_FDS: '3', LISTEN_FDNAMES: 'a:b:c' },
      taken: { a: 3, b: 4, c: 5 },
    },
    {
      what: 'as many as are counted',
      environment: { ...OURS, LISTEN_FDNAMES: 'a:b' },
      taken: { a: 3 },
    },
    { what: 'none for another process', environment: { ...OURS, LISTEN_PID: '4712' }, taken: {} },
    { what: 'none for nobody', environment: { LISTEN_FDS: '1', LISTEN_FDNAMES: 'a' }, taken: {} },
    { what: 'none for a part of the number', environment: { ...OURS, LISTEN_PID: ' 4711' }, taken: {} },
    { what: 'none without a count', environment: { LISTEN_PID: '4711', LISTEN_FDNAMES: 'a' }, taken: {} },
    { what: 'none of no count', environment: { ...OURS, LISTEN_FDS: '-1' }, taken: {} },
    { what: 'none of zero', environment: { ...OURS, LISTEN_FDS: '0' }, taken: {} },
    { what: 'none of a number beyond all', environment: { ...OURS, LISTEN_FDS: '99999' }, taken: {} },
    { what: 'none where nothing is said', environment: {}, taken: {} },
  ])('are taken: $what', ({ environment, taken }) => {
    expect(Object.fromEntries(takeHandedOver({ ...environment }, PID))).toEqual(taken);
  });

  it.each([PID, 1])('are told to nobody after process %i has looked', (pid) => {
    const environment = { ...OURS, NOTIFY_SOCKET: '/run/notify' };
    takeHandedOver(environment, pid);
    expect(environment).toEqual({ NOTIFY_SOCKET: '/run/notify' });
  });
});

describe('signs of life', () => {
  it.for([
    { environment: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '4711' }, millis: 15_000 },
    { environment: { WATCHDOG_USEC: '30000000' }, millis: 15_000 },
    { environment: { WATCHDOG_USEC: '1' }, millis: 1 },
    { environment: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '4712' }, millis: null },
    { environment: { WATCHDOG_USEC: '0' }, millis: null },
    { environment: { WATCHDOG_USEC: 'often' }, millis: null },
    { environment: {}, millis: null },
  ])('are wanted: $environment', ({ environment, millis }) => {
    expect(watchdogMillis(environment, PID)).toBe(millis);
  });
});

describe('the service manager', () => {
  it('is where the environment says, if it does', () => {
    expect([{ NOTIFY_SOCKET: '@a' }, { NOTIFY_SOCKET: '' }, {}].map(managerSocket)).toEqual([
      '@a',
      null,
      null,
    ]);
  });
});
