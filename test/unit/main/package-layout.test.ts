import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extractFile, listPackage } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { Arch, build, Platform } from 'electron-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * electron-builder with a stand-in for Electron: a file with Electron's name that holds nothing but the place where
 * its fuses are. What is proven is where everything of ours ends up, how the fuses are set, and what the packages are
 * made of; that Electron starts from it is for a machine with Electron.
 */

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;
/** What marks the fuses in Electron's binary; behind it version 1, their number, and a digit for each. */
const FUSE_SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSE_COUNT = 9;

describe('the unpacked package', () => {
  let dir: string;
  let unpacked: string;
  let fpmArguments: readonly string[] = [];
  let desktopEntry = '';
  /** By option; electron-builder removes its filled-in copies at the end. */
  const scripts: Record<string, string> = {};

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'bowline-layout-'));
    makeProject(dir);
    makeElectron(join(dir, 'electron'));
    await build({
      projectDir: dir,
      targets: Platform.LINUX.createTarget(['deb'], Arch[process.arch as 'x64' | 'arm64']),
      publish: 'never',
      config: {
        extends: 'electron-builder.yml',
        electronDist: join(dir, 'electron'),
        electronVersion: '45.4.1',
      },
      // Electron's packager asks this right before it would start fpm, which is not here.
      effectiveOptionComputed: async ([args]: [string[]]) => {
        fpmArguments = args;
        const entry = args.find((argument) => argument.includes('=/usr/share/applications/'));
        desktopEntry = readFileSync(entry?.split('=')[0] ?? '', 'utf8');
        for (const option of ['--after-install', '--before-remove', '--after-remove']) {
          scripts[option] = readFileSync(scriptPath(args, option, dir), 'utf8');
        }
        return true;
      },
    });
    unpacked = join(dir, 'dist/packages', process.arch === 'x64' ? 'linux-unpacked' : 'linux-arm64-unpacked');
  }, 120_000);

  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('has the app’s code in the archive, and no package of npm, source or map', () => {
    const files = listPackage(join(unpacked, 'resources/app.asar'), { isPack: false });
    expect(files).toEqual(
      expect.arrayContaining([
        '/package.json',
        '/dist/app/main.js',
        '/dist/app/preload.cjs',
        '/dist/window/index.html',
      ]),
    );
    expect(files).toContain('/assets/tray/dark/one-bar-24.png');
    expect(files.filter((file) => /node_modules|\.map$|\.ts$|\/src-|service/.test(file))).toEqual([]);
    const manifest = JSON.parse(
      extractFile(join(unpacked, 'resources/app.asar'), 'package.json').toString(),
    ) as {
      main: string;
    };
    expect(files).toContain(`/${manifest.main}`);
  });

  it('has windows that the desktop finds the entry of', () => {
    const manifest = JSON.parse(
      extractFile(join(unpacked, 'resources/app.asar'), 'package.json').toString(),
    ) as { desktopName: string };
    expect(manifest.desktopName).toBe('org.bowline.Bowline.desktop');
    expect(desktopEntry).toMatch(/^StartupWMClass=org\.bowline\.Bowline$/m);
    expect(desktopEntry).toMatch(/^Exec=\/opt\/Bowline\/bowline-app %U$/m);
  });

  it('has the service beside the archive, as files that can be run', () => {
    const service = join(unpacked, 'resources/service');
    for (const file of ['node', 'bin/bowlined', 'dist/bin/bowlined.js', 'service-setup.sh', 'SHA256SUMS']) {
      expect(existsSync(join(service, file)), file).toBe(true);
    }
    for (const unit of readdirSync(join(service, 'systemd'))) {
      const text = readFileSync(join(service, 'systemd', unit), 'utf8');
      const programs = [...text.matchAll(/@PREFIX@\/(\S+)/g)].map(([, path = '']) => path);
      expect(programs.filter((path) => !existsSync(join(service, path)))).toEqual([]);
    }
    execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: service });
    symlinkSync(join(service, 'bin/bowlined'), join(dir, 'bowlined'));
    expect(execFileSync(join(dir, 'bowlined'), ['run'], { encoding: 'utf8' })).toMatch(
      /^node .*dist\/bin\/bowlined\.js run$/m,
    );
  });

  it('has the fuses set: no Node inside, only the archive, no extra rights for files', async () => {
    const wire = await getCurrentFuseWire(join(unpacked, 'bowline-app'));
    const isOn = (option: FuseV1Options): boolean => Number(wire[option]) === '1'.charCodeAt(0);
    expect({
      runAsNode: isOn(FuseV1Options.RunAsNode),
      nodeOptions: isOn(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      inspect: isOn(FuseV1Options.EnableNodeCliInspectArguments),
      onlyArchive: isOn(FuseV1Options.OnlyLoadAppFromAsar),
      fileRights: isOn(FuseV1Options.GrantFileProtocolExtraPrivileges),
      cookies: isOn(FuseV1Options.EnableCookieEncryption),
    }).toEqual({
      runAsNode: false,
      nodeOptions: false,
      inspect: false,
      onlyArchive: true,
      fileRights: false,
      cookies: true,
    });
  });

  it('brings units, user, desktop entry, icons and maintainer scripts to a deb', () => {
    const places = fpmArguments
      .filter((argument) => /=\/(usr|opt)/.test(argument))
      .map((argument) => argument.split('=/')[1]);
    expect(places).toEqual(
      expect.arrayContaining([
        'opt/Bowline',
        'usr/lib/systemd/system/bowlined.service',
        'usr/lib/systemd/system/bowline-box.service',
        'usr/lib/sysusers.d/bowline.conf',
        'usr/share/polkit-1/rules.d/50-bowline.rules',
        'usr/share/applications/org.bowline.Bowline.desktop',
        'usr/share/icons/hicolor/48x48/apps/bowline-app.png',
      ]),
    );
    expect(scripts['--after-install']).toContain('service-setup.sh" install');
    expect(scripts['--after-install']).toContain('systemctl try-restart bowline-box.service');
    expect(scripts['--before-remove']).toContain('service-setup.sh remove');
    expect(scripts['--after-remove']).toContain('purge');
    expect(existsSync(join(unpacked, 'resources/apparmor-profile'))).toBe(true);
  });
});

