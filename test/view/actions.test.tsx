import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CONFIRM_TIMEOUT_MS } from '../../src-renderer/store/window-model.ts';
import { controlError } from '../../src-shared/control/error.ts';
import { err, ok } from '../../src-shared/util/result.ts';
import { linkStatus, offStatus, protectedStatus } from '../support/status.ts';
import { FakeBridge } from './fake-bridge.ts';
import { expectAccessible, NOW, renderWindow, type RenderedWindow } from './render-window.tsx';

describe('a window that meets an error of its own', () => {
  it('says that protection goes on, and can be opened again', async () => {
    const complain = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const window = await renderWindow(protectedStatus());
    await window.tell({ ...protectedStatus(), links: null } as never);
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('The window met an error');
    expect(screen.getByRole('alert').textContent).toContain('Protection goes on');
    screen.getByRole('button', { name: 'Open it again' });
    screen.getByRole('button', { name: 'Copy the report' });
    await expectAccessible();
    window.close();
    complain.mockRestore();
  });
});

describe('the switch', () => {
  let window: RenderedWindow;
  afterEach(() => {
    vi.useRealTimers();
    window.close();
  });
  const toggle = (): HTMLElement => screen.getByRole('switch', { name: 'Protection' });

  it('shows at once what was asked for, and then what the daemon says', async () => {
    window = await renderWindow(offStatus());
    await userEvent.click(toggle());
    expect([toggle().getAttribute('aria-checked'), toggle().getAttribute('aria-busy')]).toEqual([
      'true',
      'true',
    ]);
    expect(window.bridge.calls).toContainEqual({ method: 'connection.setWanted', params: { wanted: true } });
    await window.tell(protectedStatus());
    expect([toggle().getAttribute('aria-checked'), toggle().getAttribute('aria-busy')]).toEqual([
      'true',
      'false',
    ]);
  });

  it('goes back to what the daemon says after three seconds, and says so', async () => {
    vi.useFakeTimers();
    window = await renderWindow(offStatus());
    act(() => toggle().click());
    await act(() => vi.advanceTimersByTimeAsync(CONFIRM_TIMEOUT_MS - 1));
    expect(toggle().getAttribute('aria-checked')).toBe('true');
    await act(() => vi.advanceTimersByTimeAsync(1));
    expect(toggle().getAttribute('aria-checked')).toBe('false');
    expect(screen.getByRole('alert').textContent).toContain('did not confirm');
  });

  it('goes back at once when the daemon refuses, with the reason', async () => {
    const bridge = new FakeBridge();
    bridge.answers['connection.setWanted'] = () => err(controlError('STATE_UNWRITABLE', 'the disk is full'));
    window = await renderWindow(offStatus(), { bridge });
    await userEvent.click(toggle());
    expect(toggle().getAttribute('aria-checked')).toBe('false');
    expect(screen.getByRole('alert').textContent).toContain('the disk is full');
    await expectAccessible();
    await userEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('works by the keyboard alone', async () => {
    window = await renderWindow(offStatus());
    await userEvent.tab();
    expect(document.activeElement).toBe(toggle());
    await userEvent.keyboard(' ');
    expect(toggle().getAttribute('aria-checked')).toBe('true');
  });
});

describe('a priority', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());

  it('is chosen by the keyboard and shown at once', async () => {
    window = await renderWindow(protectedStatus());
    screen.getByRole('button', { name: 'Priority of Wi-Fi: Automatic' }).focus();
    await userEvent.keyboard('{Enter}{ArrowDown}{ArrowDown}{Enter}');
    expect(window.bridge.calls).toContainEqual({
      method: 'link.setPriority',
      params: { name: 'wlan0', priority: 'backup' },
    });
    expect(screen.getByRole('button', { name: 'Priority of Wi-Fi: Backup' })).toBeTruthy();
  });
});

