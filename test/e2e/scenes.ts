import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { TimelineEntry } from '../../src-shared/model/timeline.ts';
import type { LinkStatus } from '../../src-shared/model/link.ts';
import type { Cable } from '../../src-shared/bridge/home-cables.ts';
import type { WindowTexts } from '../../src-shared/i18n/window-texts.ts';
import type { FakeWindowDaemon } from '../support/fake-window-daemon.ts';
import { commonStatus, linkModel, linkStatus, offStatus, protectedStatus } from '../support/status.ts';

/** One picture of the window: what the daemon says and where the window is. */
export interface Scene {
  readonly name: string;
  readonly view?: string;
  /** Prepares the daemon; null stands for no daemon at all. */
  readonly daemon: ((daemon: FakeWindowDaemon, now: number) => void) | null;
  /** Buttons to press once the page is there, by their names in the page's language. */
  readonly press?: (t: WindowTexts) => readonly string[];
  /** Whether the details of all links are unfolded. */
  readonly isUnfolded?: boolean;
  /** The cables of a virtual home, where the scene is one. */
  readonly cables?: readonly Cable[];
  /** Seconds for which rates are fed before the picture is taken. */
  readonly isFed?: boolean;
}

const MBIT = 1_000_000;

const eth = (overrides: Partial<LinkStatus> = {}): LinkStatus =>
  linkStatus('eth0', {
    state: 'carrying',
    rxBitsPerSecond: 412 * MBIT,
    txBitsPerSecond: 18.4 * MBIT,
    rttMicros: 412,
    model: linkModel({ sendBitsPerSecond: 941 * MBIT, windowBytes: 218_000, inFlightBytes: 46_000 }),
    ...overrides,
  });
const wifi = (overrides: Partial<LinkStatus> = {}): LinkStatus =>
  linkStatus('wlan0', {
    address: '192.168.1.21',
    rttMicros: 3_900,
    model: linkModel({
      role: 'standby',
      smoothedRttMicros: 3_900,
      minRttMicros: 2_100,
      windowBytes: 64_000,
    }),
    rxBitsPerSecond: 900,
    txBitsPerSecond: 900,
    ...overrides,
  });
const docker = linkStatus('docker0', {
  kind: 'other',
  state: 'ignored',
  address: '172.17.0.1',
  rttMicros: null,
  ignoredBecause: 'it is a bridge between programs on this laptop',
});

const standby: DaemonStatus = protectedStatus({ links: [eth(), wifi(), docker] });

const lost = { state: 'lost', rttMicros: null, rxBitsPerSecond: 0, txBitsPerSecond: 0 } as const;

function minutesAgo(now: number, minutes: number): string {
  return new Date(now - minutes * 60_000).toISOString();
}

/** A morning: cable in and out, a weak Wi-Fi. */
export function sampleTimeline(now: number): TimelineEntry[] {
  const at = (minutes: number): string => minutesAgo(now, minutes);
  return [
    { kind: 'connection', at: at(29), state: 'protected', internet: 'tunnelled' },
    { kind: 'link', at: at(29), link: 'eth0', state: 'carrying' },
    { kind: 'link', at: at(28.9), link: 'wlan0', state: 'standby' },
    {
      kind: 'switch',
      at: at(21),
      from: 'eth0',
      to: 'wlan0',
      reason: 'carrier-lost',
      gapMicros: 8_300,
      replayedPackets: 7,
    },
    { kind: 'link', at: at(21), link: 'eth0', state: 'lost' },
    { kind: 'link', at: at(21), link: 'wlan0', state: 'carrying' },
    { kind: 'link', at: at(16.5), link: 'eth0', state: 'standby' },
    {
      kind: 'switch',
      at: at(16),
      from: 'wlan0',
      to: 'eth0',
      reason: 'better-link',
      gapMicros: 900,
      replayedPackets: 0,
    },
    { kind: 'link', at: at(16), link: 'eth0', state: 'carrying' },
    { kind: 'link', at: at(16), link: 'wlan0', state: 'standby' },
    { kind: 'link', at: at(9), link: 'wlan0', state: 'suspect' },
    { kind: 'link', at: at(8.7), link: 'wlan0', state: 'standby' },
    {
      kind: 'switch',
      at: at(4),
      from: 'eth0',
      to: 'wlan0',
      reason: 'silent',
      gapMicros: 46_000,
      replayedPackets: 31,
    },
    { kind: 'link', at: at(4), link: 'eth0', state: 'suspect' },
    { kind: 'link', at: at(4), link: 'wlan0', state: 'carrying' },
    {
      kind: 'switch',
      at: at(3.2),
      from: 'wlan0',
      to: 'eth0',
      reason: 'better-link',
      gapMicros: 1_100,
      replayedPackets: 0,
    },
    { kind: 'link', at: at(3.2), link: 'eth0', state: 'carrying' },
    { kind: 'link', at: at(3.2), link: 'wlan0', state: 'standby' },
  ];
}

