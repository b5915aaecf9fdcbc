import { BoxAnnouncer, type AnnouncedLink } from '../../src-platform/index.ts';
import type { Log } from '../../src-platform/log.ts';
import { native, type NativeNetlink } from '../../src-platform/native.ts';
import { PROTOCOL_VERSION } from '../../src-engine/wire/handshake.ts';
import type { Announcement } from '../../src-shared/model/found-box.ts';
import type { BoxOptions } from '../box-options.ts';
import { lanInterfaces } from './lan-interfaces.ts';

/** A bridge or a DHCP client makes several changes within milliseconds: they are announced together. */
const QUIET_MS = 100;

/** Keeps the box announced on the interfaces that its laptops are on, whatever happens to these. */
export class BoxAnnouncement {
  private readonly options: BoxOptions;
  private readonly fingerprint: string;
  private readonly log: Log;
  private tunnelName = '';
  private netlink: NativeNetlink | null = null;
  private announcer: BoxAnnouncer | null = null;
  private quiet: NodeJS.Timeout | null = null;
  private links: readonly AnnouncedLink[] = [];

  constructor(options: BoxOptions, fingerprint: string, log: Log) {
    this.options = options;
    this.fingerprint = fingerprint;
    this.log = log;
  }

  get status(): Announcement {
    const { isAnnounced, name } = this.options;
    if (this.announcer !== null) return this.announcer.announcement;
    const state = isAnnounced ? 'starting' : 'off';
    return { state, by: null, name, interfaces: [], problem: null };
  }

  /** Begins to announce that the box waits on this UDP port, unless it shall not. */
  start(port: number, tunnelName: string): void {
    if (!this.options.isAnnounced) return;
    this.tunnelName = tunnelName;
    this.netlink = new native.Netlink({ groups: ['link', 'address4', 'address6', 'route4', 'route6'] });
    this.netlink.startPolling(() => this.onChange());
    this.links = this.look(this.netlink);
    const { name } = this.options;
    this.announcer = new BoxAnnouncer({
      service: { name, fingerprint: this.fingerprint, protocol: PROTOCOL_VERSION, port },
      links: this.links,
      random: Math.random,
      onChange: ({ state, by, interfaces, problem }) => {
        const fields = { state, by, interfaces, ...(problem === null ? {} : { problem }) };
        this.log[state === 'failed' ? 'warn' : 'info']('announcement', fields);
      },
    });
  }

  /** Says goodbye. */
  async stop(): Promise<void> {
    if (this.quiet !== null) clearTimeout(this.quiet);
    this.netlink?.close();
    this.netlink = null;
    await this.announcer?.stop();
  }

  private onChange(): void {
    this.netlink?.read();
    this.quiet ??= setTimeout(() => {
      this.quiet = null;
      if (this.netlink === null) return;
      const links = this.look(this.netlink);
      if (JSON.stringify(links) === JSON.stringify(this.links)) return;
      this.links = links;
      this.announcer?.setLinks(links);
    }, QUIET_MS);
  }

  private look(netlink: NativeNetlink): AnnouncedLink[] {
    const { listen, uplink } = this.options;
    const events = (['link', 'address', 'route'] as const).flatMap((kind) => netlink.dump(kind));
    return lanInterfaces({ events, listen, uplink, tunnelName: this.tunnelName });
  }
}
