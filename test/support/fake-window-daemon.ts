import { controlAccess, ControlServer } from '../../src-control/index.ts';
import { controlError, type ControlError } from '../../src-shared/control/error.ts';
import { daemonContract, type DaemonContract } from '../../src-shared/control/contract.ts';
import type { DoctorCheck } from '../../src-shared/model/doctor.ts';
import type { FoundBox } from '../../src-shared/model/found-box.ts';
import type { BoxIdentity, DaemonStatus } from '../../src-shared/model/status.ts';
import type { TimelineEntry } from '../../src-shared/model/timeline.ts';
import { err, ok, type Result } from '../../src-shared/util/result.ts';
import { FakeApps } from './fake-apps.ts';
import { offStatus, protectedStatus } from './status.ts';

/** A daemon for the window's tests: it answers everything the window may ask, over a real socket. */
export class FakeWindowDaemon {
  readonly apps = new FakeApps();
  readonly calls: { readonly method: string; readonly params: unknown }[] = [];
  status: DaemonStatus = offStatus();
  /** What switching on leads to; null if the daemon answers and then does nothing. */
  statusWhenOn: DaemonStatus | null = protectedStatus();
  timeline: readonly TimelineEntry[] = [];
  boxes: readonly FoundBox[] = [];
  checks: readonly DoctorCheck[] = [];
  /** How pairing ends. */
  pairing: Result<{ box: BoxIdentity }, ControlError> = ok({
    box: { name: 'attic', address: '192.168.1.10:4747', fingerprint: 'ab12-cd34' },
  });
  /** What unpairing is refused with; null if it is not. */
  unpairRefusal: ControlError | null = null;
  #server: ControlServer<DaemonContract> | null = null;

  async start(socketPath: string): Promise<void> {
    const note = (method: string, params: unknown): void => void this.calls.push({ method, params });
    this.#server = await ControlServer.listen<DaemonContract>({
      contract: daemonContract,
      socketPath,
      programVersion: '0.1.0',
      access: controlAccess({ groupId: null, ownUserId: 0, isListed: () => false }),
      readPeerCredentials: () => ({ pid: 1, uid: 0, gid: 0, groups: [] }),
      onNotice: () => undefined,
      snapshots: { 'status.changed': () => this.status },
      handlers: {
        'status.get': () => ok(this.status),
        'connection.setWanted': (params) => {
          note('connection.setWanted', params);
          const next = params.wanted ? this.statusWhenOn : offStatus();
          if (next !== null) this.become(next);
          return ok({});
        },
        'connection.leave': () => ok({ until: '2026-03-01T10:00:30.000Z' }),
        'wifi.setPowerSave': () => ok({}),
        'portal.setCheck': () => ok({}),
        'mode.set': (params) => {
          note('mode.set', params);
          this.become({ ...this.status, mode: params.mode });
          return ok({});
        },
        'links.list': () => ok({ links: this.status.links }),
        'link.setPriority': (params) => {
          note('link.setPriority', params);
          const links = this.status.links.map((link) =>
            link.name === params.name ? { ...link, priority: params.priority } : link,
          );
          this.become({ ...this.status, links });
          return ok({});
        },
        'link.setMetered': (params) => {
          note('link.setMetered', params);
          const links = this.status.links.map((link) =>
            link.name === params.name
              ? { ...link, metered: params.metered === 'yes', meteredChoice: params.metered }
              : link,
          );
          this.become({ ...this.status, links });
          return ok({});
        },
        'lan.set': (params) => {
          note('lan.set', params);
          this.become({ ...this.status, lan: params.access });
          return ok({});
        },
        'ipv6.set': (params) => {
          note('ipv6.set', params);
          this.become({ ...this.status, ipv6: params.access });
          return ok({});
        },
        ...this.apps.handlers(note),
        'test.unplug': (params) => {
          note('test.unplug', params);
          const costs = { gapMicros: 8300, packetsReplayed: 7, packetsLost: 0 };
          return ok({ link: 'eth0', kind: params.kind, to: 'wlan0', ...costs });
        },
        'doctor.run': () => ok({ checks: [...this.checks] }),
        'timeline.list': () => ok({ entries: [...this.timeline], truncated: false }),
        'boxes.find': () => ok({ boxes: [...this.boxes] }),
        'pairing.pair': (params) => {
          note('pairing.pair', params);
          return this.pairing;
        },
        'pairing.unpair': (params) => {
          note('pairing.unpair', params);
          if (this.unpairRefusal !== null) return err(this.unpairRefusal);
          if (this.status.box === null) return err(controlError('NOT_POSSIBLE_NOW', 'no box is paired'));
          this.become({ ...offStatus(), box: null });
          return ok({});
        },
      },
    });
  }

  /** Changes the status and tells all windows. */
  become(status: DaemonStatus): void {
    this.status = status;
    this.#server?.publish('status.changed', status);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }
}
