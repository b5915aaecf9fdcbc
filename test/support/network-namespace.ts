import { execFileSync } from 'node:child_process';
import { exec, type Exec } from '../../src-platform/exec.ts';
import type { SysctlFiles } from '../../src-platform/sysctl.ts';

/**
 * A shell script that ends once so many devices have their link-local addresses: the kernel gives them, with routes,
 * some time after it was told that a cable is up.
 */
export function untilLinkLocalAddresses(devices: number): string {
  return `for turn in $(seq 1000); do
    [ $(ip -6 -o addr show scope link -tentative | wc -l) -lt ${devices} ] || break
    sleep 0.01
  done`;
}

let count = 0;

/** A network namespace of a test, with everything that adapters need to work inside it. Needs root. */
export class NetworkNamespace {
  readonly name: string;
  readonly exec: Exec;
  readonly sysctls: SysctlFiles;

  constructor(prefix: string) {
    count += 1;
    this.name = `${prefix}-${process.pid}-${count}`;
    execFileSync('ip', ['netns', 'add', this.name]);
    this.exec = (command, args, options) =>
      exec('ip', ['netns', 'exec', this.name, command, ...args], options);
    this.sysctls = {
      read: (path) => {
        try {
          return this.run(`cat /proc/sys/${path} 2>/dev/null`).trim();
        } catch {
          return null;
        }
      },
      write: (path, value) => void this.run(`echo ${value} > /proc/sys/${path}`),
      list: (dir) => this.run(`ls /proc/sys/${dir}`).trim().split('\n'),
    };
    this.run('ip link set dev lo up');
  }

  /** Runs a shell script inside and returns what it printed. */
  run(script: string): string {
    return execFileSync('ip', ['netns', 'exec', this.name, 'sh', '-ec', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Everything that a clean stop has to leave as it was, as text. */
  systemState(): string {
    return this.run(`
      for family in -4 -6; do
        echo "# rules $family"; ip $family rule show
        echo "# routes $family"; ip $family route show table all
      done
      echo "# nft"; nft list ruleset
      echo "# sysctl"; grep -r "" /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward \
        /proc/sys/net/ipv4/neigh /proc/sys/net/ipv6/neigh 2>/dev/null | grep -v stable_secret | sort
    `);
  }

  /** Removes the namespace and everything in it. */
  remove(): void {
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}
