import { describe, expect, it } from 'vitest';
import { expectedPanel } from '../../../src-main/tray/panel.ts';
import { trayView, type TrayFacts, type TrayRow } from '../../../src-main/tray/tray-menu.ts';
import { TRAY_SHAPES, trayShape } from '../../../src-main/tray/tray-shape.ts';
import { desktopWordingOf } from '../../../src-shared/i18n/desktop-texts.ts';
import type { Status } from '../../../src-shared/model/status.ts';
import { commonStatus, linkStatus, offStatus, protectedStatus } from '../../support/status.ts';

const NOW = Date.parse('2026-03-01T10:00:00Z');
const PAUSED_UNTIL = NOW + 3_600_000;
const LOSSY = { kind: 'loss', link: 'eth0', lossRatio: 0.06 } as const;

const STATES: Readonly<Record<string, Status>> = {
  off: offStatus(),
  draining: { ...offStatus(), state: 'off', draining: true },
  connecting: { ...commonStatus(), state: 'connecting', attempt: 1 },
  protected: protectedStatus(),
  bonded: protectedStatus({ carrying: ['eth0', 'wlan0'] }),
  'without standby': protectedStatus({ degraded: [{ kind: 'no-standby' }] }),
  degraded: protectedStatus({ degraded: [LOSSY] }),
  away: { ...commonStatus(), state: 'away', reason: 'other-network' },
  'box-unreachable': {
    ...commonStatus(),
    state: 'box-unreachable',
    since: '2026-03-01T09:59:00Z',
    nextTryAt: null,
  },
  failed: { ...commonStatus(), state: 'failed', cause: 'internal', detail: '' },
  stopped: { state: 'unreachable', internet: 'direct', reason: 'stopped' },
  'not installed': { state: 'unreachable', internet: 'direct', reason: 'not-installed' },
  'not permitted': { state: 'unreachable', internet: 'direct', reason: 'no-permission' },
  'another version': { state: 'unreachable', internet: 'direct', reason: 'version' },
};

describe('the icon of the tray', () => {
  it('has a shape for each kind of state', () => {
    const shapes = Object.fromEntries(
      Object.entries(STATES).map(([name, status]) => [name, trayShape(status)]),
    );
    expect(shapes).toEqual({
      off: 'outline',
      draining: 'outline',
      connecting: 'dots',
      protected: 'one-bar',
      bonded: 'two-bars',
      'without standby': 'one-bar',
      degraded: 'notch',
      away: 'pin',
      'box-unreachable': 'exclamation',
      failed: 'exclamation',
      stopped: 'lock',
      'not installed': 'lock',
      'not permitted': 'lock',
      'another version': 'lock',
    });
    expect(new Set(Object.values(shapes))).toEqual(new Set(TRAY_SHAPES));
  });

  it.each([
    ['ubuntu:GNOME', false, 'dark'],
    ['KDE', false, 'light'],
    ['KDE', true, 'dark'],
    ['X-Cinnamon', false, 'symbolic'],
    ['', true, 'symbolic'],
  ] as const)('is for the panel of %s, dark scheme %s: %s', (desktop, isDark, panel) => {
    expect(expectedPanel(desktop, isDark)).toBe(panel);
  });
});

