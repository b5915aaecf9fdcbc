import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it } from 'vitest';
import type { LinkMedium } from '../../src-shared/bridge/link-medium.ts';
import { linkModel, linkStatus, protectedStatus } from '../support/status.ts';
import { FakeBridge } from './fake-bridge.ts';
import { expectAccessible, renderWindow, type RenderedWindow } from './render-window.tsx';

describe('a link', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());
  const media: readonly LinkMedium[] = [
    {
      name: 'wlan0',
      addresses: ['192.168.1.21'],
      speedBitsPerSecond: 866e6,
      network: 'Attic 5G',
      signalDbm: -71,
    },
    {
      name: 'eth0',
      addresses: ['192.168.1.20'],
      speedBitsPerSecond: 1e9,
      network: null,
      signalDbm: null,
    },
  ];

  it('shows signal or speed, and in its details what was learned, where the program tells', async () => {
    const model = linkModel({
      sendBitsPerSecond: 92e6,
      smoothedRttMicros: 4_200,
      minRttMicros: 3_000,
      inFlightBytes: 12_000,
      role: 'trial',
    });
    const links = [linkStatus('eth0'), linkStatus('wlan0', { address: '192.168.1.21', model })];
    const bridge = new FakeBridge({ readLinkMedia: () => Promise.resolve(media) });
    window = await renderWindow(protectedStatus({ links }), { bridge });
    const wifi = within(screen.getByRole('listitem', { name: 'Wi-Fi' }));
    expect(wifi.getAllByText('Attic 5G')).toHaveLength(2);
    expect(wifi.getByText('weak')).toBeTruthy();
    await userEvent.click(wifi.getByText('Details'));
    expect(factsOf(wifi.getByRole('group'))).toEqual({
      Use: 'on trial',
      Carries: '92 Mbit/s at most, as measured so far',
      Answers: 'after 4.2 ms, on average',
      Queue: '1.2 ms of waiting on top of 3 ms, the shortest way seen',
      'Under way': '12 kB of 56 kB that it can take',
      Network: 'Attic 5G',
      Signal: '-71 dBm',
      'Link speed': '866 Mbit/s',
      'Largest packet': '1,472 B',
      Address: '192.168.1.21',
    });
    const ethernet = within(screen.getByRole('listitem', { name: 'Ethernet' }));
    expect(ethernet.getAllByText('1 Gbit/s')).toHaveLength(2);
    await expectAccessible();
  });

  it('that does not serve says why, and what to do', async () => {
    const troubled = linkStatus('wlan0', { state: 'lost', trouble: 'portal' });
    const links = [linkStatus('eth0', { state: 'carrying' }), troubled];
    window = await renderWindow(protectedStatus({ links }));
    const wifi = within(screen.getByRole('listitem', { name: 'Wi-Fi' }));
    expect(wifi.getByText('Its network wants a login. Open a web page over it to sign in.')).toBeTruthy();
    const ethernet = within(screen.getByRole('listitem', { name: 'Ethernet' }));
    expect(ethernet.queryByText(/wants a login/)).toBeNull();
    await expectAccessible();
  });

  it('shows neither in a browser, whose program does not watch the machine', async () => {
    window = await renderWindow(protectedStatus());
    expect(screen.queryByText('Signal')).toBeNull();
    expect(screen.queryByText('Link speed')).toBeNull();
  });
});

function factsOf(element: HTMLElement): Record<string, string> {
  const names = [...element.querySelectorAll('dt')].map(({ textContent }) => textContent);
  const values = [...element.querySelectorAll('dd')].map(({ textContent }) => textContent);
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
