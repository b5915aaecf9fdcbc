import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getConfig, validateConfiguration } from 'app-builder-lib/out/util/config/config.js';
import { DebugLogger } from 'builder-util';
import {
  rootCommand,
  ServiceSetup,
  setupScript,
  type RootOutcome,
} from '../../../src-main/service/service-setup.ts';
import { desktopEn } from '../../../src-shared/i18n/desktop-en.ts';

const PROJECT_DIR = new URL('../../../', import.meta.url).pathname;
const UNITS = ['bowlined.service', 'bowline-box.service'];

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-packaging-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('electron-builder.yml', () => {
  it('is a configuration that electron-builder accepts, and names only files that exist', async () => {
    const config = await getConfig(PROJECT_DIR, 'electron-builder.yml', null);
    await validateConfiguration(config, new DebugLogger(false));
    const named = JSON.stringify(config).match(/(?:packaging|assets)\/[\w./-]*\w/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((path) => !existsSync(join(PROJECT_DIR, path)))).toEqual([]);
  });
});

describe('the service files', () => {
  it.for(UNITS)('%s exposes the system by 3.0 at most', (unit, { skip }) => {
    const path = join(dir, unit);
    writeFileSync(path, unitText(unit));
    const { error, stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', path], {
      encoding: 'utf8',
    });
    if (error !== undefined) skip('systemd-analyze is not installed');
    const exposure = Number(/Overall exposure level for \S+ ([\d.]+)/.exec(stdout.replace(/:/g, ''))?.[1]);
    expect(exposure).toBeLessThanOrEqual(3);
  });

  it.each(UNITS)('%s runs as its own user, with the capabilities it needs and nothing new', (unit) => {
    const needed = ['CAP_NET_ADMIN CAP_NET_RAW'];
    if (unit === 'bowlined.service') needed.push('CAP_BPF CAP_DAC_OVERRIDE CAP_SYS_PTRACE');
    const text = unitText(unit);
    expect(text).toMatch(/^User=bowline$/m);
    expect(text).toMatch(/^NoNewPrivileges=yes$/m);
    for (const setting of ['CapabilityBoundingSet', 'AmbientCapabilities'])
      expect(text.split('\n')).toContain(`${setting}=${needed.join(' ')}`);
  });
});

it.each(UNITS)('%s is started anew when it hangs, since packets and programs wait for it', (unit) => {
  expect(unitText(unit).split('\n')).toEqual(
    expect.arrayContaining(['Type=notify', 'WatchdogSec=30', 'Restart=on-failure']),
  );
});

describe('the step of root before the daemon’s start', () => {
  const lines = unitText('bowlined.service').split('\n');

  it('may fail, is heard by the manager, and has room in its store for what it hands over', () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        'ExecStartPre=-+/opt/x/bin/bowline-gate',
        'NotifyAccess=exec',
        'FileDescriptorStoreMax=1',
      ]),
    );
    // No other step has root's powers.
    expect(lines.filter((line) => /^Exec\w+=[-@:!]*\+/.test(line))).toHaveLength(1);
  });

  it('leaves the daemon the one call that it takes to use it, and not the one to open another', () => {
    const allowed = lines.flatMap((line) => /^SystemCallFilter=(?!~)(.*)$/.exec(line)?.[1]?.split(' ') ?? []);
    expect(allowed).toContain('fanotify_mark');
    expect(allowed).not.toContain('fanotify_init');
  });
});

describe('the rule for polkit', () => {
  const RESOLVED_ACTIONS = ['set-dns-servers', 'set-domains', 'set-default-route', 'set-llmnr', 'set-mdns'];

  it('lets the service tell systemd-resolved what it tells it, and nothing else', () => {
    const wanted = [...RESOLVED_ACTIONS, 'revert'].map((action) => `org.freedesktop.resolve1.${action}`);
    const others = ['org.freedesktop.resolve1.set-dnssec', 'org.freedesktop.login1.power-off'];
    const answers = [...wanted, ...others].map((id) => polkitAnswer(id, 'bowline'));
    expect(answers).toEqual([...wanted.map(() => 'yes'), ...others.map(() => 'not handled')]);
  });

  it.each(['root', 'ada', undefined])('lets the user %s do nothing', (user) => {
    expect(polkitAnswer('org.freedesktop.resolve1.set-dns-servers', user)).toBe('not handled');
  });
});

