import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { NETWORK_MANAGER } from '../../../src-platform/network-manager/network-manager.ts';
import type { LinkName } from '../home-plan.ts';
import type { Scene } from '../scene.ts';
import type { MessageBus } from './message-bus.ts';
import { NodeProgram } from './node-program.ts';

/** Debian's NetworkManager. */
export const NETWORK_MANAGER_PROGRAM = '/usr/sbin/NetworkManager';
export const HAS_NETWORK_MANAGER = existsSync(NETWORK_MANAGER_PROGRAM);

/** What a link's profile says. */
export interface Profile {
  readonly metric: number;
  readonly isMetered: boolean;
}

/**
 * The real NetworkManager on the laptop of a home, with profiles of the test. It sees a read-only /sys, as in a
 * container, so that it asks the kernel for devices instead of a udev that is not there.
 */
export class NetworkManagerService implements AsyncDisposable {
  private readonly dir: string;
  private readonly program: NodeProgram;

  private constructor(scene: Scene, bus: MessageBus, profiles: Readonly<Record<LinkName, Profile>>) {
    const { home } = scene;
    this.dir = join(home.tempDir, 'NetworkManager');
    const profileDir = join(this.dir, 'system-connections');
    mkdirSync(profileDir, { recursive: true });
    writeFileSync(join(this.dir, 'NetworkManager.conf'), CONFIG);
    for (const [name, profile] of Object.entries(profiles)) {
      const path = join(profileDir, `${name}.nmconnection`);
      writeFileSync(path, profileText(name, profile));
      chmodSync(path, 0o600);
    }
    const script = `
      mkdir -p /run/NetworkManager /var/lib/NetworkManager
      mount -t tmpfs tmpfs /run/NetworkManager
      mount -t tmpfs tmpfs /var/lib/NetworkManager
      mount --bind ${this.dir} /etc/NetworkManager
      mount -o remount,ro,bind /sys 2>/dev/null || mount -o remount,ro /sys
      exec "$@"
    `;
    const command = [NETWORK_MANAGER_PROGRAM, '--no-daemon', '--log-level=INFO'];
    this.program = new NodeProgram(home, 'laptop', 'network-manager', [
      ...['sh', '-ec', script, 'sh', ...bus.environment],
      ...command,
    ]);
  }

  static async start(
    scene: Scene,
    bus: MessageBus,
    profiles: Readonly<Record<LinkName, Profile>>,
  ): Promise<NetworkManagerService> {
    const service = scene.use(new NetworkManagerService(scene, bus, profiles));
    const connection = await bus.connect();
    await scene.until('NetworkManager', async () =>
      (await connection.hasOwner(NETWORK_MANAGER)) ? true : null,
    );
    return service;
  }

  /** All profiles as text. */
  get profiles(): string {
    const dir = join(this.dir, 'system-connections');
    return readdirSync(dir)
      .sort()
      .map((name) => `# ${name}\n${readFileSync(join(dir, name), 'utf8')}`)
      .join('\n');
  }

  get log(): string {
    return this.program.log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }
}

const CONFIG = `[main]
plugins=keyfile
dhcp=internal
dns=none
rc-manager=unmanaged
no-auto-default=*

[keyfile]
unmanaged-devices=interface-name:bowline0
`;

function profileText(name: string, { metric, isMetered }: Profile): string {
  return `[connection]
id=${name}
uuid=00000000-0000-4000-8000-0000000000${name === 'eth0' ? '01' : '02'}
type=ethernet
interface-name=${name}
metered=${isMetered ? 1 : 2}

[ipv4]
method=auto
route-metric=${metric}

[ipv6]
method=disabled
`;
}
