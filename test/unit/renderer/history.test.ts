import { describe, expect, it } from 'vitest';
import { lineColumns, stackedColumns } from '../../../src-renderer/features/graphs/graph-data.ts';
import { History, HISTORY_SECONDS } from '../../../src-renderer/store/history.ts';
import { linkStatus } from '../../support/status.ts';

describe('the history of the last minutes', () => {
  it('does not grow beyond its minutes, and forgets links that are long gone', () => {
    const history = new History();
    history.record(0, [linkStatus('usb0')]);
    for (let second = 1; second <= 3 * HISTORY_SECONDS; second++)
      history.record(second, [linkStatus('eth0')]);
    expect(history.times).toHaveLength(HISTORY_SECONDS);
    expect(history.linkNames).toEqual(['eth0']);
    expect(history.link('eth0')?.rttMicros).toHaveLength(HISTORY_SECONDS);
  });

  it('has a gap where a link was lost, not a zero', () => {
    const history = new History();
    history.record(1, [linkStatus('eth0', { rxBitsPerSecond: 5 })]);
    history.record(2, [linkStatus('eth0', { state: 'lost' })]);
    expect(lineColumns(history, ['eth0'], 'downBitsPerSecond')).toEqual([
      [1, 2],
      [5, null],
    ]);
  });

  it('is stacked to the sum of all links', () => {
    const history = new History();
    history.record(1, [
      linkStatus('eth0', { rxBitsPerSecond: 5 }),
      linkStatus('wlan0', { rxBitsPerSecond: 3 }),
    ]);
    expect(stackedColumns(history, ['eth0', 'wlan0'], 'downBitsPerSecond')).toEqual([[1], [5], [8]]);
  });
});