describe('service-setup.sh', () => {
  it('installs for a person, and takes all of it back', () => {
    const machine = new Machine(dir);
    const before = machine.files();
    machine.run('install', '--user', 'ada');
    expect(machine.calls()).toEqual([
      `systemd-sysusers --root=${machine.root} bowline.conf`,
      'usermod --append --groups bowline -- ada',
      'systemctl daemon-reload',
      'systemctl is-enabled --quiet bowlined.service',
      'systemctl enable --quiet bowlined.service',
      'systemctl restart bowlined.service',
    ]);
    expect(machine.read('etc/systemd/system/bowlined.service')).toContain(
      'ExecStart=/usr/local/lib/bowline/bin/bowlined run',
    );
    expect(existsSync(join(machine.root, 'usr/local/lib/bowline/node'))).toBe(true);
    expect(machine.read('etc/polkit-1/rules.d/50-bowline.rules')).toContain('polkit.addRule');

    machine.forgetCalls();
    machine.run('remove');
    expect(machine.calls()).toEqual([
      'systemctl disable --now --quiet bowlined.service',
      'gpasswd --delete ada bowline',
      'systemctl daemon-reload',
    ]);
    expect(machine.files()).toEqual(before);
  });

  it('may run again: the second time changes nothing but the files', () => {
    const machine = new Machine(dir);
    machine.run('install', '--user', 'ada');
    const files = machine.files();
    const record = machine.read('var/lib/bowline-setup/record');
    machine.run('install', '--user', 'ada');
    expect(machine.files()).toEqual(files);
    expect(machine.read('var/lib/bowline-setup/record')).toBe(record);
    machine.run('remove');
    machine.forgetCalls();
    machine.run('remove');
    expect(machine.calls()).toEqual([]);
  });

  it('leaves the files of a package alone', () => {
    const machine = new Machine(dir);
    mkdirSync(join(machine.root, 'usr/lib/systemd/system'), { recursive: true });
    writeFileSync(join(machine.root, 'usr/lib/systemd/system/bowlined.service'), 'packaged');
    const before = machine.files();
    machine.run('install', '--user', 'ada');
    expect(machine.files()).toEqual([...before, 'var/lib/bowline-setup/record'].sort());
    machine.run('remove');
    expect(machine.files()).toEqual(before);
  });

  it('takes back what it did when it fails half-way', () => {
    const machine = new Machine(dir, { failing: 'systemctl restart' });
    const before = machine.files();
    expect(() => machine.run('install', '--user', 'ada')).toThrow();
    expect(machine.calls()).toContain('gpasswd --delete ada bowline');
    expect(machine.files()).toEqual(before);
  });

  it('leaves a package’s service switched on when it does not start, and can take it back later', () => {
    const machine = new Machine(dir, { failing: 'systemctl restart' });
    mkdirSync(join(machine.root, 'usr/lib/systemd/system'), { recursive: true });
    writeFileSync(join(machine.root, 'usr/lib/systemd/system/bowlined.service'), 'packaged');
    expect(() => machine.run('install')).toThrow();
    expect(machine.calls()).toContain('systemctl enable --quiet bowlined.service');
    expect(machine.calls()).not.toContain('systemctl disable --now --quiet bowlined.service');
    machine.run('remove');
    expect(machine.calls()).toContain('systemctl disable --now --quiet bowlined.service');
  });

  it('keeps a service that worked when an update of it fails', () => {
    const machine = new Machine(dir);
    machine.run('install', '--user', 'ada');
    const files = machine.files();
    machine.fail('systemctl restart');
    expect(() => machine.run('install', '--user', 'ada')).toThrow();
    expect(machine.files()).toEqual(files);
  });

  it('does not take away what was there before', () => {
    const machine = new Machine(dir, { groups: 'ada bowline', enabled: true });
    mkdirSync(join(machine.root, 'usr/local/bin'), { recursive: true });
    writeFileSync(join(machine.root, 'usr/local/bin/bowline'), 'somebody else’s');
    machine.run('install', '--user', 'ada');
    machine.forgetCalls();
    machine.run('remove');
    expect(machine.calls()).toEqual(['systemctl daemon-reload']);
    expect(machine.read('usr/local/bin/bowline')).toBe('somebody else’s');
  });

  it.each(['root', 'a b', '$(id)', "a'b", 'a;b'])('refuses the user name %s', (name) => {
    const machine = new Machine(dir);
    expect(() => machine.run('install', '--user', name)).toThrow(/cannot be used/);
    expect(machine.calls()).toEqual([]);
  });
});

