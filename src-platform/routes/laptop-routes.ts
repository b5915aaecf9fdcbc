import { parseJsonOutput, ExecError, type Exec } from '../exec.ts';
import type { Family } from '../journal/entry.ts';
import type { ChangeRecorder, SysctlFiles } from '../sysctl.ts';
import { errnoOf } from '../storage/atomic-file.ts';
import { FIRST_RULE_PRIORITY, LAST_RULE_PRIORITY, ROUTE_PROTOCOL, TUNNEL_TABLE } from './constants.ts';
import { listOwnRules } from './own-rules.ts';
import {
  batchBetween,
  desiredFacts,
  presentDevice,
  presentRoutes,
  presentRules,
  type DesiredRoutes,
  type RouteFact,
} from './route-facts.ts';

/** What routes need of the system. */
export interface LaptopRoutesOptions {
  readonly exec: Exec;
  readonly journal: ChangeRecorder;
  readonly sysctls: Pick<SysctlFiles, 'read' | 'write'>;
  /** The tunnel device whose address and routes these are. */
  readonly tunnelName: string;
}

/** Thrown when the system refuses the routes even after its present state was read anew. */
export class RoutesError extends Error {
  readonly code = 'ROUTES_REFUSED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RoutesError';
  }
}

/** What came of IPv6: carried, not offered by the box, or switched off on this laptop. */
export type Ipv6Outcome = 'applied' | 'not-offered' | 'disabled-here';

/** IN6_ADDR_GEN_MODE_NONE of the kernel. */
const ADDR_GEN_MODE_NONE = '1';

const FAMILIES: readonly Family[] = [4, 6];

/**
 * Address, routes and rules of the tunnel on a laptop. Calls are worked off one after the other. Each one changes
 * only what differs from the last; where that fails, because somebody else changed our part meanwhile, the real state
 * is read and the difference to that is applied.
 */