describe('leaving the desk', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());
  const button = (): HTMLElement => screen.getByRole('button', { name: 'I am leaving my desk' });

  it('is one click, says until when it lasts, and cannot be asked for twice', async () => {
    const bridge = new FakeBridge();
    const until = new Date(NOW + 30_000).toISOString();
    bridge.answers['connection.leave'] = () => ok({ until });
    window = await renderWindow(protectedStatus(), { bridge });
    await userEvent.click(button());
    const calls = (): number => bridge.calls.filter(({ method }) => method === 'connection.leave').length;
    expect(calls()).toBe(1);
    await window.tell(protectedStatus({ leavingUntil: until }));
    expect(screen.getByText('Ready until 14:03:00. Pull the cable and go.')).toBeTruthy();
    expect(screen.getByText('Ready to leave')).toBeTruthy();
    await userEvent.click(button());
    expect(calls()).toBe(1);
    await expectAccessible();
  });

  it('says why it is refused', async () => {
    const bridge = new FakeBridge();
    bridge.answers['connection.leave'] = () => err(controlError('NOT_POSSIBLE_NOW', 'only one link is left'));
    window = await renderWindow(protectedStatus(), { bridge });
    await userEvent.click(button());
    expect(screen.getByRole('alert').textContent).toContain('only one link is left');
  });

  it('is not offered without a radio to go on with', async () => {
    window = await renderWindow(protectedStatus({ links: [linkStatus('eth0', { state: 'carrying' })] }));
    expect(screen.queryByRole('button', { name: 'I am leaving my desk' })).toBeNull();
  });
});

describe('the timeline', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());

  it('is read again when the daemon says that it has grown', async () => {
    const bridge = new FakeBridge();
    let entries: unknown[] = [];
    bridge.answers['timeline.list'] = () => ok({ entries, truncated: false });
    window = await renderWindow({ ...protectedStatus(), timelineLength: 1 }, { view: 'timeline', bridge });
    expect(screen.getByText('Nothing yet. Switches and lost links appear here.')).toBeTruthy();
    const at = new Date(NOW - 5_000).toISOString();
    const costs = { gapMicros: 9_000, replayedPackets: 7 };
    entries = [{ kind: 'switch', at, from: 'eth0', to: 'wlan0', reason: 'carrier-lost', ...costs }];
    await window.tell({ ...protectedStatus(), timelineLength: 2 });
    expect(await screen.findByText('Ethernet lost its cable or signal; Wi-Fi took over')).toBeTruthy();
    expect(screen.getByText('9 ms gap, 7 packets sent again')).toBeTruthy();
    await expectAccessible();
    entries = [{ kind: 'connection', at, state: 'away', internet: 'none' }];
    await window.tell({ ...protectedStatus(), timelineLength: 3 });
    expect(await screen.findByText('No link; no internet')).toBeTruthy();
  });

  it('says that a service without one has none', async () => {
    const bridge = new FakeBridge();
    bridge.answers['timeline.list'] = () => err(controlError('UNKNOWN_METHOD', 'unknown'));
    window = await renderWindow(protectedStatus(), { view: 'timeline', bridge });
    expect(screen.getByText('The service keeps no timeline; update it')).toBeTruthy();
  });
});

describe('setting up', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());
  const unpaired = { ...offStatus(), box: null };

  it('goes from the list of boxes to the code, to the proof', async () => {
    const bridge = new FakeBridge();
    const box = { name: 'attic', addresses: ['fd12::2'], port: 4800, fingerprint: 'ab12', protocol: 1 };
    bridge.answers['boxes.find'] = () => ok({ boxes: [box] });
    bridge.answers['pairing.pair'] = (params) =>
      (params as { code: string }).code === '12345678'
        ? ok({ box: { name: 'attic', address: 'fd12::2', fingerprint: 'ab12' } })
        : err(controlError('WRONG_CODE', 'x'));
    window = await renderWindow(unpaired, { bridge });
    expect(screen.getByText('Step 3 of 5')).toBeTruthy();
    await userEvent.click(await screen.findByRole('button', { name: /^attic/ }));
    expect(document.activeElement).toBe(screen.getByLabelText('Code'));
    await userEvent.keyboard('1111 1111{Enter}');
    expect(screen.getByRole('alert').textContent).toContain('not the one that the box shows');
    await expectAccessible();
    await userEvent.type(screen.getByLabelText('Code'), '12345678{Enter}');
    expect(bridge.calls).toContainEqual({
      method: 'pairing.pair',
      params: { box: '[fd12::2]:4800', code: '12345678' },
    });
    await window.tell(protectedStatus());
    expect(screen.getByRole('heading', { name: 'Unplug the cable now' })).toBeTruthy();
    const links = [linkStatus('eth0', { state: 'lost' }), linkStatus('wlan0', { state: 'carrying' })];
    const at = new Date(NOW).toISOString();
    const lastSwitch = {
      at,
      from: 'eth0',
      to: 'wlan0',
      reason: 'carrier-lost',
      gapMicros: 8_300,
      replayedPackets: 0,
    } as const;
    await window.tell(protectedStatus({ links, carrying: ['wlan0'], lastSwitch }));
    expect(screen.getByText('8.3 ms')).toBeTruthy();
    await expectAccessible();
    await userEvent.click(screen.getByRole('button', { name: 'Finish' }));
    expect(await screen.findByRole('switch', { name: 'Protection' })).toBeTruthy();
  });

  it('takes an address where no box answers', async () => {
    const bridge = new FakeBridge();
    bridge.answers['boxes.find'] = () => ok({ boxes: [] });
    window = await renderWindow(unpaired, { bridge });
    expect(await screen.findByText('No box answers on this network')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Enter an address instead' }));
    await userEvent.keyboard('attic.local{Enter}');
    expect(screen.getByText('Step 4 of 5')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Back' }));
    expect(screen.getByText('Step 3 of 5')).toBeTruthy();
  });
});

