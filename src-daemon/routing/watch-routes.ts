import { readFileSync } from 'node:fs';
import { RouteGuard, type Requester } from '../../src-platform/index.ts';
import type { Log } from '../../src-platform/log.ts';
import { native } from '../../src-platform/native.ts';
import { TUNNEL_NAME } from '../tunnel.ts';
import type { RouteKeeper } from './route-keeper.ts';

/** Puts our rules and routes back when others remove them, and says in the log what was missing and who it was. */
export class RouteWatch {
  private readonly guard: RouteGuard;
  private readonly log: Log;
  private lastRequester: Requester | null = null;
  private isTold = false;

  /** @param others more that is put back with the routes */
  constructor(routes: RouteKeeper, others: Pick<RouteKeeper, 'repair'>, log: Log) {
    this.log = log;
    this.guard = new RouteGuard({
      netlink: new native.Netlink({
        groups: ['rule4', 'rule6', 'route4', 'route6', 'address4', 'address6', 'link'],
      }),
      tunnelName: TUNNEL_NAME,
      isTunnelAddress: (address) => routes.isTunnelAddress(address),
      processName,
      onRemoved: async (requester) => {
        const lines = (await routes.repair()) + (await others.repair());
        if (lines === '') return false;
        this.lastRequester = requester;
        log.warn('routes-repaired', { lines, removedBy: nameOf(requester) });
        return true;
      },
    });
  }

  /** Who keeps removing what is put back; null as long as nobody does, an empty name where it is not known. */
  get contestedBy(): string | null {
    if (!this.guard.isContested) {
      this.isTold = false;
      return null;
    }
    const by = nameOf(this.lastRequester);
    if (!this.isTold) this.log.warn('routes-contested', { removedBy: by, ...ADVICE });
    this.isTold = true;
    return this.lastRequester?.name ?? '';
  }

  close(): void {
    this.guard.close();
  }
}

const ADVICE = {
  effect: 'new connections go direct between a removal and the next repair',
  help: 'let that program leave rules of others alone, as systemd-networkd does with ManageForeignRoutingPolicyRules=no',
};

function nameOf(requester: Requester | null): string | null {
  return requester === null ? null : `${requester.name ?? 'a process that has ended'} (${requester.pid})`;
}

/** A netlink port is a process id of the requester's own namespace, so in a container the name can be another's. */
function processName(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    // It has ended, or the port is not a process id.
    return null;
  }
}
