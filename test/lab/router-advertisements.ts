import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualHome } from './home.ts';
import type { NodeName } from './home-plan.ts';
import { runProgram, tryProgram } from './programs.ts';

/** A router's announcements of a prefix and of itself, by dnsmasq as home routers run it. Dispose ends them. */
export class RouterAdvertisements implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Begins to announce on an interface that has an address of the prefix. */
  static async start(
    home: VirtualHome,
    node: NodeName,
    device: string,
    prefix: string,
  ): Promise<RouterAdvertisements> {
    await installDnsmasq();
    const configPath = join(home.tempDir, `dnsmasq-${node}.conf`);
    const lines = [
      'keep-in-foreground',
      'user=root',
      'port=0',
      'bind-interfaces',
      `interface=${device}`,
      'except-interface=lo',
      'enable-ra',
      // The shortest life that dnsmasq gives, and announcements as often as it makes them.
      `dhcp-range=${prefix},ra-only,64,2m`,
      `ra-param=${device},4,120`,
      'log-facility=-',
      `dhcp-leasefile=${join(home.tempDir, `dnsmasq-${node}.leases`)}`,
    ];
    writeFileSync(configPath, `${lines.join('\n')}\n`);
    const child = home.spawn(node, 'dnsmasq', ['--conf-file=' + configPath], { stdio: 'ignore' });
    return new RouterAdvertisements(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

/** The lab's machines have it from Debian; the program alone, without its service. */
async function installDnsmasq(): Promise<void> {
  if ((await tryProgram('sh', ['-c', 'command -v dnsmasq'])).status === 0) return;
  await runProgram('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'dnsmasq-base']);
}
