import type { Subject } from '../../src-daemon/doctor/check.ts';
import type { LinkSnapshot, MachineFacts } from '../../src-platform/index.ts';
import { Sysctls } from '../../src-platform/sysctl.ts';
import { FakeExec } from './fake-exec.ts';
import { FakeSysctls } from './fake-sysctls.ts';
import { protectedStatus } from './status.ts';

/** A machine in memory on which nothing is wrong: two links up, a tunnel that carries both families. */
export class DoctorMachine {
  status: ReturnType<Subject['status']> = protectedStatus();
  links: LinkSnapshot[] = [linkSnapshot('eth0', 2), linkSnapshot('wlan0', 3)];
  readonly sysctlFiles = new FakeSysctls(healthySysctls());
  readonly exec = new FakeExec();
  readonly texts = new Map<string, string>();
  readonly writtenAt = new Map<string, number>();
  readonly devices = new Map([['/dev/net/tun', '10:200']]);
  access: Awaited<ReturnType<MachineFacts['accessTo']>> = {
    mode: 0o660,
    owner: 'bowline',
    group: 'bowline',
    groupMembers: ['ada'],
  };
  free = { bytes: 5e9, files: 1e6 };
  missing: ReturnType<Subject['missingFacilities']> = [];
  domains = { named: [] as string[], heard: [] as string[], failure: null as string | null };
  isResolvedEncrypting = false;
  sockets: ReturnType<Subject['domains']['sockets']> = [];
  wallClock = Date.UTC(2031, 4, 3, 12);

  constructor() {
    this.goesBy(4, 'bowline0');
    this.goesBy(6, 'bowline0');
  }

  /** Lets the kernel's answer to a route lookup be this device. */
  goesBy(family: 4 | 6, device: string): void {
    this.exec.prints(new RegExp(`^ip -${family} -j route get`), JSON.stringify([{ dst: 'x', dev: device }]));
  }

  get subject(): Subject {
    return {
      status: () => this.status,
      links: this.links,
      sysctls: new Sysctls(this.sysctlFiles, { record: () => Promise.resolve() }),
      machine: {
        readText: (path) => Promise.resolve(this.texts.get(path) ?? null),
        accessTo: () => Promise.resolve(this.access),
        deviceNumber: (path) => Promise.resolve(this.devices.get(path) ?? null),
        freeSpace: () => Promise.resolve(this.free),
        writtenAt: (path) => Promise.resolve(this.writtenAt.get(path) ?? null),
        wallClock: () => this.wallClock,
      },
      exec: this.exec.exec,
      desktopChecks: [],
      missingFacilities: () => this.missing,
      domains: {
        rules: {
          domains: this.domains.named,
          failure: this.domains.failure,
          isUnheard: (domain) => !this.domains.heard.includes(domain),
        },
        isResolvedEncrypting: () => Promise.resolve(this.isResolvedEncrypting),
        sockets: () => this.sockets,
      },
      stateDir: '/var/lib/bowline',
      socketPath: '/run/bowline/daemon.sock',
    };
  }
}

export function linkSnapshot(name: string, ifindex: number): LinkSnapshot {
  return {
    name,
    ifindex,
    kind: name.startsWith('wl') ? 'wifi' : 'ethernet',
    up: true,
    carrier: true,
    mtuBytes: 1_500,
    mac: null,
    addresses: [],
    gateways: { 4: '192.168.1.1', 6: null },
    ignoredBecause: null,
  };
}

function healthySysctls(): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of ['all', 'eth0', 'wlan0']) {
    const isLink = name !== 'all';
    values[`net/ipv4/conf/${name}/rp_filter`] = isLink ? '2' : '0';
    values[`net/ipv4/conf/${name}/arp_ignore`] = isLink ? '1' : '0';
    values[`net/ipv4/conf/${name}/arp_announce`] = isLink ? '2' : '0';
    for (const family of ['ipv4', 'ipv6'])
      values[`net/${family}/conf/${name}/ignore_routes_with_linkdown`] = '0';
  }
  return values;
}
