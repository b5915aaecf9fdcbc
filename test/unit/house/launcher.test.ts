import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launcherText } from '../../../scripts/lib/launcher.mjs';

interface Started {
  readonly bundle: string;
  readonly args: string[];
  readonly flags: string[];
  readonly pid: number;
}

describe('a launcher', () => {
  let dir: string;
  let launcher: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bowline launcher-'));
    mkdirSync(join(dir, 'bin'));
    mkdirSync(join(dir, 'dist/bin'), { recursive: true });
    launcher = join(dir, 'bin/hello');
    writeFileSync(
      join(dir, 'dist/bin/hello.mjs'),
      `console.log(JSON.stringify({ bundle: import.meta.filename, args: process.argv.slice(2), flags: process.execArgv, pid: process.pid }));`,
    );
    install(process.execPath);
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('finds its bundle from any folder', () => {
    expect(start(launcher, { cwd: '/' })).toMatchObject({ bundle: join(dir, 'dist/bin/hello.mjs') });
  });

  it('finds its bundle through a chain of links, one of them relative', () => {
    mkdirSync(join(dir, 'far/links'), { recursive: true });
    symlinkSync('../../bin/hello', join(dir, 'far/links/one'));
    symlinkSync(join(dir, 'far/links/one'), join(dir, 'far/links/two'));
    expect(start(join(dir, 'far/links/two'))).toMatchObject({ bundle: join(dir, 'dist/bin/hello.mjs') });
  });

  it('finds its bundle when it is started by name', () => {
    const started = start('hello', { path: `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}` });
    expect(started).toMatchObject({ bundle: join(dir, 'dist/bin/hello.mjs') });
  });

  it('hands arguments over untouched', () => {
    const args = ['run', '', 'two words', '*', '$HOME', `it's`, '--', '-x'];
    expect(start(launcher, { args }).args).toEqual(args);
  });

  it('becomes the program, so that the pid that was started is the one to stop', () => {
    const child = spawnSync(launcher, { encoding: 'utf8' });
    expect((JSON.parse(child.stdout) as Started).pid).toBe(child.pid);
  });

  it('passes its flags to Node', () => {
    expect(start(launcher).flags).toEqual(['--max-semi-space-size=2']);
  });

  it('falls back to the Node on the path when the one that built it is gone', () => {
    install('/nowhere/it is gone/node');
    expect(start(launcher)).toMatchObject({ bundle: join(dir, 'dist/bin/hello.mjs') });
  });

  function install(node: string): void {
    const text = launcherText({ bundle: 'dist/bin/hello.mjs', node, flags: ['--max-semi-space-size=2'] });
    writeFileSync(launcher, text, { mode: 0o755 });
  }

  function start(command: string, options: { cwd?: string; path?: string; args?: string[] } = {}): Started {
    const child = spawnSync(command, options.args ?? [], {
      cwd: options.cwd ?? dir,
      encoding: 'utf8',
      env: { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) },
    });
    expect(child.stderr, command).toBe('');
    return JSON.parse(child.stdout) as Started;
  }
});
