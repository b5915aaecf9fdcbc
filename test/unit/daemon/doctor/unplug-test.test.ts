import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HandledDaemon } from '../../../../src-daemon/control/handled-daemon.ts';
import { testUnplug } from '../../../../src-daemon/doctor/unplug-test.ts';
import type { SessionEvent, SwitchReason } from '../../../../src-engine/session-events.ts';
import { linkStatus, protectedStatus } from '../../../support/status.ts';

describe('the unplug test', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('reports the switch away from the link, whatever else happens before and after it', async () => {
    const desk = new Desk();
    const report = testUnplug(desk.daemon, null, 'carrier');
    expect([...desk.daemon.unplugged]).toEqual(['eth0']);
    // The end of a switch that was under way, the one that was asked for, and a return before anybody looked.
    desk.tell(DOCK, WIFI, 'carrier-lost', 900_000);
    desk.tell(CABLE, WIFI, 'carrier-lost', 6_400);
    desk.tell(WIFI, CABLE, 'better-link', 300);
    expect(await report).toEqual({
      ok: true,
      value: {
        link: 'eth0',
        kind: 'carrier',
        to: 'wlan0',
        gapMicros: 6_400,
        packetsReplayed: 2,
        packetsLost: 0,
      },
    });
    desk.expectAsBefore();
  });

  it('silences every path of the link, and takes a change between them for no departure', async () => {
    const desk = new Desk();
    const report = testUnplug(desk.daemon, 'eth0', 'silent');
    expect(desk.silenced).toEqual(new Set([10, 11]));
    desk.tell(CABLE, CABLE_BY_IPV6, 'silent', 10_000);
    desk.tell(CABLE_BY_IPV6, WIFI, 'silent', 21_000);
    expect(await report).toMatchObject({ ok: true, value: { to: 'wlan0', gapMicros: 21_000 } });
    desk.expectAsBefore();
  });

  it('says so if traffic does not leave, and gives the link back', async () => {
    const desk = new Desk();
    const report = testUnplug(desk.daemon, null, 'silent');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await report).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } });
    desk.expectAsBefore();
  });
});

const CABLE = 4;
const CABLE_BY_IPV6 = 5;
const WIFI = 7;
/** A link that is gone by now. */
const DOCK = 2;

/** A daemon with a cable that leads, over two paths, and Wi-Fi standing by. */
class Desk {
  readonly silenced = new Set<number>();
  readonly daemon: HandledDaemon;
  private readonly listeners = new Set<(event: SessionEvent) => void>();
  private reconciled = 0;

  constructor() {
    const paths = [
      { pathId: CABLE, linkName: 'eth0', socket: 10 },
      { pathId: CABLE_BY_IPV6, linkName: 'eth0', socket: 11 },
      { pathId: WIFI, linkName: 'wlan0', socket: 12 },
    ];
    const tunnel = {
      pump: {
        setSilenced: (socket: number, isSilenced: boolean) =>
          void (isSilenced ? this.silenced.add(socket) : this.silenced.delete(socket)),
      },
      linkPaths: {
        paths,
        pathOf: (id: number) => paths.find(({ pathId }) => pathId === id),
        hurry: () => undefined,
      },
    };
    const links = [linkStatus('eth0', { state: 'carrying' }), linkStatus('wlan0')];
    this.daemon = {
      tunnel,
      unplugged: new Set<string>(),
      eventListeners: this.listeners,
      status: () => protectedStatus({ carrying: ['eth0'], links }),
      onLinks: () => {
        this.reconciled++;
        return Promise.resolve();
      },
    } as unknown as HandledDaemon;
  }

  tell(from: number, to: number, reason: SwitchReason, gapMicros: number): void {
    for (const listener of [...this.listeners])
      listener({ kind: 'switch', from, to, reason, gapMicros, replayedChunks: 2 });
  }

  expectAsBefore(): void {
    expect([...this.daemon.unplugged, ...this.silenced]).toEqual([]);
    expect(this.reconciled).toBeGreaterThan(0);
    expect([this.listeners.size, vi.getTimerCount()]).toEqual([0, 0]);
  }
}
