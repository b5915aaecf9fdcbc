import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Autostart, autostartEntry } from '../../../src-main/autostart/autostart.ts';
import { LogFile } from '../../../src-main/faults/log-file.ts';
import { previewLinks } from '../../../src-main/links/link-preview.ts';
import { Pause } from '../../../src-main/pause/pause.ts';
import { DesktopStateFile } from '../../../src-main/preferences/desktop-state.ts';
import { preferredLanguages } from '../../../src-main/preferences/preferred-languages.ts';
import { outcomeOf } from '../../../src-main/service/run-as-root.ts';
import { CONTENT_SECURITY_POLICY, pageResponse } from '../../../src-main/window/app-protocol.ts';
import { BACKGROUND } from '../../../src-main/window/app-window.ts';
import { zoomByKeys } from '../../../src-main/window/zoom.ts';
import { CHANNELS } from '../../../src-main/preload/channels.ts';
import { Stage } from '../../desktop/stage.ts';
import { FakeContents, FakeElectron, preventable } from '../../support/fake-electron.ts';

/** Panels may take this long to come up after a login. */
const TRAY_CHECK_MS = 15_000;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-app-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('the page', () => {
  it('comes with a policy that lets it run and reach nothing but its own files', async () => {
    writeFileSync(join(dir, 'index.html'), '<!doctype html>');
    const response = await pageResponse('bowline://window/index.html', 'GET', dir);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY);
    expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'; script-src 'self';");
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/script-src[^;]*unsafe/);
  });

  it.each([
    'bowline://window/../secret.html',
    'bowline://window/%2e%2e/secret.html',
    'bowline://window/%2e%2e%2fsecret.html',
    'bowline://window/a%00.html',
    'bowline://window/%E0%A4%A.html',
    'bowline://window/',
    'bowline://elsewhere/index.html',
    'file:///etc/passwd',
  ])('cannot name %s', async (url) => {
    const pageDir = join(dir, 'page');
    writeFileSync(join(dir, 'secret.html'), 'secret');
    expect((await pageResponse(url, 'GET', pageDir)).status).toBe(404);
  });
});

describe('the bridge in the main process', () => {
  it('answers nobody but the top frame of the window, on its own page', async () => {
    const electron = new FakeElectron();
    const stage = new Stage(electron.api, { wake: () => undefined, tryForbidden: async () => ({}) as never });
    await stage.open();
    await stage.inPage('true');
    const frame = stage.shown.windows[0]!.webContents.mainFrame;
    const call = ['mode.set', { mode: 'bonded' }];
    for (const stranger of [null, { url: frame.url }, { url: 'https://example.org/' }]) {
      expect(await electron.ipc.invoke(stranger, CHANNELS.call, call)).toMatchObject({
        error: { code: 'NOT_PERMITTED' },
      });
      expect(await electron.ipc.invoke(stranger, CHANNELS.fixService, ['stopped'])).toMatchObject({
        ok: false,
      });
      expect(await electron.ipc.invoke(stranger, CHANNELS.readLinkMedia, [])).toEqual([]);
      expect(electron.ipc.send(stranger, CHANNELS.shellFacts, [])).toBe(null);
    }
    expect(stage.daemon.calls).toEqual([]);
    expect(stage.rootCommands).toEqual([]);
    expect(await electron.ipc.invoke(frame, CHANNELS.call, call)).toEqual({ ok: true, value: {} });
    electron.app.emit('before-quit');
    await stage.close();
  });
});

describe('the keys that change the size of the page', () => {
  const press = (contents: FakeContents, key: string, isControl = true): boolean => {
    const input = { type: 'keyDown', control: isControl, alt: false, meta: false, key };
    const event = preventable({});
    contents.emit('before-input-event', event, input);
    return event.defaultPrevented;
  };

  it('are those of a browser, and stop where the window is of no use any more', () => {
    const contents = new FakeContents(new FakeElectron(), 1);
    zoomByKeys(contents);
    expect(press(contents, '+')).toBe(true);
    expect(press(contents, '=')).toBe(true);
    expect(contents.getZoomLevel()).toBe(1);
    expect(press(contents, '-')).toBe(true);
    expect(contents.getZoomLevel()).toBe(0.5);
    for (let times = 0; times < 20; times++) press(contents, '+');
    expect(contents.getZoomLevel()).toBe(4);
    press(contents, '0');
    expect(contents.getZoomLevel()).toBe(0);
  });

  it('are left to the page without Ctrl, and all others with it', () => {
    const contents = new FakeContents(new FakeElectron(), 1);
    zoomByKeys(contents);
    expect([press(contents, '+', false), press(contents, 'c')]).toEqual([false, false]);
    expect(contents.getZoomLevel()).toBe(0);
  });
});

