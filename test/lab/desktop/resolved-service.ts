import { Resolved, RESOLVED, type ResolvedServer } from '../../../src-platform/names/resolved.ts';
import type { BusConnection } from '../../../src-platform/dbus/system-bus.ts';
import type { Scene } from '../scene.ts';
import { accountLines, RESOLVED_USER } from './accounts.ts';
import { debianProgram } from './debian-program.ts';
import type { MessageBus } from './message-bus.ts';
import { NodeProgram } from './node-program.ts';

const PROGRAM_PATH = '/lib/systemd/systemd-resolved';
/** Debian's systemd-resolved; null where it cannot be had. */
export const RESOLVED_PROGRAM = debianProgram('systemd-resolved', PROGRAM_PATH);
/** What it asks polkit about; comes with the program. */
export const RESOLVED_ACTIONS = `${RESOLVED_PROGRAM?.slice(0, -PROGRAM_PATH.length) ?? ''}/usr/share/polkit-1/actions/org.freedesktop.resolve1.policy`;

/** The real systemd-resolved on the laptop of a home, without systemd. */
export class ResolvedService implements AsyncDisposable {
  private readonly scene: Scene;
  private readonly bus: MessageBus;
  private readonly connection: BusConnection;
  private program: NodeProgram;

  private constructor(scene: Scene, bus: MessageBus, connection: BusConnection) {
    this.scene = scene;
    this.bus = bus;
    this.connection = connection;
    this.program = this.launch();
  }

  static async start(scene: Scene, bus: MessageBus): Promise<ResolvedService> {
    const service = scene.use(new ResolvedService(scene, bus, await bus.connect()));
    await service.isUp();
    return service;
  }

  /** Ends it without a word and starts it again, with nothing of what it knew before. */
  async restart(): Promise<void> {
    await this.program.stop('SIGKILL');
    this.program = this.launch();
    await this.isUp();
  }

  /** Gives a link its servers and search domains, as a network manager does. */
  async configure(link: string, servers: readonly string[], domains: readonly string[]): Promise<void> {
    const addresses = servers.map((server) => [2, server.split('.').map(Number)] as const);
    const ifindex = await this.indexOf(link);
    await this.call('SetLinkDNS', 'ia(iay)', [ifindex, addresses]);
    await this.call('SetLinkDomains', 'ia(sb)', [ifindex, domains.map((domain) => [domain, false] as const)]);
    await this.call('SetLinkDefaultRoute', 'ib', [ifindex, true]);
  }

  /** The servers of one link, by its name; none if there is no such link. */
  async serversOf(link: string): Promise<readonly string[]> {
    const ifindex = await this.indexOf(link).catch(() => -1);
    const all: readonly ResolvedServer[] = await new Resolved(this.connection).servers();
    return all.filter((server) => server.ifindex === ifindex).map(({ address }) => address);
  }

  /** The servers of links that are not those of the home, as text. */
  async foreignServers(links: readonly string[]): Promise<string> {
    const known = await Promise.all(links.map((link) => this.indexOf(link)));
    const all = await new Resolved(this.connection).servers();
    return all
      .filter(({ ifindex }) => ifindex !== 0 && !known.includes(ifindex))
      .map(({ ifindex, address }) => `${ifindex} ${address}`)
      .join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }

  private async indexOf(link: string): Promise<number> {
    const text = await this.scene.home.run('laptop', 'cat', [`/sys/class/net/${link}/ifindex`]);
    return Number(text.trim());
  }

  private async call(
    member: string,
    signature: string,
    body: Parameters<BusConnection['call']>[0]['body'],
  ): Promise<void> {
    const path = '/org/freedesktop/resolve1';
    const call = { destination: RESOLVED, path, interface: `${RESOLVED}.Manager`, member, signature };
    await this.connection.call({ ...call, body: body ?? [] });
  }

  private async isUp(): Promise<void> {
    await this.scene.until('systemd-resolved', async () =>
      (await this.connection.hasOwner(RESOLVED)) ? true : null,
    );
  }

  private launch(): NodeProgram {
    const { home } = this.scene;
    const { id } = RESOLVED_USER;
    const script = `
      ${accountLines(home)}
      mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd
      mkdir /run/systemd/resolve && chown ${id}:${id} /run/systemd/resolve
      exec "$@"
    `;
    const through = ['sh', '-ec', script, 'sh', ...this.bus.environment, 'SYSTEMD_LOG_TARGET=console'];
    return new NodeProgram(home, 'laptop', 'resolved', [...through, RESOLVED_PROGRAM ?? 'systemd-resolved']);
  }
}
