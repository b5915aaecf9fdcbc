import { describe, expect, it } from 'vitest';
import { parseBoxArguments } from '../../../src-box/arguments.ts';

const KEY = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeIA=';
const OTHER_KEY = 'A83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeIA=';
const parse = (...args: string[]) => parseBoxArguments(args, '0.1.0');

describe('the command line of bowline-box', () => {
  it('fills in what is not said', () => {
    expect(parse('run', '--name', 'attic')).toEqual({
      kind: 'command',
      arguments: {
        command: 'run',
        'state-dir': '/var/lib/bowline-box',
        socket: '/run/bowline/box.sock',
        listen: { address: '::', port: 4747 },
        uplink: 'auto',
        'tunnel-net': '10.77.0.0/24',
        'tunnel-net6': 'fd77::/64',
        name: 'attic',
        'no-mdns': false,
        peer: [],
        'log-level': 'info',
      },
    });
  });

  it('takes laptops by key, as often as given', () => {
    expect(parse('run', '--peer', `anna=${KEY}`, '--peer', `ben=${OTHER_KEY}`)).toMatchObject({
      arguments: {
        peer: [
          { name: 'anna', publicKey: KEY },
          { name: 'ben', publicKey: OTHER_KEY },
        ],
      },
    });
  });

  it('listens on one address of either family', () => {
    expect(parse('run', '--listen', '192.168.1.2:5000')).toMatchObject({
      arguments: { listen: { address: '192.168.1.2', port: 5000 } },
    });
    expect(parse('run', '--listen', '[fd00::2]:5000')).toMatchObject({
      arguments: { listen: { address: 'fd00::2', port: 5000 } },
    });
  });

  it('can do without IPv6 inside', () => {
    expect(parse('run', '--tunnel-net6', 'none')).toMatchObject({ arguments: { 'tunnel-net6': null } });
  });

  it.each([
    [['run', '--listen', '5000'], '--listen: the form is ADDR:PORT'],
    [['run', '--listen', '::1:5000'], '--listen: the form is ADDR:PORT'],
    [['run', '--listen', '1.2.3:5000'], '--listen: the form is ADDR:PORT'],
    [['run', '--listen', '[::]:70000'], '--listen: the form is ADDR:PORT'],
    [['run', '--peer', KEY], '--peer: "q83v'],
    [['run', '--peer', 'anna=short'], '--peer: anna: a public key has 44 characters'],
    [
      ['run', '--peer', `anna=${KEY}`, '--peer', `anna=${OTHER_KEY}`],
      '--peer: anna: the name or key is given twice',
    ],
    [['run', '--peer', `anna=${KEY}`, '--peer', `ben=${KEY}`], '--peer: ben: the name or key is given twice'],
    [['run', '--tunnel-net', '10.77.0.1/24'], '--tunnel-net: an IPv4 network such as'],
    [['run', '--tunnel-net', '10.77.0.0/31'], '--tunnel-net: an IPv4 network such as'],
    [['run', '--tunnel-net', 'fd77::/64'], '--tunnel-net: an IPv4 network such as'],
    [['run', '--tunnel-net6', 'fd77::1/64'], '--tunnel-net6'],
    [['run', '--tunnel-net6', 'fd77:0:0:1::/48'], '--tunnel-net6'],
    [['run', '--uplink', 'eth0; reboot'], '--uplink'],
    [['revoke'], 'revoke: NAME is missing'],
    [['revoke', '../x'], 'NAME: a name has letters'],
    [['rename', 'anna'], 'rename: NEWNAME is missing'],
    [['rename', 'anna', 'a b'], 'NAME: a name has letters'],
  ])('answers %j as wrong usage', (args, cause) => {
    expect(parse(...args)).toMatchObject({
      kind: 'wrong-usage',
      message: expect.stringContaining(cause) as unknown,
    });
  });

  it('takes networks of any sensible size', () => {
    expect(parse('run', '--tunnel-net', '10.64.0.0/10', '--tunnel-net6', 'fd77:1:2:3::/64').kind).toBe(
      'command',
    );
  });

  it('reads the commands for a running box', () => {
    expect(parse('revoke', 'anna', '--json')).toEqual({
      kind: 'command',
      arguments: { command: 'revoke', socket: '/run/bowline/box.sock', json: true, positionals: ['anna'] },
    });
    for (const command of ['run', 'key', 'pair', 'status', 'peers', 'rename', 'revoke', 'revert']) {
      expect(parse(command, '--help'), command).toMatchObject({ kind: 'print' });
    }
  });
});