describe('a desktop without a tray', () => {
  const open = async (): Promise<{ electron: FakeElectron; stage: Stage }> => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    const electron = new FakeElectron();
    const stage = new Stage(electron.api, { wake: () => undefined, tryForbidden: async () => ({}) as never });
    await stage.open({ withDaemon: false, host: { hasTray: async () => false } });
    return { electron, stage };
  };
  const end = async (electron: FakeElectron, stage: Stage): Promise<void> => {
    electron.app.emit('before-quit');
    await stage.close();
    vi.useRealTimers();
  };

  it('is told of once, and closing the window ends the app', async () => {
    const { electron, stage } = await open();
    await vi.advanceTimersByTimeAsync(TRAY_CHECK_MS);
    await stage.until('the word', () => stage.shown.notifications.length === 1);
    expect(stage.shown.notifications[0]?.title).toBe('Bowline runs without a tray icon');
    expect(electron.app.exitCode).toBe(null);
    stage.shown.windows[0]!.close();
    expect(electron.app.exitCode).toBe(0);
    await end(electron, stage);
  });

  it('is left with nothing that runs unseen by a window that was closed before that was known', async () => {
    const { electron, stage } = await open();
    stage.shown.windows[0]!.close();
    expect(electron.app.exitCode).toBe(null);
    await vi.advanceTimersByTimeAsync(TRAY_CHECK_MS);
    expect(electron.app.exitCode).toBe(0);
    await end(electron, stage);
  });
});

describe('a second start of the app', () => {
  it('opens the window of the first, unless the desktop has started it hidden', async () => {
    const electron = new FakeElectron();
    const stage = new Stage(electron.api, { wake: () => undefined, tryForbidden: async () => ({}) as never });
    await stage.open({ withDaemon: false, host: { argv: ['--hidden'] } });
    electron.app.emit('second-instance', {}, ['/opt/Bowline/bowline-app', '--hidden']);
    expect(stage.shown.windows).toHaveLength(0);
    electron.app.emit('second-instance', {}, ['/opt/Bowline/bowline-app']);
    expect(stage.shown.windows).toHaveLength(1);
    electron.app.emit('before-quit');
    await stage.close();
  });

  it('ends at once', () => {
    const electron = new FakeElectron();
    electron.app.isFirstInstance = false;
    const stage = new Stage(electron.api, { wake: () => undefined, tryForbidden: async () => ({}) as never });
    void stage.open({ withDaemon: false });
    expect(stage.desktop).toBe(null);
    expect(electron.app.exitCode).toBe(0);
    void stage.close();
  });
});

describe('a pause', () => {
  const options = (pausedUntil: number | null, now: () => number) => ({
    now,
    pausedUntil,
    onChanged: vi.fn(),
    onResume: vi.fn(),
  });

  it('that ended while the app was closed resumes at the start, once', () => {
    const given = options(5_000, () => 6_000);
    const pause = new Pause(given);
    pause.check();
    pause.check();
    expect(given.onResume).toHaveBeenCalledTimes(1);
    expect(given.onChanged).toHaveBeenLastCalledWith(null);
  });

  it('is not ended by snapshots from before it, but by somebody who switches on', () => {
    const given = options(null, () => 0);
    const pause = new Pause(given);
    pause.begin();
    pause.observe(true);
    expect(pause.until).toBe(3_600_000);
    pause.observe(false);
    pause.observe(true);
    expect(pause.until).toBe(null);
    expect(given.onResume).not.toHaveBeenCalled();
    pause.close();
  });
});

describe('autostart', () => {
  it('is on after it was set, off after the desktop switched it off, and gone after it was cleared', () => {
    const autostart = new Autostart(dir, '/opt/Bowline/bowline-app');
    expect(autostart.isEnabled).toBe(false);
    autostart.set(true);
    expect(autostart.isEnabled).toBe(true);
    const path = join(dir, 'autostart/bowline.desktop');
    writeFileSync(path, readFileSync(path, 'utf8').replace('enabled=true', 'enabled=false'));
    expect(autostart.isEnabled).toBe(false);
    autostart.set(false);
    autostart.set(false);
    expect(existsSync(path)).toBe(false);
  });

  it('follows an AppImage that was replaced, and nothing else', () => {
    const path = join(dir, 'autostart/bowline.desktop');
    const old = join(dir, 'a b/50% "x"$y.AppImage');
    mkdirSync(join(dir, 'a b'));
    writeFileSync(old, '');
    const present = join(dir, 'Bowline-2.AppImage');
    new Autostart(dir, old).set(true);
    const entry = readFileSync(path, 'utf8');
    new Autostart(dir, present).follow();
    expect(readFileSync(path, 'utf8'), 'the old one is still there').toBe(entry);
    rmSync(old);
    new Autostart(dir, present).follow();
    expect(readFileSync(path, 'utf8')).toBe(autostartEntry(present));

    writeFileSync(path, entry.replace('enabled=true', 'enabled=false'));
    new Autostart(dir, present).follow();
    expect(readFileSync(path, 'utf8'), 'switched off by the desktop').toContain('50%%');
    writeFileSync(path, '[Desktop Entry]\nExec=bowline-app --hidden\n');
    new Autostart(dir, present).follow();
    expect(readFileSync(path, 'utf8'), 'written by somebody else').toContain('Exec=bowline-app');
    rmSync(path);
    new Autostart(dir, present).follow();
    expect(existsSync(path)).toBe(false);
  });

  it('escapes paths by the rules of desktop entries', () => {
    const line = autostartEntry('/home/a b/50% "x"$y/Bowline.AppImage').split('\n')[5];
    expect(line).toBe('Exec="/home/a b/50%% \\\\"x\\\\"\\\\$y/Bowline.AppImage" --hidden');
  });
});

