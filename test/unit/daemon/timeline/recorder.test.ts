import { beforeEach, describe, expect, it } from 'vitest';
import { TimelineRecorder, type Observation } from '../../../../src-daemon/timeline/recorder.ts';
import type { LinkState } from '../../../../src-shared/model/link.ts';
import type { TimelineEntry } from '../../../../src-shared/model/timeline.ts';

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;

let recorder: TimelineRecorder;
let now: number;

beforeEach(() => {
  recorder = new TimelineRecorder();
  now = 5 * MINUTE;
});

describe('what becomes an entry of the timeline', () => {
  it('is the first status, and each change of it once', () => {
    expect(observe({ eth0: 'carrying', wlan0: 'standby' })).toEqual([
      'protected tunnelled',
      'eth0 carrying',
      'wlan0 standby',
    ]);
    expect(observe({ eth0: 'carrying', wlan0: 'standby' })).toEqual([]);
    expect(observe({ eth0: 'lost', wlan0: 'carrying' })).toEqual(['eth0 lost', 'wlan0 carrying']);
  });

  it('is a change of where traffic goes, too', () => {
    observe({});
    expect(observe({}, { state: 'connecting', internet: 'none' })).toEqual(['connecting none']);
    expect(observe({}, { state: 'connecting', internet: 'direct' })).toEqual(['connecting direct']);
  });

  it('is the end of a link whose device is gone, once', () => {
    observe({ eth0: 'carrying' });
    expect(observe({})).toEqual(['eth0 lost']);
    expect(observe({})).toEqual([]);
    expect(observe({ eth0: 'standby' })).toEqual(['eth0 standby']);
  });

  it('is nothing of links that never did anything', () => {
    expect(observe({ eth0: 'lost', docker0: 'ignored' })).toEqual(['protected tunnelled']);
    expect(observe({ docker0: 'ignored' })).toEqual([]);
  });

  it('is a suspicion that lasts, not a pause of a busy machine', () => {
    observe({ eth0: 'carrying' });
    expect(observe({ eth0: 'suspect' })).toEqual([]);
    now += 0.9 * SECOND;
    expect(observe({ eth0: 'carrying' })).toEqual([]);
    expect(observe({ eth0: 'suspect' })).toEqual([]);
    now += SECOND;
    expect(observe({ eth0: 'suspect' })).toEqual(['eth0 suspect']);
  });

  it('is nothing of links while protection is off, and their states anew when it is on again', () => {
    observe({ eth0: 'carrying' });
    expect(observe({ eth0: 'lost' }, { state: 'off', internet: 'direct' })).toEqual(['off direct']);
    expect(observe({ eth0: 'carrying' })).toEqual(['protected tunnelled', 'eth0 carrying']);
  });

  it('is the end of it all when the daemon stops in order', () => {
    observe({ eth0: 'carrying' });
    expect(words(recorder.end(at()))).toEqual(['off direct']);
    expect(words(recorder.end(at())), 'once').toEqual([]);
  });

  it('is each switch, as the status shows it', () => {
    const happened = {
      at: at(),
      from: 'eth0',
      to: 'wlan0',
      reason: 'carrier-lost',
      gapMicros: 8_300,
      replayedPackets: 7,
    } as const;
    expect(recorder.noteSwitch(happened, now)).toEqual([{ kind: 'switch', ...happened }]);
  });
});

describe('a link that flaps all day', () => {
  it('is told of often, then once a minute, and what is written last is how it is', () => {
    observe({ eth0: 'standby' });
    const written: string[] = [];
    for (let second = 0; second < 600; second++) {
      now += SECOND;
      written.push(...observe({ eth0: second % 2 === 0 ? 'lost' : 'standby' }));
    }
    expect(written.length).toBeGreaterThan(20);
    expect(written.length).toBeLessThan(32);
    const final: LinkState = written.at(-1) === 'eth0 lost' ? 'standby' : 'lost';
    now += MINUTE;
    expect(observe({ eth0: final })).toEqual([`eth0 ${final}`]);
  });

  it('costs other links nothing', () => {
    observe({ eth0: 'standby', wlan0: 'standby' });
    for (let i = 0; i < 100; i++) observe({ eth0: i % 2 === 0 ? 'lost' : 'standby', wlan0: 'standby' });
    expect(observe({ eth0: 'standby', wlan0: 'lost' })).toContain('wlan0 lost');
  });

  it('does not begin anew when its device comes and goes', () => {
    let count = 0;
    for (let i = 0; i < 200; i++) count += observe(i % 2 === 0 ? { usb0: 'standby' } : {}).length;
    expect(count).toBeLessThan(25);
  });

  it('that switches all the time fills no disk by that either', () => {
    const happened = { at: at(), from: 'eth0', to: 'wlan0', gapMicros: 1, replayedPackets: 0 };
    let count = 0;
    for (let i = 0; i < 200; i++) count += recorder.noteSwitch({ ...happened, reason: 'silent' }, now).length;
    expect(count).toBe(20);
  });
});

function observe(
  links: Readonly<Record<string, LinkState>>,
  connection: Pick<Observation, 'state' | 'internet'> = { state: 'protected', internet: 'tunnelled' },
): readonly string[] {
  const listed = Object.entries(links).map(([name, state]) => ({ name, state }));
  return words(recorder.observe({ ...connection, links: listed }, { at: at(), now }));
}

function words(entries: readonly TimelineEntry[]): readonly string[] {
  return entries.map((entry) => {
    switch (entry.kind) {
      case 'link':
        return `${entry.link} ${entry.state}`;
      case 'connection':
        return `${entry.state} ${entry.internet}`;
      case 'switch':
        return `${entry.from} to ${entry.to}`;
    }
  });
}

function at(): string {
  return new Date(Date.UTC(2026, 10, 22) + now / 1_000).toISOString();
}
