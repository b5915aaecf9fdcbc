import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../src-cli/command-line.ts';
import { FakeDaemon } from '../../support/fake-daemon.ts';

let dir: string;
let socketPath: string;
let daemon: FakeDaemon;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'bowline-cli-'));
  socketPath = join(dir, 'daemon.sock');
  daemon = new FakeDaemon();
  await daemon.start(socketPath);
});
afterEach(async () => {
  await daemon.stop();
  rmSync(dir, { recursive: true });
});

describe('rules on the command line', () => {
  it('are added, listed and removed one at a time', async () => {
    expect(await run('rules')).toEqual({
      status: 0,
      out: 'There are no rules: everything goes one way.',
      error: '',
    });
    const added = await run('rule', 'add', '--app', 'org.mozilla.firefox.desktop', 'only:wlan0');
    expect(added).toEqual({ status: 0, out: 'r100: app org.mozilla.firefox only:wlan0', error: '' });
    await run('rule', 'add', '--network', '192.0.2.7', '--protocol', 'tcp', '--port', '443', 'direct');
    daemon.apps.rules = daemon.apps.rules.map((rule, index) =>
      index === 0 ? { ...rule, processes: 2, toRestart: 1 } : rule,
    );
    expect((await run('rules')).out.split('\n').map((line) => line.trimEnd())).toEqual([
      'Rule  About                      Action      Processes',
      'r100  app org.mozilla.firefox    only:wlan0  2          1 of them keep open connections where they are; restart them to move those',
      'r101  192.0.2.7/32 tcp port 443  direct      0',
    ]);
    expect((await run('rule', 'remove', 'r100')).out).toBe('r100: removed');
    expect(await run('rule', 'remove', 'r100')).toMatchObject({
      status: 1,
      error: 'bowline: r100',
    });
    expect(JSON.parse((await run('rules', '--json')).out)).toMatchObject({
      rules: [{ id: 'r101', action: 'direct' }],
    });
  });

  it('take a domain as people write it', async () => {
    const { out } = await run('rule', 'add', '--domain', '*.Bücher.Example.', 'direct');
    expect(out).toMatch(/^\w+: xn--bcher-kva\.example direct$/);
  });

  it.each([
    [['--domain', 'not a domain', 'direct'], 'rule add: not a domain'],
    [['direct'], 'rule add: name what the rule is about, such as --app ID or --exec PATH'],
    [
      ['--exec', '/a', '--user', 'ada', 'direct'],
      'rule add: a rule is about one thing; add one rule for each',
    ],
    [['--exec', '/a', '--port', '1', 'direct'], 'rule add: --protocol and --port go with --network'],
    [['--exec', 'a', 'direct'], 'rule add: not an absolute path'],
    [['--user', 'No One', 'direct'], 'rule add: not a user name'],
    [['--exec', '/a', 'sideways'], 'rule add: "sideways"'],
    [['--exec', '/a'], 'rule add: ACTION is missing'],
  ])('that are written wrongly say what is wrong: %j', async (args, cause) => {
    const { status, error } = await run('rule', 'add', ...args);
    expect(status).toBe(2);
    expect(error).toContain(`bowline: ${cause}`);
  });
});

describe('bowline run', () => {
  it('asks for the action first, and has the exit status of its command', async () => {
    expect(await run('run', 'direct', '--', 'sh', '-c', 'exit 7')).toMatchObject({ status: 7 });
    expect(daemon.calls).toEqual([{ method: 'rules.enter', params: { action: 'direct' } }]);
    expect(await run('run', 'direct', '--', 'sh', '-c', 'kill -TERM $$')).toMatchObject({ status: 128 + 15 });
  });

  it('starts nothing that it cannot put under the action', async () => {
    await daemon.stop();
    const marker = join(dir, 'started');
    expect(await run('run', 'direct', '--', 'touch', marker)).toMatchObject({ status: 3 });
    expect(await run('run', 'nowhere', '--', 'touch', marker)).toMatchObject({ status: 2 });
  });

  it('names a command that is not there', async () => {
    expect(await run('run', 'bonded', '--', '/nowhere/at/all')).toEqual({
      status: 127,
      out: '',
      error: 'bowline: /nowhere/at/all cannot be started (ENOENT); check its name and whether you may run it',
    });
  });
});

async function run(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  const out: string[] = [];
  const errors: string[] = [];
  const separator = args.indexOf('--');
  const own = separator < 0 ? args : args.slice(0, separator);
  const command = separator < 0 ? [] : args.slice(separator);
  const status = await runCommandLine([...own, '--socket', socketPath, ...command], {
    version: '0.1.0',
    now: () => 0,
    print: (text) => void out.push(text),
    printError: (text) => void errors.push(text),
    interrupted: new AbortController().signal,
  });
  return { status, out: out.join('\n'), error: errors.join('\n') };
}
