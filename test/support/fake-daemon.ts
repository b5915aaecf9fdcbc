import { controlAccess, ControlServer, type ControlServerOptions } from '../../src-control/index.ts';
import { daemonContract, type DaemonContract } from '../../src-shared/control/contract.ts';
import { controlError } from '../../src-shared/control/error.ts';
import type { FoundBox } from '../../src-shared/model/found-box.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import type { Timeline } from '../../src-shared/model/timeline.ts';
import { err, ok } from '../../src-shared/util/result.ts';
import { FakeApps } from './fake-apps.ts';
import { offStatus, protectedStatus } from './status.ts';

/** A daemon that answers the whole contract over a real socket and only pretends to do anything. */
export class FakeDaemon {
  /** Methods that were called, with their parameters. */
  readonly calls: { readonly method: string; readonly params: unknown }[] = [];
  status: DaemonStatus = offStatus();
  timeline: Timeline = { entries: [], truncated: false };
  /** What switching on leads to. */
  statusWhenOn: DaemonStatus = protectedStatus();
  /** What is found on the network. */
  boxes: readonly FoundBox[] = [];
  readonly apps = new FakeApps();
  #server: ControlServer<DaemonContract> | null = null;

  async start(
    socketPath: string,
    options: Partial<ControlServerOptions<DaemonContract>> = {},
  ): Promise<void> {
    this.#server = await ControlServer.listen({
      contract: daemonContract,
      socketPath,
      programVersion: '0.1.0',
      access: controlAccess({ groupId: null, ownUserId: 0, isListed: () => false }),
      readPeerCredentials: () => ({ pid: 1, uid: 0, gid: 0, groups: [] }),
      onNotice: () => undefined,
      snapshots: { 'status.changed': () => this.status },
      handlers: this.#handlers(),
      ...options,
    });
  }

  /** Changes the status and tells all subscribers. */
  become(status: DaemonStatus): void {
    this.status = status;
    this.#server?.publish('status.changed', status);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = null;
  }

  #handlers(): ControlServerOptions<DaemonContract>['handlers'] {
    const note = (method: string, params: unknown): void => void this.calls.push({ method, params });
    return {
      'status.get': () => ok(this.status),
      'connection.setWanted': (params) => {
        note('connection.setWanted', params);
        this.become(params.wanted ? this.statusWhenOn : offStatus());
        return ok({});
      },
      'connection.leave': (params) => (
        note('connection.leave', params),
        ok({ until: '2026-03-01T10:00:30.000Z' })
      ),
      'wifi.setPowerSave': (params) => (note('wifi.setPowerSave', params), ok({})),
      'portal.setCheck': (params) => (note('portal.setCheck', params), ok({})),
      'mode.set': (params) => (note('mode.set', params), ok({})),
      ...this.apps.handlers(note),
      'links.list': () => ok({ links: this.status.links }),
      'link.setPriority': (params) => {
        note('link.setPriority', params);
        return params.name === 'eth0'
          ? ok({})
          : err(controlError('NO_SUCH_LINK', `no link ${params.name}; see bowline links`));
      },
      'link.setMetered': (params) => (note('link.setMetered', params), ok({})),
      'lan.set': (params) => (note('lan.set', params), ok({})),
      'ipv6.set': (params) => (note('ipv6.set', params), ok({})),
      'timeline.list': (params) => {
        note('timeline.list', params);
        return ok(this.timeline);
      },
      'test.unplug': (params) => {
        note('test.unplug', params);
        const gap = { gapMicros: 8300, packetsReplayed: 7, packetsLost: 0 };
        return ok({ link: params.link ?? 'eth0', kind: params.kind, to: 'wlan0', ...gap });
      },
      'pairing.pair': ({ box, code }) =>
        code === '12345678'
          ? ok({
              box: { name: 'box', address: box === 'auto' ? '192.168.7.1' : box, fingerprint: '3f2a-91bc' },
            })
          : err(controlError('WRONG_CODE', 'the code is wrong; check it; tries left: 2')),
      'pairing.unpair': () => ok({}),
      'boxes.find': (params) => (note('boxes.find', params), ok({ boxes: [...this.boxes] })),
      'doctor.run': ({ fix }) =>
        ok({
          checks: [
            {
              name: 'tun-device',
              verdict: 'ok',
              evidence: '/dev/net/tun is there',
              explanation: 'The tunnel needs it.',
              fix: null,
              fixable: false,
              fixed: false,
            },
            {
              name: 'reverse-path-filter',
              verdict: 'failed',
              evidence: 'wlan0 drops what arrives',
              explanation: 'The other link is the best way back.',
              fix: 'set rp_filter to 2',
              fixable: true,
              fixed: fix,
            },
          ],
        }),
    };
  }
}