describe('the command of root', () => {
  it('has no character that a shell between double quotes would change', () => {
    const script = setupScript({
      action: 'install',
      stageDir: `/tmp/a 'b"$c`,
      digest: 'ab',
      userName: 'ada',
    });
    expect(rootCommand(script)).toMatch(/^[A-Za-z0-9+/= |-]+$/);
  });

  it('runs the script out of a copy that is as it was packaged', () => {
    const payload = makePayload(join(dir, `pay 'load`), 'touch "$0.ran"; echo "$@" >"$OUT"');
    const out = join(dir, 'out');
    runAsRoot(
      setupScript({ action: 'install', stageDir: payload.dir, digest: payload.digest, userName: 'ada' }),
      out,
    );
    expect(readFileSync(out, 'utf8')).toBe('install --user ada\n');
    expect(existsSync(join(payload.dir, 'service-setup.sh.ran'))).toBe(false);
  });

  it('copies what links lead to, so that nothing can be exchanged after it was compared', () => {
    const payload = makePayload(join(dir, 'payload'), '[ -f node ] && [ ! -L node ] && echo ran >"$OUT"');
    cpSync(join(payload.dir, 'node'), join(dir, 'elsewhere'));
    rmSync(join(payload.dir, 'node'));
    symlinkSync(join(dir, 'elsewhere'), join(payload.dir, 'node'));
    const out = join(dir, 'out');
    const { digest } = payload;
    runAsRoot(setupScript({ action: 'install', stageDir: payload.dir, digest, userName: 'ada' }), out);
    expect(readFileSync(out, 'utf8')).toBe('ran\n');
  });

  it.each(['service-setup.sh', 'node', 'SHA256SUMS'])('runs nothing if %s was changed', (file) => {
    const payload = makePayload(join(dir, 'payload'), 'echo ran >"$OUT"');
    writeFileSync(join(payload.dir, file), 'echo owned >"$OUT"\n');
    const out = join(dir, 'out');
    const script = setupScript({
      action: 'install',
      stageDir: payload.dir,
      digest: payload.digest,
      userName: 'ada',
    });
    expect(() => runAsRoot(script, out)).toThrow();
    expect(existsSync(out)).toBe(false);
  });
});

