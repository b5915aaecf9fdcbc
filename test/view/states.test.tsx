import { screen, within } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { controlError } from '../../src-shared/control/error.ts';
import { describeStatus } from '../../src-shared/view/describe-status.ts';
import { commonStatus, linkStatus, offStatus, protectedStatus } from '../support/status.ts';
import { expectAccessible, NOW, renderWindow, type RenderedWindow } from './render-window.tsx';

const ago = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();
const lost = linkStatus('eth0', { state: 'lost', rttMicros: null });
const lastSwitch = {
  at: ago(3),
  from: 'eth0',
  to: 'wlan0',
  reason: 'carrier-lost',
  gapMicros: 9_000,
  replayedPackets: 7,
} as const;

const STATES: Readonly<Record<string, DaemonStatus>> = {
  off: offStatus(),
  'off without a link': { ...offStatus(), internet: 'none', links: [] },
  draining: { ...commonStatus(), state: 'off', draining: true },
  connecting: { ...commonStatus(), state: 'connecting', attempt: 1, carrying: [] },
  protected: protectedStatus(),
  'just switched': protectedStatus({
    carrying: ['wlan0'],
    links: [lost, linkStatus('wlan0', { state: 'carrying' })],
    lastSwitch,
  }),
  bonded: protectedStatus({
    carrying: ['eth0', 'wlan0'],
    links: [linkStatus('eth0', { state: 'carrying' }), linkStatus('wlan0', { state: 'carrying' })],
  }),
  degraded: protectedStatus({ degraded: [{ kind: 'loss', link: 'eth0', lossRatio: 0.06 }] }),
  'away from home': { ...commonStatus(), state: 'away', reason: 'other-network', carrying: [] },
  'without any link': {
    ...commonStatus(),
    state: 'away',
    reason: 'no-link',
    internet: 'none',
    carrying: [],
    links: [lost],
  },
  'box not reachable': {
    ...commonStatus(),
    state: 'box-unreachable',
    since: ago(60),
    nextTryAt: new Date(NOW + 20_000).toISOString(),
    carrying: [],
  },
  failed: { ...commonStatus(), state: 'failed', cause: 'box-refused-key', detail: '', carrying: [] },
};

describe('the window', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());

  it.each(Object.entries(STATES))('says what is so when it is: %s', async (_name, status) => {
    window = await renderWindow(status);
    const { headline, detail } = describeStatus(status, NOW);
    expect(screen.getAllByText(headline).length).toBeGreaterThan(0);
    expect(screen.getByText(detail)).toBeTruthy();
    const isOn = status.state !== 'off';
    const toggle = screen.getByRole('switch', { name: 'Protection' });
    expect(toggle.getAttribute('aria-checked')).toBe(String(isOn));
    await expectAccessible();
  });

  it.each([
    ['UNREACHABLE', { errno: 'ENOENT' }, 'Service not running', /systemctl enable --now/],
    ['UNREACHABLE', { errno: 'ECONNREFUSED' }, 'Service not running', /systemctl start/],
    ['NOT_PERMITTED', {}, 'Permission needed', /usermod -aG bowline/],
    ['VERSION_MISMATCH', { program: '0.0.9' }, 'Update needed', /systemctl restart/],
  ] as const)('explains %s %o and says what helps', async (code, data, headline, command) => {
    window = await renderWindow(null);
    await window.lose(controlError(code, 'no', data));
    expect(screen.getAllByText(headline).length).toBeGreaterThan(0);
    expect(screen.getByText(command)).toBeTruthy();
    expect(screen.getByRole('switch').getAttribute('aria-disabled')).toBe('true');
    if (code === 'VERSION_MISMATCH') expect(screen.getByText('Window 0.1.0, service 0.0.9')).toBeTruthy();
    await expectAccessible();
  });

  it('says that the program behind the page has ended, and comes back with the first status', async () => {
    window = await renderWindow(protectedStatus());
    await window.lose(controlError('CONNECTION_LOST', 'gone', { disconnection: 'ended' }));
    expect(screen.getByRole('heading', { name: 'The program behind this page has ended' })).toBeTruthy();
    await expectAccessible();
    await window.tell(protectedStatus());
    expect(screen.getByRole('switch', { name: 'Protection' })).toBeTruthy();
  });

  it('lists each link with its state, its values and its priority', async () => {
    window = await renderWindow(
      protectedStatus({
        links: [
          linkStatus('eth0', { state: 'carrying', rttMicros: 412, rxBitsPerSecond: 620e6, lossRatio: 0.06 }),
          linkStatus('docker0', { kind: 'other', state: 'ignored', ignoredBecause: 'it is a bridge' }),
        ],
      }),
    );
    const card = screen.getByRole('listitem', { name: 'Ethernet' });
    for (const text of ['Carrying', '620 Mbit/s', '0.4 ms', '6%']) {
      expect(within(card).getByText(text)).toBeTruthy();
    }
    expect(within(card).getByRole('button', { name: 'Priority of Ethernet: Automatic' })).toBeTruthy();
    expect(screen.getByText('1 link not used')).toBeTruthy();
    expect(screen.getByText('it is a bridge')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Priority of docker0: Automatic' })).toBeNull();
  });

  it('says what to do about a failure, and leads there', async () => {
    window = await renderWindow(STATES['failed']!);
    expect(screen.getByText('Unpair, and pair again with a new code of the box.')).toBeTruthy();
    const ways = screen.getAllByRole('link', { name: 'Settings' });
    expect(ways.map((way) => way.getAttribute('href'))).toEqual(['#/settings', '#/settings']);
  });

  it('calls no link lost while it is off', async () => {
    window = await renderWindow({ ...offStatus(), links: [lost] });
    const card = screen.getByRole('listitem', { name: 'Ethernet' });
    expect(within(card).getByText('Not used')).toBeTruthy();
    expect(within(card).getByRole('button', { name: 'Priority of Ethernet: Automatic' })).toBeTruthy();
    expect(screen.getByRole('img', { name: 'Nothing reaches the box' })).toBeTruthy();
  });

  it('shows links that carry on while it is being switched off, and no getting ready', async () => {
    window = await renderWindow({
      ...STATES['draining']!,
      leavingUntil: new Date(NOW + 9_000).toISOString(),
    });
    expect(screen.getByRole('img', { name: 'Ethernet to the box; ready: Wi-Fi' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'I am leaving my desk' })).toBeNull();
  });
});
