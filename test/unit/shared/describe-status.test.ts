import { describe, expect, it } from 'vitest';
import { englishFormat } from '../../../src-shared/i18n/format.ts';
import type { LinkStatus } from '../../../src-shared/model/link.ts';
import { daemonStatusSchema, type LastSwitch, type Status } from '../../../src-shared/model/status.ts';
import { describeStatus, linkLabel } from '../../../src-shared/view/describe-status.ts';
import { commonStatus, linkStatus, offStatus, protectedStatus } from '../../support/status.ts';

const NOW = new Date(2026, 10, 22, 14, 2, 30).getTime();
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

const lastSwitch: LastSwitch = {
  at: before(3),
  from: 'eth0',
  to: 'wlan0',
  reason: 'carrier-lost',
  gapMicros: 40_000,
  replayedPackets: 0,
};
const onWifi = {
  carrying: ['wlan0'],
  links: [linkStatus('eth0', { state: 'lost' }), linkStatus('wlan0', { state: 'carrying' })],
};

describe('describing a status', () => {
  const cases: readonly [string, Status, string, string, string][] = [
    ['off', offStatus(), 'Off', "Internet uses this laptop's own connection", 'neutral'],
    ['off without any link', { ...offStatus(), internet: 'none' }, 'Off', 'No link is up', 'neutral'],
    [
      'draining',
      { ...commonStatus(), state: 'off', draining: true },
      'Switching off',
      'New connections are direct; open ones end in their own time',
      'neutral',
    ],
    [
      'connecting',
      { ...commonStatus(), state: 'connecting', attempt: 2 },
      'Connecting...',
      'Looking for the box on this network; internet is direct',
      'neutral',
    ],
    ['one link and a standby', protectedStatus(), 'Protected on Ethernet', 'Wi-Fi stands by', 'good'],
    ['the last link', protectedStatus(onWifi), 'Protected on Wi-Fi', 'No other link stands by', 'good'],
    [
      'a switch of just now',
      protectedStatus({ ...onWifi, lastSwitch }),
      'Switched to Wi-Fi',
      '40 ms gap, nothing dropped',
      'good',
    ],
    [
      'a switch with replays',
      protectedStatus({ ...onWifi, lastSwitch: { ...lastSwitch, replayedPackets: 7, gapMicros: 8300 } }),
      'Switched to Wi-Fi',
      '8.3 ms gap, 7 packets sent again',
      'good',
    ],
    [
      'a switch of long ago',
      protectedStatus({ ...onWifi, lastSwitch: { ...lastSwitch, at: before(11) } }),
      'Protected on Wi-Fi',
      'No other link stands by',
      'good',
    ],
    [
      'a link that needs a login, and no other',
      protectedStatus({
        links: [
          linkStatus('eth0', { state: 'carrying' }),
          linkStatus('wlan0', { state: 'lost', trouble: 'portal' }),
        ],
      }),
      'Protected on Ethernet',
      'Wi-Fi: its network wants a login; open a web page over it to sign in',
      'good',
    ],
    [
      'somebody who leaves',
      protectedStatus({ leavingUntil: new Date(NOW + 30_000).toISOString() }),
      'Ready to leave',
      `Everything is sent over all links until ${englishFormat.exactTime(NOW + 30_000)}`,
      'good',
    ],
    [
      'bonded links',
      protectedStatus({
        carrying: ['eth0', 'wlan0'],
        links: [
          linkStatus('eth0', { state: 'carrying', rxBitsPerSecond: 500e6, rttMicros: 4000 }),
          linkStatus('wlan0', { state: 'carrying', rxBitsPerSecond: 120e6, rttMicros: 9000 }),
        ],
      }),
      'Using Ethernet and Wi-Fi',
      '620 Mbit/s down, 0 bit/s up, 4 ms',
      'good',
    ],
    [
      'a bad link',
      protectedStatus({
        ...onWifi,
        degraded: [{ kind: 'loss', link: 'wlan0', lossRatio: 0.06 }, { kind: 'no-standby' }],
      }),
      'Protected, slow',
      'Wi-Fi loses 6% of packets',
      'warning',
    ],
    [
      'a program that keeps removing routes',
      protectedStatus({ degraded: [{ kind: 'routes-contested', by: 'systemd-network' }] }),
      'Protected, with gaps',
      'systemd-network keeps removing the tunnel’s routes; some connections go direct',
      'warning',
    ],
    [
      'away',
      { ...commonStatus(), state: 'away', reason: 'other-network' },
      'Away from home',
      'Internet is direct; Bowline resumes at home',
      'neutral',
    ],
    [
      'no link at all',
      { ...commonStatus(), state: 'away', reason: 'no-link', internet: 'none' },
      'No link',
      'No cable and no Wi-Fi is connected; no internet',
      'warning',
    ],
    [
      'a box that does not answer',
      {
        ...commonStatus(),
        state: 'box-unreachable',
        since: before(10),
        nextTryAt: new Date(NOW + 20_000).toISOString(),
      },
      'Box not reachable',
      'Internet is direct since 14:02; retrying in 20 s',
      'warning',
    ],
    [
      'a failure',
      { ...commonStatus(), state: 'failed', cause: 'tun-unavailable', detail: 'ENOENT' },
      'Not protected',
      'The tunnel device cannot be opened (ENOENT); internet is direct',
      'problem',
    ],
    [
      'no daemon',
      { state: 'unreachable', internet: 'direct', reason: 'stopped' },
      'Service not running',
      'The Bowline service does not run; internet is direct',
      'problem',
    ],
    [
      'no permission',
      { state: 'unreachable', internet: 'direct', reason: 'no-permission' },
      'Permission needed',
      'This user may not talk to the Bowline service; join the group bowline and sign in again',
      'problem',
    ],
  ];

  it.each(cases)('says %s in words', (_name, status, headline, detail, tone) => {
    expect(describeStatus(status, NOW)).toEqual({ headline, detail, tone });
  });

  it.each(cases.filter(([, status]) => status.state !== 'unreachable'))(
    'knows %s as a valid status',
    (_name, status) => {
      expect(daemonStatusSchema.safeParse(status).error).toBeUndefined();
    },
  );
});

describe('naming a link', () => {
  it.each<[string, readonly LinkStatus[], string]>([
    ['by its kind', [linkStatus('eth0'), linkStatus('wlan0')], 'Ethernet'],
    ['by kind and name where two are alike', [linkStatus('eth0'), linkStatus('eth1')], 'Ethernet eth0'],
    [
      'by kind where the other is not used',
      [linkStatus('eth0'), linkStatus('eth1', { state: 'ignored' })],
      'Ethernet',
    ],
    ['by its name where the kind says nothing', [linkStatus('eth0', { kind: 'other' })], 'eth0'],
  ])('%s', (_how, links, label) => {
    expect(linkLabel('eth0', links)).toBe(label);
  });
});
