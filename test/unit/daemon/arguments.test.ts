import { describe, expect, it } from 'vitest';
import { parseDaemonArguments } from '../../../src-daemon/arguments.ts';

const KEY = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeIA=';
const parse = (...args: string[]) => parseDaemonArguments(args, '0.1.0');
const hostsOf = (box: string): unknown => {
  const parsed = parse('run', '--box', box);
  if (parsed.kind !== 'command') return parsed.kind === 'wrong-usage' ? parsed.message : parsed;
  return parsed.arguments.command === 'run' ? parsed.arguments.box?.hosts : undefined;
};

describe('the command line of bowlined', () => {
  it('fills in what is not said', () => {
    expect(parse('run')).toEqual({
      kind: 'command',
      arguments: {
        command: 'run',
        'state-dir': '/var/lib/bowline',
        socket: '/run/bowline/daemon.sock',
        links: 'auto',
        box: null,
        'log-level': 'info',
      },
    });
    expect(parse('revert', '--state-dir', '/tmp/s')).toEqual({
      kind: 'command',
      arguments: { command: 'revert', 'state-dir': '/tmp/s', 'keep-rules': false },
    });
  });

  it('takes links by name, in the order given', () => {
    expect(parse('run', '--links', 'wlan0,eth0')).toMatchObject({ arguments: { links: ['wlan0', 'eth0'] } });
  });

  it.each<[string, readonly { host: string; port: number }[]]>([
    ['192.168.1.2', [{ host: '192.168.1.2', port: 4747 }]],
    ['192.168.1.2:5000', [{ host: '192.168.1.2', port: 5000 }]],
    ['attic.local', [{ host: 'attic.local', port: 4747 }]],
    ['fd00::2', [{ host: 'fd00::2', port: 4747 }]],
    ['[fd00::2]:5000', [{ host: 'fd00::2', port: 5000 }]],
    ['fe80::1%eth0', [{ host: 'fe80::1%eth0', port: 4747 }]],
    ['[fe80::1%eth0]:5000', [{ host: 'fe80::1%eth0', port: 5000 }]],
    [
      '192.168.1.2,10.0.0.2,[fd00::2]:5000',
      [
        { host: '192.168.1.2', port: 5000 },
        { host: '10.0.0.2', port: 5000 },
        { host: 'fd00::2', port: 5000 },
      ],
    ],
    [
      '192.168.1.2:4000,10.0.0.2',
      [
        { host: '192.168.1.2', port: 4000 },
        { host: '10.0.0.2', port: 4747 },
      ],
    ],
  ])('finds the box at %s', (hosts, expected) => {
    expect(hostsOf(`${KEY}@${hosts}`)).toEqual(expected);
  });

  it.each([
    ['192.168.1.2', 'the form is PUBLICKEY@HOST'],
    ['short@192.168.1.2', 'a public key has 44 characters'],
    [`${KEY}@`, '"" is no address or host name'],
    [`${KEY}@192.168.1.300`, '"192.168.1.300" is no address'],
    [`${KEY}@192.168.1.2:0`, '"192.168.1.2:0" is no address'],
    [`${KEY}@192.168.1.2:65536`, 'is no address'],
    [`${KEY}@[192.168.1.2]:4747`, 'is no address'],
    [`${KEY}@fd00::2%a/b`, 'is no address'],
    [`${KEY}@host name`, 'is no address'],
    [`${KEY}@a,,b`, '"" is no address'],
  ])('refuses the box %s', (box, cause) => {
    expect(hostsOf(box)).toContain(cause);
  });

  it.each([
    [['run', '--links', 'eth0,eth0'], '--links: a link is named twice'],
    [['run', '--links', ''], '--links: "" is no interface name'],
    [
      ['run', '--links', 'a-name-that-is-too-long'],
      '--links: "a-name-that-is-too-long" is no interface name',
    ],
    [['run', '--log-level', 'loud'], '--log-level'],
    [['key', '--box', 'x'], 'key: has no option --box'],
    [['start'], 'unknown command: start'],
  ])('answers %j as wrong usage', (args, cause) => {
    const parsed = parse(...args);
    expect(parsed).toMatchObject({ kind: 'wrong-usage', message: expect.stringContaining(cause) as unknown });
  });

  it('has help and version for every command', () => {
    for (const command of ['run', 'key', 'revert']) {
      expect(parse(command, '--help')).toMatchObject({
        kind: 'print',
        text: expect.stringContaining(`Usage: bowlined ${command}`) as unknown,
      });
      expect(parse(command, '--version')).toEqual({ kind: 'print', text: 'bowlined 0.1.0' });
    }
  });
});