/** Where a maintainer script is: after its option, or behind an equals sign and relative to the project. */
function scriptPath(args: readonly string[], option: string, projectDir: string): string {
  const at = args.findIndex((argument) => argument === option || argument.startsWith(`${option}=`));
  const inline = args[at]?.split('=')[1];
  return inline === undefined ? args[at + 1]! : join(projectDir, inline);
}

/** A checkout with what `npm run package` would have made. */
function makeProject(dir: string): void {
  for (const name of ['package.json', 'electron-builder.yml', 'packaging', 'assets']) {
    cpSync(join(PROJECT_DIR, name), join(dir, name), { recursive: true });
  }
  put(join(dir, 'dist/app/main.js'), 'export {};');
  put(join(dir, 'dist/app/main.js.map'), '');
  put(join(dir, 'dist/app/preload.cjs'), '');
  put(join(dir, 'dist/window/index.html'), '');
  put(join(dir, 'node_modules/zod/package.json'), '{ "name": "zod", "version": "4.6.7" }');
  for (const name of ['bowline', 'bowlined', 'bowline-gate', 'bowline-box'])
    put(join(dir, `dist/bin/${name}.js`), '');
  put(join(dir, 'dist/build/Release/bowline.node'), '');
  const script = `
    const { assemblePayload } = await import(${JSON.stringify(`${PROJECT_DIR}scripts/lib/service-payload.mjs`)});
    assemblePayload(${JSON.stringify(join(dir, 'dist/service'))}, {
      projectDir: ${JSON.stringify(`${dir}/`)},
      node: ${JSON.stringify(join(dir, 'fake-node'))},
    });`;
  put(join(dir, 'fake-node'), '#!/bin/sh\necho node "$@"\n', 0o755);
  execFileSync(process.execPath, ['--input-type=module', '-e', script]);
}

function makeElectron(dir: string): void {
  const wire = Buffer.concat([
    Buffer.from(FUSE_SENTINEL),
    Buffer.from([1, FUSE_COUNT]),
    Buffer.alloc(FUSE_COUNT, '1'),
  ]);
  put(
    join(dir, 'electron'),
    Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(64), wire, Buffer.alloc(64)]),
    0o755,
  );
  put(join(dir, 'chrome-sandbox'), '', 0o755);
  put(join(dir, 'version'), '45.4.1');
  put(join(dir, 'LICENSE'), '');
  put(join(dir, 'LICENSES.chromium.html'), '');
  put(join(dir, 'locales/en-US.pak'), '');
}

function put(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
}