describe('the set-up by hand', () => {
  /** What a person is told when nothing on the desktop can ask for the password, up to the command. */
  const told = async (action: 'install' | 'remove', outcome: RootOutcome): Promise<string> => {
    const setup = new ServiceSetup({
      payloadDir: join(dir, `pay 'load`),
      userName: 'ada',
      temporaryDir: dir,
      runAsRoot: () => Promise.resolve(outcome),
      texts: () => desktopEn,
      onFault: () => undefined,
    });
    const answer = await setup[action]();
    return answer.ok ? '' : answer.error.message;
  };
  /** Runs the command as a person would, with a sudo that asks for nothing. */
  const run = (message: string): string => {
    const tools = join(dir, 'tools');
    mkdirSync(tools);
    writeFileSync(join(tools, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const out = join(dir, 'out');
    const env = { ...process.env, OUT: out, PATH: `${tools}:${process.env['PATH'] ?? ''}` };
    execFileSync('/bin/sh', ['-c', message.slice(message.indexOf('run: ') + 5)], { env, stdio: 'pipe' });
    return readFileSync(out, 'utf8');
  };

  it('copies first: root cannot read the files of an AppImage', async () => {
    const { dir: payloadDir } = makePayload(join(dir, `pay 'load`), 'echo "$@" >"$OUT"; touch "$0.ran"');
    expect(run(await told('install', { kind: 'cannot-ask' }))).toBe('install --user ada\n');
    expect(existsSync(join(payloadDir, 'service-setup.sh.ran'))).toBe(false);
  });

  it('is what a removal that failed leads to, and not its error', async () => {
    makePayload(join(dir, `pay 'load`), 'echo "$@" >"$OUT"');
    expect(run(await told('remove', { kind: 'failed', stderr: 'rm: busy' }))).toBe('remove\n');
  });
});

/** What the rule answers, in an engine that knows no more than polkit's does. */
function polkitAnswer(id: string, user: string | undefined): unknown {
  const script = readFileSync(join(PROJECT_DIR, 'packaging/polkit-1/50-bowline.rules'), 'utf8');
  const rules: ((action: { id: string }, subject: { user: string | undefined }) => unknown)[] = [];
  const polkit = {
    addRule: (rule: (typeof rules)[number]) => void rules.push(rule),
    Result: { YES: 'yes', NOT_HANDLED: 'not handled' },
  };
  runInNewContext(script, { polkit });
  return rules.map((rule) => rule({ id }, { user })).find((answer) => answer !== null);
}

function unitText(unit: string): string {
  return readFileSync(join(PROJECT_DIR, 'packaging/systemd', unit), 'utf8').replaceAll('@PREFIX@', '/opt/x');
}

function runAsRoot(script: string, out: string): void {
  execFileSync('/bin/bash', ['-c', rootCommand(script)], {
    env: { ...process.env, OUT: out },
    stdio: 'pipe',
  });
}

function makePayload(payloadDir: string, script: string): { dir: string; digest: string } {
  mkdirSync(payloadDir, { recursive: true });
  writeFileSync(join(payloadDir, 'service-setup.sh'), `${script}\n`);
  writeFileSync(join(payloadDir, 'node'), 'node');
  const sums = execFileSync('sha256sum', ['node', 'service-setup.sh'], { cwd: payloadDir });
  writeFileSync(join(payloadDir, 'SHA256SUMS'), sums);
  const digest = execFileSync('sha256sum', ['SHA256SUMS'], { cwd: payloadDir, encoding: 'utf8' }).slice(
    0,
    64,
  );
  return { dir: payloadDir, digest };
}

/** A folder that plays a machine, with stand-ins for the programs that would change the real one. */
class Machine {
  readonly root: string;
  readonly #sourceDir: string;
  readonly #toolsDir: string;
  readonly #callsPath: string;
  #failing = '';

  constructor(base: string, options: { failing?: string; groups?: string; enabled?: boolean } = {}) {
    this.root = join(base, 'root');
    this.#sourceDir = join(base, 'source');
    this.#toolsDir = join(base, 'tools');
    this.#callsPath = join(base, 'calls');
    this.#failing = options.failing ?? '';
    for (const folder of [this.root, this.#sourceDir, this.#toolsDir]) mkdirSync(folder);
    mkdirSync(join(this.root, 'etc/polkit-1/rules.d'), { recursive: true });
    for (const tool of ['systemctl', 'systemd-sysusers', 'usermod', 'gpasswd', 'setfacl']) {
      this.#tool(
        tool,
        `echo "${tool} $*" >>"$CALLS"; case "${tool} $*" in "$FAILING"*) [ -z "$FAILING" ] || exit 1 ;; esac
         case "$*" in is-enabled*) ${options.enabled === true ? 'exit 0' : 'exit 1'} ;; esac`,
      );
    }
    this.#tool('id', `case $1 in -nG) echo ${options.groups ?? 'ada'} ;; *) exec /usr/bin/id "$@" ;; esac`);
    this.forgetCalls();

    cpSync(join(PROJECT_DIR, 'packaging/service-setup.sh'), join(this.#sourceDir, 'service-setup.sh'));
    for (const part of ['systemd', 'sysusers.d', 'polkit-1']) {
      cpSync(join(PROJECT_DIR, 'packaging', part), join(this.#sourceDir, part), { recursive: true });
    }
    for (const file of ['node', 'bin/bowline', 'bin/bowlined', 'dist/bin/bowlined.js']) {
      mkdirSync(join(this.#sourceDir, file, '..'), { recursive: true });
      writeFileSync(join(this.#sourceDir, file), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    }
  }

  run(...args: readonly string[]): void {
    const script = join(this.#sourceDir, 'service-setup.sh');
    const { status, stderr } = spawnSync('sh', [script, ...args, '--root', this.root], {
      encoding: 'utf8',
      env: {
        PATH: `${this.#toolsDir}:/usr/bin:/bin`,
        CALLS: this.#callsPath,
        FAILING: this.#failing,
      },
    });
    if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  }

  fail(call: string): void {
    this.#failing = call;
  }

  calls(): readonly string[] {
    return readFileSync(this.#callsPath, 'utf8').split('\n').filter(Boolean);
  }

  forgetCalls(): void {
    writeFileSync(this.#callsPath, '');
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** All files and links; folders that are left empty do no harm. */
  files(): readonly string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
      .sort();
  }

  #tool(name: string, script: string): void {
    const path = join(this.#toolsDir, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }
}
