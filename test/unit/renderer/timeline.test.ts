import { describe, expect, it } from 'vitest';
import { bandsOf } from '../../../src-renderer/features/timeline/bands.ts';
import { withoutEffects } from '../../../src-renderer/features/timeline/causes.ts';
import type { TimelineEntry } from '../../../src-shared/model/timeline.ts';
import { linkStatus } from '../../support/status.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
const link = (seconds: number, name: string, state: 'carrying' | 'standby' | 'lost'): TimelineEntry => ({
  kind: 'link',
  at: at(seconds),
  link: name,
  state,
});
const change: TimelineEntry = {
  kind: 'switch',
  at: at(50),
  from: 'eth0',
  to: 'wlan0',
  reason: 'carrier-lost',
  gapMicros: 9_000,
  replayedPackets: 7,
};

describe('the bands of the timeline', () => {
  it('are cut where a link changed, and unknown before its first change', () => {
    const entries = [link(25, 'eth0', 'carrying'), link(75, 'eth0', 'lost')];
    expect(bandsOf(entries, [linkStatus('eth0', { state: 'lost' })], 0, 100_000)).toEqual([
      {
        link: 'eth0',
        stretches: [
          { from: 0, to: 0.25, state: null },
          { from: 0.25, to: 0.75, state: 'carrying' },
          { from: 0.75, to: 1, state: 'lost' },
        ],
      },
    ]);
  });

  it('show what a link is now where nothing changed', () => {
    expect(bandsOf([], [linkStatus('wlan0')], 0, 100_000)[0]?.stretches).toEqual([
      { from: 0, to: 1, state: 'standby' },
    ]);
  });

  it('leave out links that are not used and keep those that are gone', () => {
    const links = [linkStatus('docker0', { state: 'ignored' }), linkStatus('eth0')];
    const bands = bandsOf([link(10, 'usb0', 'carrying')], links, 0, 100_000);
    expect(bands.map((band) => band.link)).toEqual(['eth0', 'usb0']);
  });
});

describe('the list of events', () => {
  it('does not repeat what a switch says, and keeps what it does not', () => {
    const before = link(10, 'wlan0', 'standby');
    const other = link(50, 'usb0', 'lost');
    const entries = [before, change, link(50, 'eth0', 'lost'), link(51, 'wlan0', 'carrying'), other];
    expect(withoutEffects(entries)).toEqual([before, change, other]);
  });
});