describe('the window before its page', () => {
  it('has the background that the page has', () => {
    const tokens = readFileSync(new URL('../../../src-renderer/styles/tokens.css', import.meta.url), 'utf8');
    const [light, dark] = [...tokens.matchAll(/--page: (#\w+);/g)].map(([, colour]) => colour);
    expect(BACKGROUND).toEqual({ light, dark });
  });
});

describe('the languages of the desktop', () => {
  it.each([
    [{ LANGUAGE: 'de_AT:en', LANG: 'fr_FR.UTF-8' }, ['de_AT', 'en', 'fr_FR.UTF-8']],
    [{ LC_ALL: '', LC_MESSAGES: 'de_DE.UTF-8', LANG: 'C' }, ['de_DE.UTF-8']],
    [{}, []],
  ])('of %j are %j', (env, languages) => {
    expect(preferredLanguages(env)).toEqual(languages);
  });
});

describe('the state of the desktop', () => {
  it('outlives a restart, and fields of newer versions with it', () => {
    const path = join(dir, 'desktop.json');
    new DesktopStateFile(path, fail).change({ language: 'de' });
    const newer = { ...(JSON.parse(readFileSync(path, 'utf8')) as object), later: 7 };
    writeFileSync(path, JSON.stringify(newer));
    new DesktopStateFile(path, fail).change({ wasProtectionTold: true });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      language: 'de',
      wasProtectionTold: true,
      later: 7,
    });
  });

  it('is set aside when damaged, and the app begins afresh', () => {
    const path = join(dir, 'desktop.json');
    writeFileSync(path, '{ "version": 1, ');
    const faults: unknown[] = [];
    expect(new DesktopStateFile(path, (fault) => faults.push(fault)).state.language).toBe('system');
    expect(readFileSync(`${path}.damaged`, 'utf8')).toBe('{ "version": 1, ');
    expect(faults).toHaveLength(1);
  });
});

describe('the preview of links', () => {
  it('names what could be a link, and leaves out what is made of software', () => {
    const facts = { operstate: 'up', virtual: false, internal: false, ip4: '192.0.2.1', ip6: '' };
    expect(
      previewLinks([
        { ...facts, iface: 'wlan0', type: 'wireless', operstate: 'down' },
        { ...facts, iface: 'eth0', type: 'wired' },
        { ...facts, iface: 'enx001122334455', type: 'wired', ip4: '' },
        { ...facts, iface: 'lo', type: 'virtual', internal: true },
        { ...facts, iface: 'docker0', type: 'wired' },
        { ...facts, iface: 'bowline0', type: 'virtual', virtual: true },
      ]),
    ).toEqual([
      { name: 'enx001122334455', kind: 'usb', isUp: false },
      { name: 'eth0', kind: 'ethernet', isUp: true },
      { name: 'wlan0', kind: 'wifi', isUp: false },
    ]);
  });
});

describe('what came of the question for the password', () => {
  it.each([
    ['User did not grant permission.', 'dismissed'],
    ['No polkit authentication agent found.', 'cannot-ask'],
    ['Unable to find pkexec or kdesudo.', 'cannot-ask'],
    ['Command failed', 'failed'],
  ])('%s: %s', (message, kind) => {
    expect(outcomeOf(new Error(message), '').kind).toBe(kind);
  });

  it('is told apart by texts that the package still has', () => {
    const source = readFileSync(
      new URL('../../../node_modules/@vscode/sudo-prompt/index.js', import.meta.url),
      'utf8',
    );
    for (const text of [
      'did not grant permission.',
      'No polkit authentication agent found.',
      'pkexec or kdesudo.',
    ]) {
      expect(source).toContain(text);
    }
  });
});

describe('the log of the app', () => {
  it('stays below twice half a megabyte', () => {
    const log = new LogFile(join(dir, 'app.log'), () => 0);
    for (let line = 0; line < 1500; line += 1) log.write('info', 'x', { text: 'y'.repeat(1000) });
    expect(readFileSync(log.path).length).toBeLessThan(600_000);
    expect(existsSync(`${log.path}.1`)).toBe(true);
    expect(existsSync(`${log.path}.2`)).toBe(false);
  });
});

function fail(error: unknown): void {
  throw error as Error;
}