describe('settings and diagnostics', () => {
  let window: RenderedWindow;
  afterEach(() => window.close());

  it('change the mode, the language and the pairing', async () => {
    window = await renderWindow(protectedStatus(), { view: 'settings' });
    await userEvent.click(screen.getByRole('radio', { name: 'Bonded' }));
    expect(window.bridge.calls).toContainEqual({ method: 'mode.set', params: { mode: 'bonded' } });
    await userEvent.click(screen.getByRole('button', { name: 'Unpair ...' }));
    await userEvent.click(screen.getByRole('button', { name: 'Unpair' }));
    expect(window.bridge.calls).toContainEqual({ method: 'pairing.unpair', params: {} });
    await userEvent.click(screen.getByRole('radio', { name: 'Deutsch' }));
    expect(screen.getByRole('heading', { level: 1, name: 'Optionen' })).toBeTruthy();
    expect(document.documentElement.lang).toBe('de');
    await expectAccessible();
  });

  it('set the local network, IPv6 and what a link costs, shown at once and until the daemon says the same', async () => {
    window = await renderWindow(protectedStatus(), { view: 'settings' });
    const local = within(screen.getByRole('radiogroup', { name: 'Hosts of the local network' }));
    await userEvent.click(local.getByRole('radio', { name: 'Through the tunnel' }));
    expect(screen.getByText(/by way of the box, so that a pulled cable ends nothing/)).toBeTruthy();
    const ipv6 = within(screen.getByRole('radiogroup', { name: 'IPv6' }));
    await userEvent.click(ipv6.getByRole('radio', { name: 'Direct' }));
    screen.getByRole('button', { name: 'Data over Wi-Fi: Automatic' }).focus();
    await userEvent.keyboard('{Enter}{ArrowDown}{Enter}');
    expect(window.bridge.calls).toEqual([
      { method: 'lan.set', params: { access: 'tunnel' } },
      { method: 'ipv6.set', params: { access: 'direct' } },
      { method: 'link.setMetered', params: { name: 'wlan0', metered: 'yes' } },
    ]);
    const shown = (): unknown[] => [
      local.getByRole('radio', { name: 'Through the tunnel' }).getAttribute('aria-checked'),
      ipv6.getByRole('radio', { name: 'Direct' }).getAttribute('aria-checked'),
      screen.getByRole('button', { name: /^Data over Wi-Fi/ }).textContent,
    ];
    expect(shown()).toEqual(['true', 'true', 'Costs money']);
    const links = [linkStatus('eth0', { state: 'carrying' }), linkStatus('wlan0', { meteredChoice: 'yes' })];
    await window.tell(protectedStatus({ lan: 'tunnel', ipv6: 'direct', links }));
    expect(shown()).toEqual(['true', 'true', 'Costs money']);
    await window.tell(protectedStatus());
    expect(shown()).toEqual(['false', 'false', 'Automatic']);
    await expectAccessible();
  });

  it('leave out what a service of an earlier version does not tell', async () => {
    const { ipv6: _, ...status } = protectedStatus({ links: [] });
    const { meteredChoice: __, ...link } = linkStatus('eth0');
    window = await renderWindow({ ...status, links: [link] }, { view: 'settings' });
    expect(screen.getByRole('button', { name: 'Priority of Ethernet: Automatic' })).toBeTruthy();
    expect(screen.queryByRole('button', { name: /^Data over/ })).toBeNull();
    expect(screen.queryByRole('radiogroup', { name: 'IPv6' })).toBeNull();
  });

  it('say what unpairing takes where the person may not', async () => {
    const bridge = new FakeBridge();
    const refusal = 'pairing.unpair takes the right to configure, which user 1000 does not have';
    bridge.answers['pairing.unpair'] = () => err(controlError('NOT_PERMITTED', refusal));
    window = await renderWindow(protectedStatus(), { view: 'settings', bridge });
    await userEvent.click(screen.getByRole('button', { name: 'Unpair ...' }));
    await userEvent.click(screen.getByRole('button', { name: 'Unpair' }));
    expect(await screen.findByText(/it takes root\. In a terminal: sudo bowline unpair/)).toBeTruthy();
    await expectAccessible();
    act(() => {
      location.hash = '#/graphs';
      dispatchEvent(new HashChangeEvent('hashchange'));
    });
    expect(screen.queryByRole('alert'), 'in the next view').toBeNull();
  });

  it('offer starting at login only where the program can do it', async () => {
    const bridge = new FakeBridge({ preferences: { language: 'en', startsAtLogin: false } });
    window = await renderWindow(protectedStatus(), { view: 'settings', bridge });
    await userEvent.click(screen.getByRole('switch', { name: 'Start at login' }));
    expect(screen.getByRole('switch', { name: 'Start at login' }).getAttribute('aria-checked')).toBe('true');
  });

  it('explain a check in the language of the window, and one of a newer service in the service’s words', async () => {
    const bridge = new FakeBridge({ preferences: { language: 'de', startsAtLogin: false } });
    const told = { explanation: 'In English.', verdict: 'failed', fix: null, fixable: false, fixed: false };
    bridge.answers['doctor.run'] = () =>
      ok({
        checks: [
          { ...told, name: 'second-link', evidence: '1 link reaches the box' },
          { ...told, name: 'of-tomorrow', evidence: 'too early' },
        ],
      });
    window = await renderWindow(protectedStatus(), { view: 'diagnostics', bridge });
    await userEvent.click(screen.getByRole('button', { name: 'Prüfen' }));
    const rows = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
    expect(rows).toContainEqual(
      expect.stringMatching(/Zweite Leitung second-link.*1 link reaches.*Bei nur einer/),
    );
    expect(rows).toContainEqual(expect.stringMatching(/of-tomorrow.*too early.*In English/));
    expect(screen.getByText('1 link reaches the box').lang).toBe('en');
    await expectAccessible();
  });

  it('run the checks, the unplug test, and write a report with both', async () => {
    const bridge = new FakeBridge();
    const check = {
      name: 'reverse-path-filter',
      verdict: 'failed',
      evidence: 'drops',
      explanation: 'The other link is the best way back.',
      fix: 'set it',
      fixable: true,
      fixed: false,
    };
    bridge.answers['doctor.run'] = () => ok({ checks: [check] });
    bridge.answers['test.unplug'] = () =>
      ok({ link: 'eth0', kind: 'carrier', to: 'wlan0', gapMicros: 8300, packetsReplayed: 7, packetsLost: 0 });
    window = await renderWindow(protectedStatus(), { view: 'diagnostics', bridge });
    await userEvent.click(screen.getByRole('button', { name: 'Run the checks' }));
    expect(screen.getByText('set it')).toBeTruthy();
    expect(screen.getByText('Filter of the way back')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Start the test' }));
    expect(screen.getByText('Ethernet was taken away, Wi-Fi took over')).toBeTruthy();
    expect(screen.getByText('8.3 ms')).toBeTruthy();
    const report = screen.getByLabelText<HTMLTextAreaElement>('Report', { selector: 'textarea' });
    expect(report.value).toContain('failed  reverse-path-filter: drops');
    await expectAccessible();
  });
});
