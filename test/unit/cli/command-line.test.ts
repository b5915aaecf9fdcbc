import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommandLine } from '../../../src-cli/command-line.ts';
import { PROGRAM } from '../../../src-cli/program.ts';
import { FakeDaemon } from '../../support/fake-daemon.ts';
import { formatDateTime } from '../../../src-shared/i18n/format.ts';
import type { LinkModel } from '../../../src-shared/model/link.ts';
import type { DaemonStatus } from '../../../src-shared/model/status.ts';
import { commonStatus, linkModel, linkStatus, offStatus, protectedStatus } from '../../support/status.ts';

const NOW = Date.parse('2026-11-22T10:42:09.000Z');

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

describe('bowline', () => {
  it('prints the status as one aligned picture', async () => {
    daemon.status = protectedStatus({
      links: [
        linkStatus('eth0', {
          state: 'carrying',
          rxBitsPerSecond: 620e6,
          txBitsPerSecond: 1.2e6,
          model: linkModel({ sendBitsPerSecond: 925e6 }),
        }),
        linkStatus('wlan0', {
          address: '192.168.1.21',
          rttMicros: 5100,
          lossRatio: 0.0004,
          model: linkModel({ role: 'excluded', excludedBecause: 'too-slow' }),
        }),
        linkStatus('docker0', {
          kind: 'other',
          state: 'ignored',
          ignoredBecause: 'virtual interface (bridge)',
        }),
      ],
    });
    expect(await run('status')).toEqual({
      status: 0,
      out: [
        'Protected on Ethernet',
        'Wi-Fi stands by',
        '',
        'Link   Kind      State               Priority  Carries     Round trip  Loss   Down        Up          Address',
        'eth0   Ethernet  carrying            auto      925 Mbit/s  0.4 ms      0%     620 Mbit/s  1.2 Mbit/s  192.168.1.20',
        'wlan0  Wi-Fi     left out: too slow  auto      -           5.1 ms      <0.1%  0 bit/s     0 bit/s     192.168.1.21',
        '',
        'Internet  Internet is protected',
        'Mode      Seamless: the best link carries, the others stand by',
        'Box       attic at 192.168.1.2:4747 (ab12-cd34, version 0.1.0)',
        'Hidden    14 interruptions, 0 packets lost',
        'Not used  1 more; see bowline links',
      ],
      err: [],
    });
  });

  it('lists the boxes of the network, or says what to look at', async () => {
    expect((await run('boxes')).out[0]).toBe('No box answers on these links.');
    const addresses = ['192.168.1.2', 'fe80::1%eth0'];
    const box = {
      name: 'attic',
      fingerprint: '3f2a-91bc-07de-55a1-c0ff',
      protocol: 1,
      port: 4747,
      addresses,
    };
    daemon.boxes = [box];
    expect((await run('boxes')).out).toEqual([
      'Box    Fingerprint               Protocol  Port  Addresses',
      'attic  3f2a-91bc-07de-55a1-c0ff  1         4747  192.168.1.2, fe80::1%eth0',
    ]);
    expect(JSON.parse((await run('boxes', '--json')).out[0] ?? '')).toEqual([box]);
    expect(daemon.calls[0]).toEqual({ method: 'boxes.find', params: { timeoutMillis: 2000 } });
  });

  it("prints the daemon's own status object as JSON", async () => {
    daemon.status = protectedStatus();
    const { out, status } = await run('status', '--json');
    expect(status).toBe(0);
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([protectedStatus()]);
  });

  it('exits with 3 and a status object of its own when no daemon runs', async () => {
    await daemon.stop();
    const { out, err, status } = await run('status', '--json');
    expect({ status, json: JSON.parse(out[0] ?? '') as unknown }).toEqual({
      status: 3,
      json: { state: 'unreachable', internet: 'direct', reason: 'not-installed' },
    });
    expect(err).toEqual([`bowline: no daemon socket at ${socketPath}; start the service`]);
  });

  it('exits with 4 when the daemon does not permit the user', async () => {
    await daemon.stop();
    await daemon.start(socketPath, { access: { groupId: null, rightOf: () => null } });
    expect(await run('links')).toMatchObject({
      status: 4,
      out: [],
      err: [expect.stringContaining('join the group')],
    });
  });

  it('switches on and says how things stand once they are settled', async () => {
    daemon.statusWhenOn = { ...commonStatus(), state: 'connecting', attempt: 1, carrying: [] };
    const running = run('on');
    await vi.waitFor(() => expect(daemon.calls).toHaveLength(1));
    daemon.become(protectedStatus());
    expect(await running).toEqual({
      status: 0,
      out: ['Protected on Ethernet\nWi-Fi stands by'].join('\n').split('\n'),
      err: [],
    });
    expect(daemon.calls).toEqual([{ method: 'connection.setWanted', params: { wanted: true } }]);
  });

  it('exits with 1 and the cause when switching on fails', async () => {
    daemon.statusWhenOn = {
      ...commonStatus(),
      state: 'failed',
      cause: 'no-box-configured',
      detail: '',
      carrying: [],
    };
    expect(await run('on')).toEqual({
      status: 1,
      out: [],
      err: ['bowline: Not protected: No box is paired with this laptop; internet is direct'],
    });
  });

  it('switches off, at once if told so', async () => {
    daemon.status = protectedStatus();
    expect(await run('off', '--now')).toMatchObject({
      status: 0,
      out: ['Off', "Internet uses this laptop's own connection"],
    });
    expect(daemon.calls).toEqual([{ method: 'connection.setWanted', params: { wanted: false, now: true } }]);
  });

  it('follows the status as one object a line until interrupted', async () => {
    const interrupt = new AbortController();
    const lines: string[] = [];
    const running = run(['watch', '--json'], {
      interrupted: interrupt.signal,
      print: (text) => lines.push(text),
    });
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    daemon.become(protectedStatus());
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    await daemon.stop();
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(2));
    interrupt.abort();
    expect(await running).toMatchObject({ status: 0 });
    expect(lines.slice(0, 3).map((line) => JSON.parse(line) as unknown)).toEqual([
      offStatus(),
      protectedStatus(),
      { state: 'unreachable', internet: 'direct', reason: 'stopped' },
    ]);
  });

  it('watches in words: what changed, and what each link can carry when its use changes', async () => {
    const interrupt = new AbortController();
    const lines: string[] = [];
    const withWifi = (model: Partial<LinkModel>, rttMicros: number): DaemonStatus =>
      protectedStatus({
        links: [
          linkStatus('eth0', { state: 'carrying' }),
          linkStatus('wlan0', { model: linkModel({ ...model, smoothedRttMicros: rttMicros }) }),
        ],
      });
    daemon.status = withWifi({ role: 'trial' }, 5_000);
    const running = run(['watch'], { interrupted: interrupt.signal, print: (text) => lines.push(text) });
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    daemon.become(withWifi({ role: 'trial' }, 6_000));
    const slow = { role: 'excluded', excludedBecause: 'too-slow', sendBitsPerSecond: 2.1e6 } as const;
    daemon.become(withWifi(slow, 80_000));
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(2));
    interrupt.abort();
    await running;
    expect(lines.map((line) => line.replace(/^\d\d:\d\d {2}/, ''))).toEqual([
      'Protected on Ethernet: Wi-Fi stands by',
      'Wi-Fi: on trial; rate unknown, 5 ms, 0% loss',
      'Wi-Fi: left out: too slow; carries 2.1 Mbit/s, 80 ms, 0% loss',
    ]);
  });

  it('does not watch a daemon that is not there', async () => {
    await daemon.stop();
    expect(await run('watch', '--json')).toMatchObject({ status: 3, out: [] });
  });

  it('tells the timeline in words, by the names that links have everywhere', async () => {
    daemon.status = protectedStatus();
    const at = '2026-11-22T10:42:07.000Z';
    daemon.timeline = {
      truncated: true,
      entries: [
        { kind: 'connection', at, state: 'protected', internet: 'tunnelled' },
        { kind: 'link', at, link: 'eth0', state: 'lost' },
        {
          kind: 'switch',
          at,
          from: 'eth0',
          to: 'wlan0',
          reason: 'carrier-lost',
          gapMicros: 8300,
          replayedPackets: 7,
        },
        { kind: 'link', at, link: 'usb0', state: 'standby' },
        { kind: 'connection', at, state: 'box-unreachable', internet: 'direct' },
        { kind: 'connection', at, state: 'away', internet: 'none' },
      ],
    };
    const { status, out, err } = await run('timeline', '--since', '2h');
    const time = formatDateTime(Date.parse(at));
    expect({ status, err }).toEqual({ status: 0, err: [] });
    expect(out).toEqual([
      'Older entries are left out',
      ...[
        'Protected',
        'Ethernet is lost',
        'Ethernet to Wi-Fi: cable or signal lost; 8.3 ms gap, 7 packets sent again',
        'usb0 stands by',
        'Box not reachable; internet is direct',
        'No link; no internet',
      ].map((text) => `${time}  ${text}`),
    ]);
    expect(daemon.calls).toEqual([
      { method: 'timeline.list', params: { since: '2026-11-22T08:42:09.000Z' } },
    ]);
  });

  it('prints the timeline as JSON, and says when there is none', async () => {
    expect((await run('timeline')).out).toEqual(['Nothing happened in this time']);
    const entry = { kind: 'link', at: '2026-11-22T10:42:07.000Z', link: 'eth0', state: 'lost' } as const;
    daemon.timeline = { entries: [entry], truncated: false };
    const { out } = await run('timeline', '--json');
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([{ entries: [entry], truncated: false }]);
    const dayAgo = '2026-11-21T10:42:09.000Z';
    expect(daemon.calls).toEqual(Array(2).fill({ method: 'timeline.list', params: { since: dayAgo } }));
  });

  it('gets ready for leaving, and says until when', async () => {
    const { status, out } = await run('leaving');
    expect([status, out[0]]).toEqual([0, 'Ready to leave']);
    expect(out[1]).toMatch(/^Everything is sent over all links until /);
    expect((await run('leaving', '--json')).out).toEqual(['{"until":"2026-03-01T10:00:30.000Z"}']);
  });

  it('says what ails a link', async () => {
    daemon.status = protectedStatus({
      links: [linkStatus('eth0', { state: 'carrying' }), linkStatus('wlan0', { trouble: 'isolated' })],
    });
    expect((await run('links')).out.join()).toMatch(/its network keeps machines apart; use the main Wi-Fi/);
  });

  it('calls no link lost while nobody asks it', async () => {
    const links = [linkStatus('eth0', { state: 'lost', rttMicros: null })];
    daemon.status = { ...offStatus(), links };
    for (const command of ['links', 'status'])
      expect((await run(command)).out.join(), command).toMatch(/eth0 +Ethernet +not used/);
    daemon.status = { ...commonStatus(), state: 'connecting', attempt: 1, carrying: [], links };
    expect((await run('links')).out.join()).toMatch(/eth0 +Ethernet +lost/);
  });

  it('sets what radios may do and how logins are looked for', async () => {
    await run('wifi', 'power-save', 'avoid');
    await run('portal-check', 'off');
    await run('portal-check', 'http://check.example/ok');
    expect(daemon.calls.map(({ params }) => params)).toEqual([
      { powerSave: 'avoid' },
      { check: 'off' },
      { check: 'http://check.example/ok' },
    ]);
    expect((await run('portal-check', 'https://check.example')).status).toBe(2);
  });

  it('sets priorities and modes', async () => {
    expect(await run('link', 'set', 'eth0', 'backup')).toEqual({ status: 0, out: ['eth0: backup'], err: [] });
    expect(await run('mode', 'bonded')).toEqual({ status: 0, out: ['Bonded: all links add up'], err: [] });
    expect((await run('link', 'metered', 'wlan0', 'yes')).out).toEqual(['wlan0: metered']);
    expect((await run('lan', 'tunnel')).out).toEqual([
      'Hosts of the local network are reached through the tunnel',
    ]);
    expect(await run('link', 'set', 'eth9', 'never')).toEqual({
      status: 1,
      out: [],
      err: ['bowline: no link eth9; see bowline links'],
    });
    expect(daemon.calls.map(({ params }) => params)).toEqual([
      { name: 'eth0', priority: 'backup' },
      { mode: 'bonded' },
      { name: 'wlan0', metered: 'yes' },
      { access: 'tunnel' },
      { name: 'eth9', priority: 'never' },
    ]);
  });

  it('reports the unplug test in words and as JSON', async () => {
    expect(await run('test', 'unplug', '--link', 'eth0', '--kind', 'silent')).toEqual({
      status: 0,
      out: ['eth0 taken away, wlan0 took over', '8.3 ms gap, 7 packets sent again, 0 lost'],
      err: [],
    });
    expect(JSON.parse((await run('test', 'unplug', '--json')).out[0] ?? '')).toMatchObject({
      kind: 'carrier',
      gapMicros: 8300,
    });
  });

  it('fails when a check failed and its fix was not applied', async () => {
    expect(await run('doctor')).toEqual({
      status: 1,
      out: [
        'ok      tun-device           /dev/net/tun is there',
        'failed  reverse-path-filter  wlan0 drops what arrives',
        '  The other link is the best way back.',
        '  set rp_filter to 2 (bowline doctor --fix does it)',
      ],
      err: ['bowline: failed: reverse-path-filter; each check names what helps'],
    });
    expect(await run('doctor', '--fix')).toMatchObject({ status: 0 });
  });

  it('pairs with a box by the code it shows, however it is typed', async () => {
    expect(await run('pair', '--code', '1234 5678')).toEqual({
      status: 0,
      out: ['Paired with box at 192.168.7.1 (3f2a-91bc)', 'Protection is on; see bowline status'],
      err: [],
    });
    const { out } = await run('pair', '--box', '10.0.0.7', '--code', '1234-5678', '--json');
    expect(JSON.parse(out.join(''))).toMatchObject({ box: { address: '10.0.0.7' } });
    expect(await run('pair', '--code', '87654321')).toMatchObject({
      status: 1,
      err: ['bowline: the code is wrong; check it; tries left: 2'],
    });
    expect(await run('unpair')).toMatchObject({ status: 0 });
  });

  it.each([
    [[], 'a command is missing'],
    [['pair'], 'pair: --code: the code that the box shows is missing'],
    [['pair', '--code', '123456'], 'pair: --code: the code has eight digits'],
    [['fly'], 'unknown command: fly'],
    [['link'], 'unknown command: link'],
    [['link', 'set', 'eth0'], 'link set: auto|prefer|backup|never is missing'],
    [['link', 'set', 'eth0', 'loved'], 'link set: "loved"'],
    [['mode', 'bonded', 'now'], 'mode: unexpected now'],
    [['status', '--now'], 'status: has no option --now'],
    [['status', '--fast'], "unknown option '--fast'"],
    [['test', 'unplug', '--kind', 'axe'], 'test unplug: --kind'],
    [['timeline', '--since', 'yesterday'], 'timeline: --since: not a time such as 30m, 12h, 7d or 4w'],
    [['status', '--socket'], "option '--socket <value>' argument missing"],
  ])('answers wrong usage %j with one line and 2', async (args, cause) => {
    const { status, err, out } = await run(args);
    expect({ status, out, lines: err.length }).toEqual({ status: 2, out: [], lines: 1 });
    expect(err[0]).toContain(`bowline: ${cause}`);
    expect(err[0]).toMatch(/; see bowline( [a-z ]+)? --help$/);
  });

  it('has help and version for the program and for every command, without a daemon', async () => {
    await daemon.stop();
    for (const words of [[], ...PROGRAM.commands.map(({ name }) => name.split(' '))]) {
      const help = await run([...words, '--help']);
      expect(help, words.join(' ')).toMatchObject({ status: 0, err: [] });
      expect(help.out.join('\n'), words.join(' ')).toContain(`Usage: bowline ${words.join(' ')}`.trim());
      expect(await run([...words, '--version']), words.join(' ')).toEqual({
        status: 0,
        out: ['bowline 0.1.0'],
        err: [],
      });
    }
  });
});

type Io = Parameters<typeof runCommandLine>[1];

async function run(...args: [readonly string[], Partial<Io>?] | string[]) {
  const [words, overrides] = Array.isArray(args[0])
    ? [args[0] as readonly string[], (args[1] ?? {}) as Partial<Io>]
    : [args as string[], {}];
  const out: string[] = [];
  const err: string[] = [];
  const status = await runCommandLine(socketArguments(words), {
    version: '0.1.0',
    now: () => NOW,
    print: (text) => void out.push(...text.split('\n')),
    printError: (text) => void err.push(...text.split('\n')),
    interrupted: new AbortController().signal,
    ...overrides,
  });
  return { status, out, err };
}

/** Points a command to the test's daemon unless the test is about the socket option itself. */
function socketArguments(words: readonly string[]): readonly string[] {
  return words.length === 0 || words.includes('--socket') ? words : ['--socket', socketPath, ...words];
}
