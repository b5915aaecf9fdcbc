import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WindowModel } from '../../../src-renderer/store/window-model.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { linkModel, linkStatus, protectedStatus } from '../../support/status.ts';
import { FakeBridge } from '../../view/fake-bridge.ts';

const HOUR_SECONDS = 3_600;
const STATUSES_PER_SECOND = 4;

/** The heap differs by this between two collections of the same; a leak of one number a status would be 2.6 MB. */
const NOISE_BYTES = 1_000_000;

describe('the state of a window', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('does not grow over a day of four statuses a second', () => {
    vi.useFakeTimers();
    const bridge = new FakeBridge();
    const model = new WindowModel(bridge, () => Date.now());
    const stop = model.start();
    let told = 0;
    const play = (hours: number): void => {
      for (let second = 0; second < hours * HOUR_SECONDS; second++) {
        // As it comes over the wire: every status is an object of its own.
        for (let turn = 0; turn < STATUSES_PER_SECOND; turn++) bridge.tell(statusNumber(told++));
        vi.advanceTimersByTime(1_000);
      }
    };
    play(1);
    const afterAnHour = heapBytes();
    play(23);
    expect(heapBytes() - afterAnHour).toBeLessThan(NOISE_BYTES);
    expect(told).toBe(24 * HOUR_SECONDS * STATUSES_PER_SECOND);
    stop();
  }, 120_000);
});

describe('what the window draws', () => {
  const measured = (bitsPerSecond: number): DaemonStatus =>
    protectedStatus({ links: [linkStatus('eth0', { state: 'carrying', rxBitsPerSecond: bitsPerSecond })] });
  const rateShown = (model: WindowModel): number => {
    const { status } = model.store.get();
    return status === null || status.state === 'unreachable' ? -1 : (status.links[0]?.rxBitsPerSecond ?? -1);
  };
  const page = { hidden: false };
  let bridge: FakeBridge;
  let model: WindowModel;
  let stop: () => void;
  let drawn: number;
  beforeEach(() => {
    vi.useFakeTimers();
    page.hidden = false;
    bridge = new FakeBridge();
    model = new WindowModel(bridge, () => Date.now(), page);
    stop = model.start();
    bridge.tell(measured(1));
    drawn = 0;
    model.store.subscribe(() => (drawn += 1));
    model.history.subscribe(() => (drawn += 1));
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  it('is new measures once a second, the last ones, and what happened at once', () => {
    for (const rate of [2, 3, 4]) bridge.tell(measured(rate));
    expect([rateShown(model), drawn]).toEqual([1, 0]);
    vi.advanceTimersByTime(1_000);
    expect([rateShown(model), drawn]).toEqual([4, 2]);
    expect(model.history.link('eth0')?.downBitsPerSecond).toEqual([4]);
    bridge.tell({ ...measured(5), carrying: ['wlan0'] });
    expect([rateShown(model), drawn]).toEqual([5, 3]);
  });

  it('is an answer to what was asked for at once, though only measures are new', () => {
    model.setWanted(true);
    bridge.tell(measured(2));
    expect(rateShown(model)).toBe(2);
    expect(model.store.get().intents.wanted).toBe(null);
  });

  it('is no measure while nobody sees it, and all that was missed afterwards', () => {
    page.hidden = true;
    for (const rate of [2, 3]) {
      bridge.tell(measured(rate));
      vi.advanceTimersByTime(1_000);
    }
    expect([rateShown(model), drawn]).toEqual([1, 0]);
    bridge.tell({ ...measured(4), carrying: [] });
    expect(rateShown(model), 'what happened stands in the title of the page').toBe(4);
    bridge.tell({ ...measured(5), carrying: [] });
    page.hidden = false;
    model.showMeasures();
    expect(rateShown(model)).toBe(5);
    expect(model.history.link('eth0')?.downBitsPerSecond).toEqual([2, 3]);
  });
});

function statusNumber(count: number): DaemonStatus {
  const links = ['eth0', 'wlan0'].map((name) =>
    linkStatus(name, { rxBitsPerSecond: count, rttMicros: 400 + (count % 7), model: linkModel() }),
  );
  const at = new Date(1.8e12 + count * 250).toISOString();
  const lastSwitch = {
    at,
    from: 'eth0',
    to: 'wlan0',
    reason: 'silent',
    gapMicros: count,
    replayedPackets: 1,
  } as const;
  return protectedStatus({ links, lastSwitch, timelineLength: Math.floor(count / 40) });
}

/** What lives on the heap after everything else was collected. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
