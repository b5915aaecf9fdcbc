import { act, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { controlError } from '../../src-shared/control/error.ts';
import { windowAppsEn } from '../../src-shared/i18n/window-apps-en.ts';
import { writeRulesFile } from '../../src-shared/model/rules-file.ts';
import { err } from '../../src-shared/util/result.ts';
import { appUsage, installedApp, ruleStatus, sampleApps } from '../support/fake-apps.ts';
import { linkStatus, protectedStatus } from '../support/status.ts';
import { FakeBridge } from './fake-bridge.ts';
import { expectAccessible, renderWindow, type RenderedWindow } from './render-window.tsx';

describe('the view of apps', () => {
  let window: RenderedWindow;
  let bridge: FakeBridge;
  beforeEach(() => {
    bridge = new FakeBridge();
    bridge.apps.apps = [
      installedApp('Web Browser', { processes: 4, keywords: ['Internet'], hasIcon: true }),
      installedApp('Video Calls', { processes: 1, isSingleInstance: true }),
      installedApp('Käsekuchen'),
      installedApp('Backups', { origin: 'flatpak' }),
    ];
  });
  afterEach(() => {
    vi.useRealTimers();
    window.close();
  });
  const show = async (): Promise<void> => {
    window = await renderWindow(protectedStatus(), { view: 'apps', bridge });
    await screen.findByRole('heading', { name: 'More rules' });
  };
  const way = (name: string): HTMLElement =>
    screen.getByRole('button', { name: new RegExp(`^Way of ${name}: `) });
  const names = (list: string): (string | null | undefined)[] =>
    within(screen.getByRole('list', { name: list }))
      .getAllByRole('listitem')
      .map((row) => row.querySelector('p')?.firstChild?.textContent);
  const callsOf = (method: string): unknown[] =>
    bridge.calls.filter((call) => call.method === method).map(({ params }) => params);

  it('shows what runs first, with its traffic over all ways, and the rest by name', async () => {
    const id = 'org.example.WebBrowser';
    bridge.apps.usage = [
      appUsage('Web Browser', { app: id, rxBitsPerSecond: 12e6, txBitsPerSecond: 1e6 }),
      appUsage('Web Browser', { app: id, way: 'wlan0', rxBitsPerSecond: 3e6 }),
      appUsage('curl', { way: 'wlan0', connections: 3, rxBitsPerSecond: 900 }),
    ];
    await show();
    expect(names('Running')).toEqual(['Video Calls', 'Web Browser']);
    expect(names('Not running')).toEqual(['Backups', 'Käsekuchen']);
    const running = within(screen.getByRole('list', { name: 'Running' }));
    expect(await running.findByText('15 Mbit/s')).toBeTruthy();
    expect(running.getByText('idle')).toBeTruthy();
    const users = within(screen.getByRole('region', { name: 'Who uses which link' }));
    expect(users.getByRole('heading', { name: 'Wi-Fi, beside the tunnel' })).toBeTruthy();
    expect(users.getByRole('row', { name: 'curl 3 connections 900 bit/s 0 bit/s' })).toBeTruthy();
    await expectAccessible();
  });

  it('gives an app a rule by the keyboard, shows it at once, says what it does, and takes it back', async () => {
    await show();
    way('Backups').focus();
    await userEvent.keyboard('{Enter}');
    const offered = screen.getAllByRole('menuitemradio').map(({ textContent }) => textContent);
    expect(offered).toHaveLength(7);
    expect(offered.at(-1)).toContain('Only over Wi-Fi');
    await userEvent.keyboard('{End}{Enter}');
    const subject = { kind: 'app', id: 'org.example.Backups' };
    expect(callsOf('rules.add')).toEqual([{ subject, action: 'only:wlan0' }]);
    expect(screen.getByText('Beside the tunnel over Wi-Fi alone; waits while that is away')).toBeTruthy();
    expect(document.activeElement).toBe(way('Backups'));
    await userEvent.keyboard('{Enter}{Home}{Enter}');
    await waitFor(() => expect(callsOf('rules.remove')).toEqual([{ id: 'r100' }]));
    expect(way('Backups').textContent).toBe('Automatic');
    expect(bridge.apps.rules).toEqual([]);
  });

  it('goes back to what is so when the daemon refuses, and says why', async () => {
    bridge.apps.refusal = controlError('RULES_UNSUPPORTED', 'no');
    await show();
    way('Backups').focus();
    await userEvent.keyboard('{Enter}{End}{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'this system lacks what rules for programs take',
    );
    expect(way('Backups').textContent).toBe('Automatic');
  });

  it('tells what keeps a rule from its work, and what has to be restarted', async () => {
    bridge.apps.rules = [
      ruleStatus({ kind: 'app', id: 'org.example.WebBrowser' }, 'only:wwan0', { problem: 'link-away' }),
      ruleStatus({ kind: 'app', id: 'org.example.VideoCalls' }, 'redundant', { id: 'r2', toRestart: 2 }),
    ];
    await show();
    expect(screen.getByText('Waits: the link is away')).toBeTruthy();
    expect(way('Web Browser').textContent).toBe('Only over wwan0');
    expect(screen.getByText(/^Restart to apply: 2 processes keep their old way/).textContent).toContain(
      'Quit it wholly',
    );
    const description = /^Through the tunnel, a copy over each link.*Restart to apply: 2 processes/;
    expect(
      screen.getByRole('button', { name: 'Way of Video Calls: Every packet twice', description }),
    ).toBeTruthy();
    await expectAccessible();
  });

  it('finds an app by any of its words, without accents, and says how many', async () => {
    await show();
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search apps' }), 'kasek');
    expect(names('Found')).toEqual(['Käsekuchen']);
    expect(screen.getByText('1 app')).toBeTruthy();
    await userEvent.keyboard('{Escape}internet browser');
    expect(names('Found')).toEqual(['Web Browser']);
    await userEvent.keyboard('{Escape}zzz');
    expect(screen.getByText('No installed app goes by zzz')).toBeTruthy();
    await userEvent.keyboard('{Escape}');
    expect(names('Running')).toHaveLength(2);
  });

  it('shows only apps with a rule, and keeps the focus near when one loses it', async () => {
    bridge.apps.rules = [
      ruleStatus({ kind: 'app', id: 'org.example.WebBrowser' }, 'direct'),
      ruleStatus({ kind: 'app', id: 'org.example.Backups' }, 'direct', { id: 'r2' }),
    ];
    await show();
    await userEvent.click(screen.getByRole('radio', { name: 'With a rule' }));
    expect(names('Found')).toEqual(['Backups', 'Web Browser']);
    way('Backups').focus();
    await userEvent.keyboard('{Enter}{Home}{Enter}');
    await waitFor(() => expect(names('Found')).toEqual(['Web Browser']));
    expect(document.activeElement).toBe(way('Web Browser'));
  });

  it('is passed by Tab in one step for each list, and by arrows row by row', async () => {
    await show();
    screen.getByRole('searchbox').focus();
    await userEvent.tab();
    expect(document.activeElement).toBe(screen.getByRole('radio', { name: 'All' }));
    await userEvent.tab();
    expect(document.activeElement).toBe(way('Video Calls'));
    await userEvent.keyboard('{ArrowDown}{ArrowDown}');
    expect(document.activeElement).toBe(way('Web Browser'));
    expect(screen.queryByRole('menu')).toBeNull();
    await userEvent.tab();
    expect(document.activeElement?.textContent).toBe('Add rule');
    await userEvent.tab({ shift: true });
    expect(document.activeElement).toBe(way('Web Browser'));
    await userEvent.keyboard('{Home}');
    expect(document.activeElement).toBe(way('Video Calls'));
  });

  it('lists rules of apps that are gone and of other kinds, and removes them', async () => {
    bridge.apps.rules = [
      ruleStatus({ kind: 'app', id: 'org.example.Gone' }, 'direct', { problem: 'app-not-installed' }),
      ruleStatus({ kind: 'cgroup', path: '/user.slice/x.scope' }, 'bonded', { id: 'r2' }),
      ruleStatus({ kind: 'user', name: 'backup' }, 'direct', { id: 'r3', problem: 'no-such-user' }),
      ruleStatus({ kind: 'network', network: '10.0.0.0/8', protocol: 'tcp', port: 443 }, 'direct', {
        id: 'r4',
      }),
    ];
    await show();
    const rows = within(screen.getByRole('list', { name: 'More rules' })).getAllByRole('listitem');
    expect(rows).toHaveLength(4);
    expect(rows[0]?.textContent).toContain('the app is not installed any more');
    expect(rows[3]?.textContent).toContain('10.0.0.0/8, TCP, port 443');
    await expectAccessible();
    await userEvent.click(screen.getByRole('button', { name: 'Remove the rule of org.example.Gone' }));
    expect(callsOf('rules.remove')).toEqual([{ id: 'r1' }]);
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Remove the rule of /user.slice/x.scope');
    expect(screen.queryByText('org.example.Gone')).toBeNull();
  });

  it('adds a rule for a network, and says which field it does not understand', async () => {
    await show();
    await userEvent.click(screen.getByRole('button', { name: 'Add rule' }));
    const dialog = within(screen.getByRole('dialog', { name: 'Add a rule' }));
    await userEvent.keyboard('bin/rsync{Enter}');
    expect(dialog.getByRole('alert').textContent).toContain('it has to begin with /');
    await userEvent.click(dialog.getByRole('radio', { name: 'Network' }));
    const field = dialog.getByLabelText('Network or address');
    await userEvent.clear(field);
    await userEvent.type(field, '192.168.5.1');
    await userEvent.type(dialog.getByLabelText('Port'), '0');
    await userEvent.click(dialog.getByRole('button', { name: 'Add rule' }));
    expect(dialog.getByRole('alert').textContent).toContain('from 1 to 65535');
    await userEvent.clear(dialog.getByLabelText('Port'));
    await userEvent.selectOptions(dialog.getByLabelText('Way'), 'Only over Ethernet');
    await expectAccessible();
    await userEvent.click(dialog.getByRole('button', { name: 'Add rule' }));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(callsOf('rules.add')).toEqual([
      { subject: { kind: 'network', network: '192.168.5.1/32' }, action: 'only:eth0' },
    ]);
    expect(screen.getByText('192.168.5.1/32')).toBeTruthy();
  });

  it('takes a file over after a yes, and says what is wrong with one that it cannot read', async () => {
    bridge.apps.rules = [ruleStatus({ kind: 'user', name: 'backup' }, 'direct')];
    await show();
    const input = screen.getByLabelText<HTMLInputElement>('Import ...', { selector: 'input' });
    const choose = (text: string): Promise<void> =>
      userEvent.upload(input, new File([text], 'rules.json', { type: 'application/json' }));
    await choose('{ "version": 1, "rules": [');
    expect((await screen.findByRole('alert')).textContent).toContain(
      'rules.json is not JSON. Nothing was changed',
    );
    await choose(
      JSON.stringify({ version: 1, rules: [{ subject: { kind: 'user', name: 'a b' }, action: 'direct' }] }),
    );
    expect(await screen.findByText(/^Rule 1 in rules\.json says something unknown/)).toBeTruthy();
    expect(callsOf('rules.replace')).toEqual([]);
    const wish = { subject: { kind: 'domain', name: 'example.com' }, action: 'redundant' } as const;
    await choose(writeRulesFile([wish]));
    const dialog = await screen.findByRole('dialog', { name: 'Replace all rules' });
    expect(dialog.textContent).toContain('The rule of this laptop');
    await expectAccessible();
    await userEvent.click(within(dialog).getByRole('button', { name: 'Replace' }));
    expect(callsOf('rules.replace')).toEqual([{ rules: [wish] }]);
    expect(await screen.findByText('1 rule was imported')).toBeTruthy();
    expect(screen.getByText('example.com')).toBeTruthy();
  });

  it('names what the system lacks, with what helps, and leaves every choice usable', async () => {
    bridge.apps.missing = ['cgroup2', 'proc-connector'];
    await show();
    expect(screen.getByText(/systemd\.unified_cgroup_hierarchy=1/)).toBeTruthy();
    expect(screen.getByText(/CONFIG_PROC_EVENTS/)).toBeTruthy();
    expect(way('Backups').getAttribute('aria-disabled')).toBeNull();
    await expectAccessible();
  });

  it('explains itself where there is no app, and where the service is too old', async () => {
    bridge.apps.apps = [];
    await show();
    expect(screen.getByRole('heading', { name: 'No installed apps' })).toBeTruthy();
    expect(screen.getByText('No connections at the moment.')).toBeTruthy();
    await expectAccessible();
    window.close();
    bridge.answers['rules.list'] = () => err(controlError('UNKNOWN_METHOD', 'unknown'));
    window = await renderWindow(protectedStatus(), { view: 'apps', bridge });
    expect(
      await screen.findByText('The service knows no rules for apps; update and restart it'),
    ).toBeTruthy();
  });

  it('asks who uses which link once a second, and only while it is shown', async () => {
    vi.useFakeTimers();
    window = await renderWindow(protectedStatus(), { view: 'apps', bridge });
    const wait = (ms: number): Promise<unknown> => act(() => vi.advanceTimersByTimeAsync(ms));
    await wait(10_000);
    expect(callsOf('apps.usage')).toHaveLength(11);
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    await wait(10_000);
    expect(callsOf('apps.usage')).toHaveLength(11);
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    act(() => void document.dispatchEvent(new Event('visibilitychange')));
    await wait(1_000);
    expect(callsOf('apps.usage')).toHaveLength(13);
    await act(async () => {
      location.hash = '#/graphs';
      globalThis.dispatchEvent(new Event('hashchange'));
      await vi.advanceTimersByTimeAsync(10_000);
    });
    expect(callsOf('apps.usage')).toHaveLength(13);
  });

  it('asks for each picture once, one after the other', async () => {
    bridge.apps.apps = sampleApps(40).map((app) => ({ ...app, hasIcon: true }));
    await show();
    await waitFor(() => expect(new Set(callsOf('apps.icon')).size).toBe(40), { timeout: 5_000 });
    const asked = callsOf('apps.icon').length;
    await userEvent.type(screen.getByRole('searchbox'), 'mail');
    await waitFor(() => expect(document.querySelectorAll('img')).toHaveLength(2));
    expect(callsOf('apps.icon')).toHaveLength(asked);
  });

  it('draws no row of an app again for a status that changes nothing of it', async () => {
    bridge.apps.apps = sampleApps(400);
    await show();
    expect(document.querySelectorAll('[data-row]')).toHaveLength(400);
    // Every row names its menu when it is drawn.
    const drawn = vi.spyOn(windowAppsEn, 'wayOf');
    await window.tell(
      protectedStatus({ links: [linkStatus('eth0', { rttMicros: 999 }), linkStatus('wlan0')] }),
    );
    expect(drawn).not.toHaveBeenCalled();
    await window.tell(
      protectedStatus({ links: [linkStatus('eth0'), linkStatus('wwan0', { kind: 'cellular' })] }),
    );
    expect(drawn).toHaveBeenCalledTimes(400);
    drawn.mockRestore();
  });
});
