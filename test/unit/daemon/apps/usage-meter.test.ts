import { beforeEach, describe, expect, it } from 'vitest';
import { UsageMeter } from '../../../../src-daemon/apps/usage-meter.ts';
import type { InetSocket } from '../../../../src-platform/native.ts';

let nowMicros: number;
let sockets: InetSocket[];
let looks: number;
let meter: UsageMeter;

beforeEach(() => {
  nowMicros = 0;
  looks = 0;
  sockets = [
    socket(1, '10.77.0.2', 1_000, 5_000),
    socket(2, '192.0.2.7', 0, 0),
    socket(3, '127.0.0.1', 9, 9),
  ];
  meter = new UsageMeter({
    sockets: () => sockets,
    wayOf: (address) => ({ '10.77.0.2': 'tunnel', '192.0.2.7': 'eth0' })[address] ?? null,
    appOf: (pid) => (pid === 101 ? { id: 'org.mozilla.firefox', name: 'Firefox' } : null),
    processes: () => {
      looks++;
      return [101, 102];
    },
    socketsOf: (pid) => (pid === 101 ? ['1', '4'] : ['2', '3']),
    executableOf: () => '/usr/bin/ssh',
    now: () => nowMicros,
  });
});

describe('who uses which way', () => {
  it('is told by app or program and way, with the rates since the last look', async () => {
    expect((await meter.measure()).map((row) => [row.app, row.name, row.way, row.rxBitsPerSecond])).toEqual([
      ['org.mozilla.firefox', 'Firefox', 'tunnel', 0],
      [null, 'ssh', 'eth0', 0],
    ]);
    nowMicros = 2_000_000;
    sockets = [socket(1, '10.77.0.2', 2_000, 9_000), socket(4, '10.77.0.2', 500, 500)];
    expect(await meter.measure()).toEqual([
      {
        app: 'org.mozilla.firefox',
        name: 'Firefox',
        way: 'tunnel',
        connections: 2,
        // The second socket is new: what it has moved so far was not in this time alone.
        txBitsPerSecond: 4_000,
        rxBitsPerSecond: 16_000,
      },
    ]);
  });

  it('is measured once a second at most, and processes are looked at only for new sockets', async () => {
    await Promise.all([meter.measure(), meter.measure()]);
    nowMicros = 500_000;
    sockets = [];
    expect(await meter.measure()).toHaveLength(2);
    sockets = [socket(1, '10.77.0.2', 0, 0)];
    nowMicros = 1_000_000;
    expect(await meter.measure()).toHaveLength(1);
    expect(looks).toBe(1);
  });
});

function socket(inode: number, local: string, sentBytes: number, receivedBytes: number): InetSocket {
  return { inode, local, remote: '192.0.2.1', remotePort: 443, sentBytes, receivedBytes };
}