const withHistory = (daemon: FakeWindowDaemon, now: number): void => {
  daemon.timeline = sampleTimeline(now);
};

/** Every view and every state. */
export const SCENES: readonly Scene[] = [
  {
    name: 'protected',
    isFed: true,
    daemon: (daemon, now) => {
      withHistory(daemon, now);
      daemon.status = standby;
    },
  },
  {
    name: 'link-details',
    isFed: true,
    isUnfolded: true,
    daemon: (daemon, now) => {
      withHistory(daemon, now);
      daemon.status = standby;
    },
  },
  {
    name: 'switched',
    isFed: true,
    daemon: (daemon, now) => {
      withHistory(daemon, now);
      const lastSwitch = {
        at: new Date(now + 149_000).toISOString(),
        from: 'eth0',
        to: 'wlan0',
        reason: 'carrier-lost',
        gapMicros: 8_300,
        replayedPackets: 7,
      } as const;
      daemon.status = protectedStatus({
        carrying: ['wlan0'],
        links: [
          eth(lost),
          wifi({ state: 'carrying', rxBitsPerSecond: 168 * MBIT, txBitsPerSecond: 9.1 * MBIT }),
          docker,
        ],
        lastSwitch,
      });
    },
  },
  {
    name: 'bonded',
    isFed: true,
    daemon: (daemon, now) => {
      withHistory(daemon, now);
      daemon.status = protectedStatus({
        mode: 'bonded',
        carrying: ['eth0', 'wlan0'],
        links: [eth(), wifi({ state: 'carrying', rxBitsPerSecond: 208 * MBIT, txBitsPerSecond: 11 * MBIT })],
      });
    },
  },
  {
    name: 'degraded',
    isFed: true,
    daemon: (daemon, now) => {
      withHistory(daemon, now);
      daemon.status = protectedStatus({
        carrying: ['wlan0'],
        links: [
          eth(lost),
          wifi({ state: 'carrying', lossRatio: 0.06, rxBitsPerSecond: 6.2 * MBIT, rttMicros: 41_000 }),
        ],
        degraded: [{ kind: 'loss', link: 'wlan0', lossRatio: 0.06 }, { kind: 'no-standby' }],
      });
    },
  },
  {
    name: 'off',
    daemon: (daemon) => void (daemon.status = { ...offStatus(), links: [eth(lost), wifi(lost)] }),
  },
  {
    name: 'connecting',
    daemon: (daemon) => {
      const links = [
        eth({ state: 'suspect', rttMicros: null, rxBitsPerSecond: 0, txBitsPerSecond: 0 }),
        wifi({ rttMicros: null }),
      ];
      daemon.status = { ...commonStatus(), state: 'connecting', attempt: 1, carrying: [], links };
    },
  },
  {
    name: 'away',
    daemon: (daemon) => {
      const links = [linkStatus('wlan0', lost)];
      daemon.status = { ...commonStatus(), state: 'away', reason: 'other-network', carrying: [], links };
    },
  },
  {
    name: 'no-link',
    daemon: (daemon) => {
      const links = [eth(lost), wifi(lost)];
      daemon.status = {
        ...commonStatus(),
        state: 'away',
        reason: 'no-link',
        internet: 'none',
        carrying: [],
        links,
      };
    },
  },
  {
    name: 'box-unreachable',
    daemon: (daemon, now) => {
      daemon.status = {
        ...commonStatus(),
        state: 'box-unreachable',
        since: minutesAgo(now, 3),
        nextTryAt: new Date(now + 24_000).toISOString(),
        carrying: [],
        links: [eth(lost), wifi(lost)],
      };
    },
  },
  {
    name: 'failed',
    daemon: (daemon) => {
      daemon.status = {
        ...commonStatus(),
        state: 'failed',
        cause: 'box-refused-key',
        detail: '',
        carrying: [],
        links: [eth(lost), wifi(lost)],
      };
    },
  },
  { name: 'service-stopped', daemon: null },
  {
    name: 'timeline',
    view: 'timeline',
    daemon: (daemon, now) => {
      withHistory(daemon, now);
      daemon.status = standby;
    },
  },
  {
    name: 'graphs',
    view: 'graphs',
    isFed: true,
    daemon: (daemon) => {
      daemon.status = protectedStatus({
        mode: 'bonded',
        carrying: ['eth0', 'wlan0'],
        links: [eth(), wifi({ state: 'carrying', rxBitsPerSecond: 208 * MBIT, txBitsPerSecond: 11 * MBIT })],
      });
    },
  },
  { name: 'settings', view: 'settings', daemon: (daemon) => void (daemon.status = standby) },
  {
    name: 'unpair',
    view: 'settings',
    press: (t) => [t.unpair],
    daemon: (daemon) => void (daemon.status = standby),
  },
  {
    name: 'diagnostics',
    view: 'diagnostics',
    press: (t) => [t.runChecks, t.startTest],
    daemon: (daemon) => {
      daemon.status = standby;
      const plain = { explanation: '', fixable: false, fixed: false };
      daemon.checks = [
        { ...plain, name: 'box-configured', verdict: 'ok', evidence: 'attic at 192.168.1.2', fix: null },
        { ...plain, name: 'box-reachable', verdict: 'ok', evidence: 'the box answers over eth0', fix: null },
        {
          ...plain,
          name: 'link-wlan0',
          verdict: 'warning',
          evidence: 'standby, 3.9 ms, 4.2 % loss',
          fix: 'move closer to the access point',
        },
        {
          ...plain,
          name: 'reverse-path-filter',
          verdict: 'failed',
          evidence: 'wlan0 drops what arrives',
          fix: 'set rp_filter to 2',
          fixable: true,
        },
        { ...plain, name: 'second-link', verdict: 'skipped', evidence: 'nothing to compare with', fix: null },
      ];
    },
  },
  {
    name: 'setup-find',
    daemon: (daemon) => {
      daemon.status = { ...offStatus(), box: null };
      daemon.boxes = [
        {
          name: 'attic',
          addresses: ['192.168.1.2', 'fd12::2'],
          port: 4747,
          fingerprint: 'ab12-cd34-0e5f-77a1-c0ff',
          protocol: 1,
        },
        {
          name: 'living room',
          addresses: ['192.168.1.9'],
          port: 4747,
          fingerprint: '77fe-0c19-4b2d-9a30-51de',
          protocol: 1,
        },
      ];
    },
  },
  { name: 'setup-no-box', daemon: (daemon) => void (daemon.status = { ...offStatus(), box: null }) },
  {
    name: 'setup-code',
    press: () => ['attic'],
    daemon: (daemon) => {
      daemon.status = { ...offStatus(), box: null };
      daemon.boxes = [
        {
          name: 'attic',
          addresses: ['192.168.1.2'],
          port: 4747,
          fingerprint: 'ab12-cd34-0e5f-77a1-c0ff',
          protocol: 1,
        },
      ];
    },
  },
  {
    name: 'demo',
    view: 'demo',
    isFed: true,
    cables: [
      { link: 'eth0', condition: 'carrier-lost' },
      { link: 'wlan0', condition: 'up' },
    ],
    daemon: (daemon, now) => {
      daemon.status = protectedStatus({
        carrying: ['wlan0'],
        links: [eth(lost), wifi({ state: 'carrying', rxBitsPerSecond: 8 * MBIT, txBitsPerSecond: 8 * MBIT })],
        lastSwitch: {
          at: minutesAgo(now, 1),
          from: 'eth0',
          to: 'wlan0',
          reason: 'carrier-lost',
          gapMicros: 8_300,
          replayedPackets: 7,
        },
      });
    },
  },
  { name: 'setup-try', view: 'setup', daemon: (daemon) => void (daemon.status = standby) },
];