describe('the menu of the tray', () => {
  const preview = ['eth0', 'eth1', 'wlan0', 'wwan0'].map((name) => ({
    name,
    kind: 'ethernet' as const,
    isUp: true,
  }));

  it('never has more than nine rows, and one level below at most', () => {
    for (const [name, status] of Object.entries(STATES)) {
      for (const count of [0, 1, 3, 4, 20]) {
        for (const pausedUntil of [null, PAUSED_UNTIL]) {
          const { rows } = trayView(facts({ status: withLinks(status, count), pausedUntil, preview }));
          const visible = rows.filter((row) => row.kind !== 'separator');
          expect(visible.length, `${name}, ${count} links`).toBeLessThanOrEqual(9);
          const inner = rows.flatMap((row) => (row.kind === 'submenu' ? row.rows : []));
          expect(inner.filter((row) => row.kind === 'submenu')).toEqual([]);
        }
      }
    }
  });

  it('always has the same switch, open and quit', () => {
    for (const [name, status] of Object.entries(STATES)) {
      const rows = trayView(facts({ status })).rows;
      expect(labels(rows), name).toContain('Protection');
      expect(labels(rows), name).toContain('Open Bowline');
      expect(labels(rows).at(-1), name).toMatch(/quit$/i);
    }
  });

  it('puts more than three links into a submenu, and leaves out those that are not used', () => {
    const links = [...'abcd'].map((name) => linkStatus(name, { kind: 'other' }));
    const four = trayView(facts({ status: protectedStatus({ links }) })).rows;
    expect(four.filter((row) => row.kind === 'submenu').map((row) => row.rows.length)).toEqual([4]);
    const ignored = links.map((link, index) => (index === 0 ? { ...link, state: 'ignored' as const } : link));
    const three = trayView(facts({ status: protectedStatus({ links: ignored }) })).rows;
    expect(labels(three).filter((label) => /^[a-d]:/.test(label))).toHaveLength(3);
  });

  it('calls no link lost while nobody asks it', () => {
    const links = [linkStatus('eth0', { state: 'lost', rttMicros: null })];
    const rowsOf = (status: Status): readonly string[] => labels(trayView(facts({ status })).rows);
    expect(rowsOf({ ...offStatus(), links })).toContain('Ethernet: not used');
    expect(rowsOf({ ...STATES['failed']!, links } as Status)).toContain('Ethernet: not used');
    expect(rowsOf({ ...offStatus(), state: 'off', draining: true, links })).toContain('Ethernet: lost');
  });

  it('cannot switch what does not answer, and has one row that fixes it', () => {
    const { rows, tooltip } = trayView(facts({ status: STATES['not permitted']! }));
    expect(tooltip).toBe('Permission needed');
    expect(rows.find((row) => row.kind === 'switch')?.isEnabled).toBe(false);
    expect(rows).toContainEqual({
      kind: 'action',
      text: 'Get permission...',
      isEnabled: true,
      intent: { kind: 'fix' },
    });
  });

  it('speaks the language that it is given, down to the numbers', () => {
    const { rows, tooltip } = trayView(facts({ status: protectedStatus(), wording: desktopWordingOf('de') }));
    expect([tooltip, ...labels(rows)]).toEqual([
      'Geschützt über Ethernet',
      'Geschützt über Ethernet',
      'WLAN steht bereit',
      'Schutz',
      'Ethernet: 0,4 ms, trägt',
      'WLAN: 0,4 ms, steht bereit',
      'Ich gehe vom Schreibtisch weg',
      'Für 1 Stunde pausieren',
      'Bowline öffnen',
      'Ausschalten und beenden',
    ]);
  });

  it('offers to get ready for leaving while a radio stands by, and says until when that lasts', () => {
    const leave = {
      kind: 'action',
      text: 'I am leaving my desk',
      isEnabled: true,
      intent: { kind: 'leave' },
    };
    expect(trayView(facts({ status: protectedStatus() })).rows).toContainEqual(leave);
    const cables = [linkStatus('eth0', { state: 'carrying' }), linkStatus('eth1')];
    for (const status of [protectedStatus({ links: cables }), offStatus(), STATES['away']!]) {
      expect(trayView(facts({ status })).rows).not.toContainEqual(leave);
    }
    const leaving = protectedStatus({ leavingUntil: '2026-03-01T10:00:30.000Z' });
    expect(labels(trayView(facts({ status: leaving })).rows).join()).toMatch(/Ready to leave until /);
  });

  it('never has more than nine rows with that either', () => {
    for (const count of [2, 3, 4]) {
      const links = Array.from({ length: count }, (_, index) => linkStatus(`wlan${index}`));
      const { rows } = trayView(facts({ status: protectedStatus({ links }) }));
      expect(rows.filter((row) => row.kind !== 'separator').length, `${count} links`).toBeLessThanOrEqual(9);
    }
  });

  it('offers a pause only when on, and says until when one lasts', () => {
    expect(labels(trayView(facts({ status: protectedStatus() })).rows)).toContain('Pause for 1 hour');
    expect(labels(trayView(facts({ status: offStatus() })).rows).join()).not.toMatch(/pause/i);
    const paused = trayView(facts({ status: offStatus(), pausedUntil: PAUSED_UNTIL }));
    expect(paused.tooltip).toBe('Paused');
    expect(labels(paused.rows).filter((label) => label.startsWith('Resume now (paused until '))).toHaveLength(
      1,
    );
  });
});

function facts(change: Partial<TrayFacts>): TrayFacts {
  return {
    status: null,
    pausedUntil: null,
    preview: [],
    now: NOW,
    wording: desktopWordingOf('en'),
    ...change,
  };
}

function labels(rows: readonly TrayRow[]): readonly string[] {
  return rows.flatMap((row) => (row.kind === 'separator' ? [] : [row.text]));
}

function withLinks(status: Status, count: number): Status {
  if (status.state === 'unreachable') return status;
  return { ...status, links: Array.from({ length: count }, (_, index) => linkStatus(`eth${index}`)) };
}
