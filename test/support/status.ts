import type { LinkModel, LinkStatus } from '../../src-shared/model/link.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';

/** Builds a link of a healthy status. */
export function linkStatus(name: string, overrides: Partial<LinkStatus> = {}): LinkStatus {
  return {
    name,
    kind: name.startsWith('w') ? 'wifi' : 'ethernet',
    address: '192.168.1.20',
    state: 'standby',
    priority: 'auto',
    metered: false,
    meteredChoice: 'auto',
    rttMicros: 412,
    lossRatio: 0,
    txBitsPerSecond: 0,
    rxBitsPerSecond: 0,
    datagramBytes: 1472,
    ignoredBecause: null,
    trouble: null,
    model: null,
    ...overrides,
  };
}

/** Builds the model of a path that carries and whose rate is not known. */
export function linkModel(overrides: Partial<LinkModel> = {}): LinkModel {
  return {
    role: 'member',
    excludedBecause: null,
    sendBitsPerSecond: null,
    windowBytes: 56_000,
    inFlightBytes: 0,
    smoothedRttMicros: 412,
    rttVarianceMicros: 60,
    minRttMicros: 300,
    lossRatio: 0,
    datagramBytes: 1472,
    ...overrides,
  };
}

/** Builds the status of a laptop that is protected on `eth0` while `wlan0` stands by. */
export function protectedStatus(
  overrides: Partial<Extract<DaemonStatus, { state: 'protected' }>> = {},
): Extract<DaemonStatus, { state: 'protected' }> {
  return { ...commonStatus(), state: 'protected', internet: 'tunnelled', degraded: [], ...overrides };
}

/** Builds the status of a laptop that is switched off. */
export function offStatus(): DaemonStatus {
  return { ...commonStatus(), state: 'off', internet: 'direct', carrying: [], draining: false };
}

/** Builds what all states have in common. */
export function commonStatus(): Omit<DaemonStatus, 'state'> {
  return {
    internet: 'direct',
    mode: 'seamless',
    lan: 'direct',
    ipv6: 'tunnel',
    box: { name: 'attic', address: '192.168.1.2:4747', fingerprint: 'ab12-cd34' },
    carrying: ['eth0'],
    links: [linkStatus('eth0', { state: 'carrying' }), linkStatus('wlan0', { address: '192.168.1.21' })],
    lastSwitch: null,
    counters: {
      interruptionsHidden: 14,
      packetsReplayed: 812,
      packetsLost: 0,
      bytesDuplicatedRatio: 0.004,
      drops: {},
    },
    leavingUntil: null,
    timelineLength: 0,
    version: { daemon: '0.1.0', box: '0.1.0', protocol: 1 },
  };
}
