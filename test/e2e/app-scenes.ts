import type { AppUsage } from '../../src-shared/model/app-rule.ts';
import { appUsage, installedApp, ruleStatus, sampleApps, type FakeApps } from '../support/fake-apps.ts';
import { linkStatus, protectedStatus } from '../support/status.ts';
import type { Scene } from './scenes.ts';

const MBIT = 1_000_000;

const app = (name: string): string => installedApp(name).id;

const of = (name: string, overrides: Partial<AppUsage>): AppUsage =>
  appUsage(name, { app: app(name), ...overrides });

/** A working day: a call over both links, backups beside the tunnel, a rule whose app is gone. */
export function fillWithApps(apps: FakeApps, count?: number): void {
  apps.apps = sampleApps(count);
  apps.rules = [
    ruleStatus({ kind: 'app', id: app('Video Calls') }, 'redundant', {
      id: 'r1',
      processes: 2,
      toRestart: 2,
    }),
    ruleStatus({ kind: 'app', id: app('Backups') }, 'only:eth0', { id: 'r2', processes: 5 }),
    ruleStatus({ kind: 'app', id: app('Game Library') }, 'direct', { id: 'r3', processes: 6 }),
    ruleStatus({ kind: 'app', id: app('Mail') }, 'block-without-tunnel', { id: 'r4', processes: 3 }),
    ruleStatus({ kind: 'app', id: app('Virtual Machines') }, 'bonded', { id: 'r5' }),
    ruleStatus({ kind: 'app', id: 'org.example.OldPlayer' }, 'direct', {
      id: 'r6',
      problem: 'app-not-installed',
    }),
    ruleStatus({ kind: 'exec', path: '/usr/bin/rsync' }, 'bonded', { id: 'r7', processes: 1 }),
    ruleStatus({ kind: 'domain', name: 'updates.example.com' }, 'only:wwan0', {
      id: 'r8',
      problem: 'link-away',
    }),
    ruleStatus({ kind: 'network', network: '10.8.0.0/16', protocol: 'tcp', port: 443 }, 'direct', {
      id: 'r9',
    }),
  ];
  apps.usage = [
    of('Web Browser', { connections: 31, rxBitsPerSecond: 38.2 * MBIT, txBitsPerSecond: 1.1 * MBIT }),
    of('Video Calls', { connections: 4, rxBitsPerSecond: 3.4 * MBIT, txBitsPerSecond: 2.8 * MBIT }),
    of('Mail', { connections: 2, rxBitsPerSecond: 12_400, txBitsPerSecond: 2_300 }),
    appUsage('rsync', { connections: 1, rxBitsPerSecond: 640_000, txBitsPerSecond: 214 * MBIT }),
    of('Backups', { way: 'eth0', connections: 3, rxBitsPerSecond: 410_000, txBitsPerSecond: 96 * MBIT }),
    of('Game Library', {
      way: 'wlan0',
      connections: 6,
      rxBitsPerSecond: 54 * MBIT,
      txBitsPerSecond: 900_000,
    }),
  ];
}

const status = protectedStatus({
  links: [
    linkStatus('eth0', { state: 'carrying', rxBitsPerSecond: 412 * MBIT }),
    linkStatus('wlan0', { address: '192.168.1.21' }),
  ],
});

/** The view of apps in its states. */
export const APP_SCENES: readonly Scene[] = [
  {
    name: 'apps',
    view: 'apps',
    daemon: (daemon) => {
      daemon.status = status;
      fillWithApps(daemon.apps);
    },
  },
  {
    name: 'apps-choice',
    view: 'apps',
    press: ({ apps }) => [`${apps.wayOf('Web Browser')}: ${apps.automatic}`],
    daemon: (daemon) => {
      daemon.status = status;
      fillWithApps(daemon.apps);
    },
  },
  {
    name: 'apps-rules',
    view: 'apps',
    press: ({ apps }) => [`${apps.wayOf('/usr/bin/rsync')}: ${apps.wayName.bonded}`],
    daemon: (daemon) => {
      daemon.status = status;
      fillWithApps(daemon.apps);
    },
  },
  {
    name: 'apps-add',
    view: 'apps',
    press: ({ apps }) => [apps.add],
    daemon: (daemon) => {
      daemon.status = status;
      fillWithApps(daemon.apps);
    },
  },
  { name: 'apps-empty', view: 'apps', daemon: (daemon) => void (daemon.status = status) },
  {
    name: 'apps-missing',
    view: 'apps',
    daemon: (daemon) => {
      daemon.status = status;
      fillWithApps(daemon.apps);
      daemon.apps.missing = ['cgroup2', 'proc-connector', 'fanotify'];
      daemon.apps.rules = [];
    },
  },
];
