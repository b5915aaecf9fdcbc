import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { offStatus, protectedStatus } from '../support/status.ts';
import type { Stage } from './stage.ts';

/**
 * What the app does, told by what can be seen of it. Each scenario runs against the double of Electron, and in Electron
 * itself where its binary is present; so it must not use anything that only the double has.
 */
export const SCENARIOS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'the tray follows the status, and its tooltip is the headline': async (stage) => {
    await stage.open();
    assert.deepEqual(stage.rows().slice(0, 2), ['Off', "Internet uses this laptop's own connection"]);
    stage.daemon.become(protectedStatus());
    await stage.until('protection', () => stage.rows()[0] === 'Protected on Ethernet');
    assert.equal(stage.shown.tray?.tooltip, 'Protected on Ethernet');
    assert.deepEqual(stage.rows(), [
      'Protected on Ethernet',
      'Wi-Fi stands by',
      'Protection',
      'Ethernet: 0.4 ms, carrying',
      'Wi-Fi: 0.4 ms, stands by',
      'I am leaving my desk',
      'Pause for 1 hour',
      'Open Bowline',
      'Turn off and quit',
    ]);
  },

  'the switch in the tray asks the daemon, and shows what the daemon says': async (stage) => {
    await stage.open();
    assert.equal(stage.row('Protection').checked, false);
    stage.row('Protection').click();
    await stage.until('protection', () => stage.row('Protection').checked);
    assert.deepEqual(stage.daemon.calls, [{ method: 'connection.setWanted', params: { wanted: true } }]);
  },

  'the window is sandboxed, isolated and without Node': async (stage) => {
    await stage.open();
    const { webPreferences } = stage.shown.windowOptions[0]!;
    assert.equal(webPreferences?.sandbox, true);
    assert.equal(webPreferences?.contextIsolation, true);
    assert.equal(webPreferences?.nodeIntegration, false);
    assert.deepEqual(await stage.inPage('Object.keys(window.bridge).sort()'), ['call', 'shell', 'subscribe']);
    assert.deepEqual(await stage.inPage('[typeof window.require, typeof window.process]'), [
      'undefined',
      'undefined',
    ]);
  },

  'a call of the window reaches the daemon and its answer comes back': async (stage) => {
    await stage.open();
    const answer = await stage.inPage(
      `window.bridge.call('link.setPriority', { name: 'eth0', priority: 'backup' })`,
    );
    assert.deepEqual(answer, { ok: true, value: {} });
    assert.deepEqual(stage.daemon.calls, [
      { method: 'link.setPriority', params: { name: 'eth0', priority: 'backup' } },
    ]);
  },

  'a failure of the daemon comes back as it is': async (stage) => {
    await stage.open();
    const answer = await stage.inPage(
      `window.bridge.call('link.setPriority', { name: 'eth9', priority: 'auto' })`,
    );
    assert.deepEqual(answer, {
      ok: false,
      error: { code: 'NO_SUCH_LINK', message: 'no link eth9; see bowline links' },
    });
  },

  'the window may call nothing beyond the contract': async (stage) => {
    await stage.open();
    for (const method of ['box.revoke', 'status.subscribe', '__proto__', 'toString']) {
      const answer = await stage.inPage(`window.bridge.call('${method}', {})`);
      assert.equal((answer as { error: { code: string } }).error.code, 'UNKNOWN_METHOD', method);
    }
    const answer = await stage.inPage(`window.bridge.call('mode.set', { mode: 'fastest' })`);
    assert.equal((answer as { error: { code: string } }).error.code, 'INVALID_PARAMS');
    assert.deepEqual(stage.daemon.calls, []);
  },

  'the window gets a snapshot first, then changes, and hears when the daemon goes and comes': async (
    stage,
  ) => {
    await stage.open();
    await stage.inPage(`(window.heard = [], window.stop = window.bridge.subscribe('status.changed', {
      onEvent: (status) => window.heard.push(status.state),
      onUnreachable: (error) => window.heard.push(error.code),
    }), true)`);
    const heard = async (): Promise<string[]> => (await stage.inPage('window.heard')) as string[];
    await stage.until('the snapshot', async () => (await heard()).includes('off'));
    stage.daemon.become(protectedStatus());
    await stage.until('the change', async () => (await heard()).at(-1) === 'protected');
    await stage.daemon.stop();
    await stage.until('the end', async () => (await heard()).includes('CONNECTION_LOST'));
    await stage.until('the tray', () => stage.rows()[0] === 'Service not running');
    stage.daemon.status = offStatus();
    await stage.daemon.start(stage.socketPath);
    await stage.until('the return', async () => (await heard()).at(-1) === 'off');
    await stage.until('the tray', () => stage.rows()[0] === 'Off');

    const count = (await heard()).length;
    await stage.inPage('(window.stop(), true)');
    stage.daemon.become(protectedStatus());
    await stage.until('the tray', () => stage.rows()[0] === 'Protected on Ethernet');
    assert.equal((await heard()).length, count);
  },

  'without a daemon the tray says so, shows the links, and opens the window to fix it': async (stage) => {
    stage.isServiceInstalled = false;
    await stage.open({ withDaemon: false, host: { argv: ['--hidden'] } });
    assert.equal(stage.shown.windows.length, 0);
    await stage.until('the links', () => stage.rows().includes('Ethernet: connected'));
    assert.deepEqual(stage.rows(), [
      'Service not running',
      'The Bowline service has no socket here; internet is direct',
      'Set up the service...',
      'Protection',
      'Ethernet: connected',
      'Wi-Fi: not connected',
      'Open Bowline',
      'Quit',
    ]);
    assert.equal(stage.row('Protection').enabled, false);
    stage.row('Set up the service...').click();
    await stage.until('the window', () => stage.shown.windows[0]?.isVisible() === true);
  },

  'a socket without permission needs permission': async (stage) => {
    await stage.daemon.start(stage.socketPath, { access: { groupId: null, rightOf: () => null } });
    await stage.open({ withDaemon: false });
    await stage.until('the reason', () => stage.rows()[0] === 'Permission needed');
  },

  'the service is set up by one command of root, once at a time': async (stage) => {
    await stage.open({ withDaemon: false });
    const answer = await stage.inPage(
      `Promise.all([window.bridge.shell.fixService('stopped'), window.bridge.shell.fixService('stopped')])`,
    );
    assert.deepEqual(answer, [
      { ok: true, value: null },
      { ok: true, value: null },
    ]);
    assert.equal(stage.rootCommands.length, 1);
    assert.match(stage.rootCommands[0]!, /^echo [A-Za-z0-9+/=]+ \| base64 -d \| \/bin\/sh -s$/);
  },

  'the window hears what carries the links': async (stage) => {
    await stage.open();
    const media = await stage.inPage('window.bridge.shell.readLinkMedia()');
    assert.deepEqual(media, [
      {
        name: 'wlan0',
        addresses: ['192.168.1.21'],
        speedBitsPerSecond: 866e6,
        network: 'attic',
        signalDbm: -52,
      },
    ]);
  },

  'a closed question for the password is no failure': async (stage) => {
    stage.rootOutcome = { kind: 'dismissed' };
    await stage.open({ withDaemon: false });
    const answer = await stage.inPage(`window.bridge.shell.fixService('stopped')`);
    assert.equal((answer as { error: { isCancelled: boolean } }).error.isCancelled, true);
  },

  'preferences are kept, and the app starts with the desktop if it is to': async (stage) => {
    await stage.open();
    assert.deepEqual(await stage.inPage('window.bridge.shell.preferences'), {
      language: 'system',
      startsAtLogin: false,
    });
    const answer = await stage.inPage(
      `window.bridge.shell.setPreferences({ language: 'de', startsAtLogin: true })`,
    );
    assert.deepEqual(answer, { ok: true, value: { language: 'de', startsAtLogin: true } });
    const entry = readFileSync(join(stage.dir, 'config/autostart/bowline.desktop'), 'utf8');
    assert.match(entry, /^Exec="\/opt\/Bowline\/bowline-app" --hidden$/m);
    const state = JSON.parse(readFileSync(join(stage.dir, 'user/desktop.json'), 'utf8')) as {
      language: string;
    };
    assert.equal(state.language, 'de');
    await stage.inPage(`window.bridge.shell.setPreferences({ startsAtLogin: false })`);
    assert.equal(existsSync(join(stage.dir, 'config/autostart/bowline.desktop')), false);
  },

  'the language of the desktop is spoken, and another one as soon as it is chosen': async (stage) => {
    await stage.open({ host: { languages: ['de_DE.UTF-8'] } });
    assert.deepEqual(stage.rows(), [
      'Aus',
      'Das Internet läuft über die eigene Verbindung dieses Laptops',
      'Schutz',
      'Ethernet: 0,4 ms, trägt',
      'WLAN: 0,4 ms, steht bereit',
      'Bowline öffnen',
      'Beenden',
    ]);
    await stage.inPage(`window.bridge.shell.setPreferences({ language: 'en' })`);
    await stage.until('English', () => stage.rows()[0] === 'Off');
  },

  'closing the window hides it, and opening brings the same one back': async (stage) => {
    await stage.open();
    const window = stage.shown.windows[0]!;
    window.close();
    assert.equal(window.isDestroyed(), false);
    await stage.until('hiding', () => !window.isVisible());
    stage.row('Open Bowline').click();
    await stage.until('showing', () => window.isVisible());
    assert.equal(stage.shown.windows.length, 1);
  },

  'a switch is told while the window is hidden, and not while it is seen': async (stage) => {
    await stage.open();
    const switched = (to: string) =>
      protectedStatus({
        carrying: [to],
        lastSwitch: {
          at: new Date().toISOString(),
          from: 'eth0',
          to,
          reason: 'carrier-lost',
          gapMicros: 8300,
          replayedPackets: 7,
        },
      });
    stage.daemon.become(protectedStatus());
    await stage.until('protection', () => stage.rows()[0] === 'Protected on Ethernet');
    stage.daemon.become(switched('wlan0'));
    await stage.until('the switch', () => stage.rows()[0] === 'Switched to Wi-Fi');
    assert.deepEqual(stage.shown.notifications, []);

    stage.shown.windows[0]!.close();
    stage.daemon.become(switched('eth0'));
    await stage.until('the notification', () => stage.shown.notifications.length === 1);
    const { title, body } = stage.shown.notifications[0]!;
    assert.deepEqual([title, body], ['Switched to Ethernet', '8.3 ms gap, 7 packets sent again']);
    stage.row('Open Bowline').click();
    await stage.until('the withdrawal', () => stage.shown.notifications.length === 0);
  },

  'a pause switches off, says until when, and resumes when the time has come': async (stage) => {
    stage.daemon.status = protectedStatus();
    await stage.open();
    stage.row('Pause for 1 hour').click();
    await stage.until('the pause', () => stage.rows()[0] === 'Paused');
    assert.equal(stage.rows().filter((row) => row.startsWith('Resume now')).length, 1);
    stage.clockOffsetMs = 3_600_001;
    stage.tools.wake();
    await stage.until('protection', () => stage.row('Protection').checked);
    assert.deepEqual(
      stage.daemon.calls.map(({ params }) => params),
      [{ wanted: false }, { wanted: true }],
    );
  },

  'an error that nobody expected is told in one sentence and written to the log': async (stage) => {
    await stage.open();
    stage.throwUncaught(new Error('the sky is falling'));
    stage.throwUncaught(new Error('again'));
    const [told, ...more] = stage.shown.notifications;
    assert.equal(told?.title, 'Bowline met an error');
    assert.doesNotMatch(told.body, /sky|\n|\.ts/);
    assert.deepEqual(more, []);
    const log = readFileSync(join(stage.dir, 'user/bowline-app.log'), 'utf8');
    assert.match(log, /the sky is falling/);
    assert.match(log, /again/);
  },

  'an error before the app is ready is told as soon as it can be': async (stage) => {
    const opening = stage.open({ withDaemon: false, host: { argv: ['--hidden'] } });
    stage.throwUncaught(new Error('too early'));
    await opening;
    await stage.until('the notification', () => stage.shown.notifications.length === 1);
    assert.equal(stage.shown.notifications[0]?.title, 'Bowline met an error');
  },

  'the window has the colour of its page before the page is there': async (stage) => {
    await stage.open();
    const { backgroundColor } = stage.shown.windowOptions[0]!;
    assert.ok(backgroundColor === '#f3f5f6' || backgroundColor === '#0f1519', backgroundColor);
  },

  'other pages, windows and permissions are refused': async (stage) => {
    await stage.open();
    await stage.inPage('true');
    assert.deepEqual(await stage.tools.tryForbidden(stage), {
      navigation: true,
      'new window': true,
      permission: true,
    });
  },

  'quitting while on switches off first': async (stage) => {
    stage.daemon.status = protectedStatus();
    await stage.open();
    stage.row('Turn off and quit').click();
    await stage.until('the call', () => stage.daemon.calls.length === 1);
    assert.deepEqual(stage.daemon.calls[0]?.params, { wanted: false });
    await stage.until('the end', () => stage.shown.tray === null);
  },
};
