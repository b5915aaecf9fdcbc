import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
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
