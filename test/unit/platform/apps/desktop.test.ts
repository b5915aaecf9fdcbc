import { describe, expect, it } from 'vitest';
import { appOfUnit } from '../../../../src-platform/apps/app-units.ts';
import { commandOf, parseEntry } from '../../../../src-platform/apps/desktop-entries.ts';
import { findGroupRoot } from '../../../../src-platform/apps/control-groups.ts';

describe('the app of a service manager’s group', () => {
  it.each([
    ['app-gnome-firefox-12345.scope', 'firefox'],
    ['app-gnome-org.gnome.Nautilus-2233.scope', 'org.gnome.Nautilus'],
    ['app-flatpak-org.mozilla.firefox-4711.scope', 'org.mozilla.firefox'],
    ['app-org.kde.kate@0a1b2c3d.service', 'org.kde.kate'],
    ['app-org.kde.kate-99.scope', 'org.kde.kate'],
    ['app-dbus\\x2d:1.2\\x2dorg.gnome.Calendar@1.service', 'dbus-:1.2-org.gnome.Calendar'],
    ['app-gnome-my\\x2dapp-7.scope', 'my-app'],
    ['app-nextcloud@autostart.service', 'nextcloud'],
    ['snap.firefox.firefox-0f8fad5b-d9cb-469f-a165-70867728950e.scope', 'firefox_firefox'],
    ['snap.code.url-handler-0f8fad5b-d9cb-469f-a165-70867728950e.scope', 'code_url-handler'],
    ['app.slice', null],
    ['session-2.scope', null],
    ['dbus.service', null],
  ])('%s is %s', (unit, app) => {
    expect(appOfUnit(unit)).toBe(app);
  });
});

describe('a desktop entry', () => {
  it('tells name, words to search for, icon and command', () => {
    const text = [
      '# made by hand',
      '[Desktop Entry]',
      'Type=Application',
      'Name=Fire\\sfox',
      'Name[de]=Feuerfuchs',
      'GenericName=Web Browser',
      'Keywords=Internet;WWW;Web Browser;',
      'Icon=firefox',
      'Exec=env MOZ_X=1 /usr/lib/firefox/firefox "--name=a b" %u',
      'SingleMainWindow=true',
      '[Desktop Action new-window]',
      'Name=New Window',
      'Exec=/usr/bin/other',
    ].join('\n');
    expect(parseEntry('firefox', 'system', text)).toEqual({
      id: 'firefox',
      name: 'Fire fox',
      keywords: ['Web Browser', 'Internet', 'WWW'],
      origin: 'system',
      icon: 'firefox',
      command: ['env', 'MOZ_X=1', '/usr/lib/firefox/firefox', '--name=a b'],
      isSingleInstance: true,
    });
  });

  it('that people do not start is no app', () => {
    const entry = '[Desktop Entry]\nType=Application\nName=Daemon\nExec=x\n';
    expect(parseEntry('x', 'system', entry)).not.toBeNull();
    expect(parseEntry('x', 'system', `${entry}NoDisplay=true\n`)).toBeNull();
    expect(parseEntry('x', 'system', entry.replace('Application', 'Link'))).toBeNull();
    expect(parseEntry('x', 'system', 'Name=no entry at all')).toBeNull();
  });

  it('of a sandbox leaves out where its files go', () => {
    expect(commandOf('/usr/bin/flatpak run --command=x org.x.Y @@u %U @@')).toEqual([
      '/usr/bin/flatpak',
      'run',
      '--command=x',
      'org.x.Y',
    ]);
  });
});

describe('the control groups', () => {
  it('are found where they are mounted whole', () => {
    const v1 = '36 29 0:34 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer';
    const part = '70 29 0:38 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
    const whole = '71 29 0:38 / /run/my\\040groups rw,nosuid - cgroup2 cgroup2 rw';
    expect(findGroupRoot([v1, part].join('\n'))).toBeNull();
    expect(findGroupRoot([v1, part, whole].join('\n'))).toBe('/run/my groups');
  });
});