export class LaptopRoutes {
  readonly #options: LaptopRoutesOptions;
  /** What is there as far as we know; null when it has to be read. */
  readonly #present = new Map<Family, readonly RouteFact[] | null>();
  #desired: DesiredRoutes | null = null;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: LaptopRoutesOptions) {
    this.#options = options;
  }

  /**
   * Brings the routing to the desired state. Applying the same state again runs no command.
   *
   * @throws RoutesError
   * @throws StorageError if the change cannot be written down; nothing is changed then
   */
  apply(desired: DesiredRoutes): Promise<Ipv6Outcome> {
    return this.#inTurn(async () => {
      await this.#options.journal.record(
        FAMILIES.flatMap((family) => [
          {
            kind: 'rules' as const,
            family,
            firstPriority: FIRST_RULE_PRIORITY,
            lastPriority: LAST_RULE_PRIORITY,
            protocol: ROUTE_PROTOCOL,
          },
          { kind: 'route-table' as const, family, table: TUNNEL_TABLE },
        ]),
      );
      this.#desired = desired;
      return this.#reach(desired);
    });
  }

  /**
   * Reads the real state and puts back what somebody else removed.
   *
   * @returns the `ip` lines that were needed; empty when nothing was missing
   * @throws RoutesError
   */
  reassert(): Promise<string> {
    return this.#inTurn(async () => {
      if (this.#desired === null) return '';
      this.#present.clear();
      const before = await Promise.all(FAMILIES.map((family) => this.#presentFacts(family)));
      for (const [index, family] of FAMILIES.entries()) this.#present.set(family, before[index] ?? []);
      await this.#reach(this.#desired);
      const after = FAMILIES.map((family) => this.#present.get(family) ?? []);
      return FAMILIES.map((_, index) => batchBetween(before[index] ?? [], after[index] ?? [])).join('');
    });
  }

  /**
   * Removes everything of ours, whatever state it is in and whoever put it there. Needs no earlier `apply`.
   *
   * @throws RoutesError
   */
  cleanUp(): Promise<void> {
    return this.#inTurn(async () => {
      this.#desired = null;
      this.#present.clear();
      for (const family of FAMILIES) await this.#reachFacts(family, []);
    });
  }

  async #reach(desired: DesiredRoutes): Promise<Ipv6Outcome> {
    const outcome = this.#ipv6Outcome(desired);
    this.#silenceAutoconfiguration();
    await this.#reachFacts(4, desiredFacts(desired, 4));
    await this.#reachFacts(6, desiredFacts(outcome === 'applied' ? desired : withoutIpv6(desired), 6));
    return outcome;
  }

  async #reachFacts(family: Family, wanted: readonly RouteFact[]): Promise<void> {
    const known = this.#present.get(family) ?? null;
    try {
      await this.#run(family, batchBetween(known ?? (await this.#presentFacts(family)), wanted));
    } catch (error) {
      if (!(error instanceof ExecError)) throw error;
      // Whatever was known is wrong. Read it and try once more.
      this.#present.set(family, null);
      try {
        await this.#run(family, batchBetween(await this.#presentFacts(family), wanted));
      } catch (cause) {
        const detail = cause instanceof ExecError ? cause.stderr.trim().split('\n')[0] : String(cause);
        throw new RoutesError(`the system refused IPv${family} routes: ${detail}`, { cause });
      }
    }
    this.#present.set(family, wanted);
  }

  async #run(family: Family, batch: string): Promise<void> {
    if (batch !== '') await this.#options.exec('ip', [`-${family}`, '-batch', '-'], { input: batch });
  }

  async #presentFacts(family: Family): Promise<readonly RouteFact[]> {
    const flag = `-${family}`;
    const show = async (...args: string[]): Promise<unknown> =>
      parseJsonOutput(await this.#options.exec('ip', ['-j', flag, ...args]));
    const [device, routes, rules] = await Promise.all([
      show('address', 'show', 'dev', this.#options.tunnelName).catch(nothingIf(/does not exist/)),
      show('-N', 'route', 'show', 'table', String(TUNNEL_TABLE)).catch(nothingIf(/FIB table does not exist/)),
      listOwnRules(this.#options.exec, family, ROUTE_PROTOCOL).catch(nothingIf(/not supported/)),
    ]);
    return [...presentDevice(device, family), ...presentRoutes(routes), ...presentRules(rules)];
  }

  #ipv6Outcome({ tunnel }: DesiredRoutes): Ipv6Outcome {
    if (tunnel.address6 === null) return 'not-offered';
    return this.#options.sysctls.read(`net/ipv6/conf/${tunnel.name}/disable_ipv6`) === '0'
      ? 'applied'
      : 'disabled-here';
  }

  /**
   * Keeps the kernel from giving the tunnel a link-local address, and with it from sending router solicitations into
   * the tunnel for ever. The device is ours, so this needs no journal.
   */
  #silenceAutoconfiguration(): void {
    const path = `net/ipv6/conf/${this.#options.tunnelName}/addr_gen_mode`;
    const present = this.#options.sysctls.read(path);
    if (present === null || present === ADDR_GEN_MODE_NONE) return;
    try {
      this.#options.sysctls.write(path, ADDR_GEN_MODE_NONE);
    } catch (error) {
      // Where /proc/sys is read-only, as in some containers, a few superfluous packets do no harm.
      if (errnoOf(error) !== 'EROFS' && errnoOf(error) !== 'EACCES') throw error;
    }
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    // The failure of an earlier change was told to who asked for it.
    const next = this.#lastChange.catch(() => undefined).then(change);
    this.#lastChange = next;
    return next;
  }
}

function withoutIpv6(desired: DesiredRoutes): DesiredRoutes {
  return { ...desired, tunnel: { ...desired.tunnel, address6: null } };
}

/** `ip` has one exit status for all failures, so its message, in the C locale, has to tell "nothing there". */
function nothingIf(pattern: RegExp): (error: unknown) => readonly never[] {
  return (error) => {
    if (error instanceof ExecError && pattern.test(error.stderr)) return [];
    throw error;
  };
}
