import { describe, expect, it } from 'vitest';
import { compileRules, isSameSubject } from '../../../../src-daemon/apps/compile-rules.ts';
import { linkOf, WayBook } from '../../../../src-daemon/apps/way-book.ts';
import type { AppRule, RuleAction, RuleSubject } from '../../../../src-shared/model/app-rule.ts';

/** A machine with a few programs: `/usr/bin/python3` and `/usr/bin/sh` are links, `/usr/bin/tool` is a script. */
const machine = {
  apps: new Map<string, readonly string[]>([
    ['firefox', ['env', 'MOZ=1', 'firefox', '--new']],
    ['maps', ['/usr/bin/flatpak', 'run', 'org.gnome.Maps']],
    ['weather', ['/usr/bin/python3', '-u', '/usr/share/weather/main.py']],
  ]),
  links: new Map([
    ['/usr/bin/python3', '/usr/bin/python3.11'],
    ['/usr/bin/firefox', '/usr/lib/firefox/firefox'],
  ]),
  scripts: new Map([['/usr/bin/tool', '/usr/bin/dash']]),
};
const lookup = {
  commandOf: (id: string) => machine.apps.get(id) ?? null,
  realPath: (path: string) => machine.links.get(path) ?? path,
  findProgram: (name: string) => (name.startsWith('/') ? name : `/usr/bin/${name}`),
  interpreterOf: (path: string) => machine.scripts.get(path) ?? null,
};

const rules = (...list: [RuleSubject, RuleAction][]): AppRule[] =>
  list.map(([subject, action], index) => ({ id: String(index + 1), subject, action }));

describe('compiled rules', () => {
  it('know a program by its path with and without links, and let the last rule about it decide', () => {
    const { executables } = compileRules(
      rules(
        [{ kind: 'app', id: 'firefox' }, 'bonded'],
        [{ kind: 'exec', path: '/usr/lib/firefox/firefox' }, 'direct'],
      ),
      lookup,
    );
    expect(executables.get('/usr/lib/firefox/firefox')).toEqual({ id: '2', action: 'direct', order: 1 });
    expect(executables.get('/usr/bin/firefox')?.id).toBe('1');
  });

  it('know a program by the file that a link leads to', () => {
    const { executables } = compileRules(
      rules([{ kind: 'exec', path: '/usr/bin/firefox' }, 'direct']),
      lookup,
    );
    expect([...executables.keys()]).toEqual(['/usr/bin/firefox', '/usr/lib/firefox/firefox']);
  });

  it('know scripts by their own path, and the interpreter that runs them only as such', () => {
    const compiled = compileRules(
      rules([{ kind: 'exec', path: '/usr/bin/tool' }, 'direct'], [{ kind: 'app', id: 'weather' }, 'direct']),
      lookup,
    );
    expect([...compiled.scripts.keys()]).toEqual(['/usr/bin/tool', '/usr/share/weather/main.py']);
    expect([...compiled.interpreters]).toEqual(['/usr/bin/dash', '/usr/bin/python3.11']);
    expect(compiled.executables.size).toBe(0);
  });

  it('know an app of a sandbox by its group alone, since its starter is everybody’s', () => {
    const compiled = compileRules(rules([{ kind: 'app', id: 'maps' }, 'direct']), lookup);
    expect(compiled.apps.get('maps')?.id).toBe('1');
    expect(compiled.executables.size + compiled.scripts.size).toBe(0);
    expect(compiled.problems.size).toBe(0);
  });

  it('keep a rule about an app that is not installed, and say so', () => {
    const compiled = compileRules(rules([{ kind: 'app', id: 'gone' }, 'direct']), lookup);
    expect(compiled.apps.get('gone')?.id).toBe('1');
    expect([...compiled.problems]).toEqual([['1', 'app-not-installed']]);
  });

  it('take subjects for the same whatever the order of their fields', () => {
    const one: RuleSubject = { kind: 'network', network: '192.0.2.0/24', protocol: 'tcp', port: 80 };
    expect(isSameSubject(one, { port: 80, protocol: 'tcp', network: '192.0.2.0/24', kind: 'network' })).toBe(
      true,
    );
    expect(isSameSubject(one, { kind: 'network', network: '192.0.2.0/24', protocol: 'tcp' })).toBe(false);
  });
});

describe('the way of an action', () => {
  it('has a mark of its own in the highest bits, and a table for each link', () => {
    const book = new WayBook();
    const actions: RuleAction[] = [
      'direct',
      'bonded',
      'redundant',
      'block-without-tunnel',
      'only:a',
      'only:b',
    ];
    const marks = actions.map((action) => book.markOf(action));
    expect(new Set(marks).size).toBe(actions.length);
    for (const mark of marks) expect(mark % 2 ** 24).toBe(0);
    expect(book.wayOf('only:b')).toEqual({ kind: 'link', link: 'b', table: 4751 });
    expect(book.wayOf('only:a')).toEqual({ kind: 'link', link: 'a', table: 4750 });
    expect([linkOf('only:wlan0'), linkOf('direct')]).toEqual(['wlan0', null]);
  });

  it('has room for sixteen links', () => {
    const book = new WayBook();
    const links = Array.from({ length: 16 }, (_, index): RuleAction => `only:l${index}`);
    expect(book.hasRoomFor(links)).toBe(true);
    for (const link of links) book.markOf(link);
    expect(book.hasRoomFor(['only:l3'])).toBe(true);
    expect(book.hasRoomFor(['only:another'])).toBe(false);
  });
});
