import { describe, expect, it } from 'vitest';
import { ROAMING_CYCLE } from '../../lab/cycle-plan.ts';
import type { LinkCondition } from '../../lab/cycle-plan.ts';
import { CycleTable } from '../../lab/cycle-table.ts';
import { complaintsOf, figures } from '../../lab/roaming-cycle.ts';
import type { StepReport } from '../../lab/roaming-cycle.ts';
import { judgeTransfer } from '../../lab/traffic.ts';
import type { StreamWindow, TrafficReport, TrafficWindow, TransferReport } from '../../lab/traffic.ts';

describe('the roaming cycle', () => {
  it('has fourteen steps and takes every change between both, each alone and neither', () => {
    const changes = new Set<string>();
    let before = 'both';
    for (const step of ROAMING_CYCLE) {
      changes.add(`${before} to ${step.left}`);
      before = step.left;
    }
    expect(ROAMING_CYCLE).toHaveLength(14);
    expect(changes.size).toBe(12);
    expect(before).toBe('both');
  });

  it('says truly which links are left after each step', () => {
    const condition: Record<'eth0' | 'wlan0', LinkCondition> = { eth0: 'up', wlan0: 'up' };
    for (const step of ROAMING_CYCLE) {
      Object.assign(condition, step.change);
      const up = (['eth0', 'wlan0'] as const).filter((link) => condition[link] === 'up');
      const left = up.length === 2 ? 'both' : (up[0] ?? 'neither');
      expect(left, `step ${step.number}`).toBe(step.left);
    }
  });

  it('loses each link by carrier and by silence', () => {
    const losses = ROAMING_CYCLE.flatMap((step) =>
      Object.entries(step.change).map(([link, how]) => `${link} ${how}`),
    );
    expect(new Set(losses.filter((loss) => !loss.endsWith('up')))).toEqual(
      new Set(['eth0 carrier-lost', 'eth0 silent', 'wlan0 carrier-lost', 'wlan0 silent']),
    );
  });
});

describe('the verdict', () => {
  it('complains of nothing when everything arrived once', () => {
    expect(complaintsOf(report({}))).toEqual([]);
  });

  it.each([
    ['2 of 1000 UDP packets to the internet were lost', { up: stream({ received: 998, lost: 2 }) }],
    ['1 UDP packets from the internet came twice', { down: stream({ duplicated: 1 }) }],
    ['no UDP packet from the internet arrived', { down: stream({ received: 0 }) }],
  ])('complains that %s', (complaint, window) => {
    expect(complaintsOf(report(window))).toEqual([complaint]);
  });

  it('complains of a transfer that broke, fell short or was changed', () => {
    const sender = transfer({});
    expect(judgeTransfer(sender, transfer({})).error).toBeNull();
    expect(judgeTransfer(sender, transfer({ error: 'ECONNRESET' })).error).toBe('ECONNRESET');
    expect(judgeTransfer(sender, transfer({ bytes: 99 })).error).toContain('hashes differ');
    expect(judgeTransfer(sender, transfer({ sha256: 'ff' })).isIntact).toBe(false);
    const download = judgeTransfer(sender, transfer({ error: 'ECONNRESET' }));
    expect(complaintsOf({ ...report({}), download })).toEqual(['the download failed: ECONNRESET']);
  });

  it('complains of a session that broke', () => {
    const echo = { asked: 10, answered: 8, error: 'closed' };
    expect(complaintsOf({ ...report({}), echo })).toEqual(['the SSH-like session failed: closed']);
  });

  it('takes the worse direction for gaps and both together for counts', () => {
    const silence = { fromMicros: 0, untilMicros: 9000, senderLateMicros: 2000, receiverPausedMicros: 0 };
    const slow = stream({
      longest: { ...silence, correctedMicros: 7000 },
      longestCorrected: { ...silence, correctedMicros: 7000 },
      lost: 3,
    });
    expect(figures(report({ down: slow }).whole)).toMatchObject({
      gapMicros: 7000,
      rawGapMicros: 9000,
      sent: 2000,
      lost: 3,
    });
  });
});

describe('the table', () => {
  it('marks a step with and without loss by a sign, not by colour alone', () => {
    const table = new CycleTable(false);
    table.head({ ...figures(report({}).whole) });
    expect(table.row(step({ lost: 0 }))).toMatch(/ ✓$/);
    expect(table.row(step({ lost: 2 }))).toMatch(/ ✗$/);
    expect(table.row(step({ duplicated: 1 }))).toMatch(/ ✗$/);
  });

  it('keeps its columns under their titles', () => {
    const table = new CycleTable(false);
    const titles =
      table
        .head(figures(report({}).whole))
        .split('\n')
        .at(-2) ?? '';
    const row = table.row(step({ lost: 0 }));
    expect(row.indexOf('wlan0')).toBe(titles.indexOf('Carried by'));
    expect(row.indexOf('8.3 ms') + '8.3 ms'.length).toBe(titles.indexOf('Gap') + 'Gap'.length);
  });

  it('writes escape sequences only where colours are wanted', () => {
    const rows = [false, true].map((hasColours) => new CycleTable(hasColours).row(step({ lost: 0 })));
    expect(rows.map((row) => row.includes('\u001b['))).toEqual([false, true]);
  });
});

function stream(change: Partial<StreamWindow>): StreamWindow {
  return {
    sent: 1000,
    received: 1000,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    arrivals: 1000,
    longest: null,
    longestCorrected: null,
    latency: null,
    senderWorstLateMicros: 0,
    refused: 0,
    ...change,
  };
}

function report(change: Partial<TrafficWindow>): TrafficReport {
  const whole: TrafficWindow = {
    fromMicros: 0,
    untilMicros: 1_000_000,
    up: stream({}),
    down: stream({}),
    downloadStallMicros: 0,
    uploadStallMicros: 0,
    echo: null,
    ...change,
  };
  return { whole, download: null, upload: null, echo: null, sourceAddress: null };
}

function transfer(change: Partial<TransferReport>): TransferReport {
  return { bytes: 100, sha256: 'aa', startedMicros: 0, endedMicros: 1, error: null, stalls: [], ...change };
}

function step(change: Partial<StepReport>): StepReport {
  const [first] = ROAMING_CYCLE;
  if (first === undefined) {
    throw new Error('the cycle is empty');
  }
  const { whole } = report({});
  return {
    ...first,
    ...figures(whole),
    gapMicros: 8300,
    atMicros: 0,
    replayedPackets: 7,
    carrying: ['wlan0'],
    window: whole,
    ...change,
  };
}
