import {
  exec,
  ExecError,
  WayKeeper,
  type DesiredWays,
  type DestinationWay,
  type LinkSnapshot,
  type LinkTable,
  type SystemJournal,
} from '../../src-platform/index.ts';
import type { AppRule, RuleAction } from '../../src-shared/model/app-rule.ts';
import { networkOf } from '../routing/network-of.ts';
import { TUNNEL_MARK, TUNNEL_NAME } from '../tunnel.ts';
import type { CompiledRules } from './compile-rules.ts';
import { isAboutPrograms } from './compile-rules.ts';
import { linkOf, type WayBook } from './way-book.ts';

/** What routing and firewall are asked to do. */
export interface WantedWays {
  readonly rules: readonly AppRule[];
  readonly compiled: CompiledRules;
  /** Of programs that were put under an action without a rule. */
  readonly entered: Iterable<RuleAction>;
  readonly links: readonly LinkSnapshot[];
  /** The tunnel's own, as far as they are known. */
  readonly tunnelAddresses: readonly string[];
  readonly domains: DesiredWays['domains'];
}

/** Lets routing and firewall follow the rules and the links. */
export class RuleNetwork {
  readonly #keeper: WayKeeper;
  readonly #book: WayBook;
  readonly #userIds = new Map<string, number | null>();

  constructor(journal: SystemJournal, book: WayBook) {
    this.#keeper = new WayKeeper({ exec, journal });
    this.#book = book;
  }

  /** Brings everything in line. @throws RoutesError, ExecError, StorageError */
  async follow(wanted: WantedWays): Promise<void> {
    for (const name of wanted.compiled.users.keys()) await this.#look(name);
    const desired = this.#desired(wanted);
    const state = wanted.links.map(({ name, ifindex, up, carrier, addresses, gateways }) => [
      ...[name, ifindex, up, carrier],
      ...[addresses.map(({ address }) => address), gateways],
    ]);
    await this.#keeper.apply(desired, desired.links.length === 0 ? '' : JSON.stringify(state));
  }

  /** Puts back what somebody else removed. @returns the lines that were missing */
  repair(): Promise<string> {
    return this.#keeper.reassert();
  }

  /** Puts the firewall table back if it was flushed. @returns whether it was */
  repairFirewall(): Promise<boolean> {
    return this.#keeper.reassertFirewall();
  }

  /** Number of a user that a rule names; null if there is none of this name. */
  userIdOf(name: string): number | null {
    return this.#userIds.get(name) ?? null;
  }

  #desired({ rules, compiled, entered, links, tunnelAddresses, domains }: WantedWays): DesiredWays {
    const book = this.#book;
    const actions = new Set<RuleAction>(entered);
    for (const { subject, action } of rules) if (isAboutPrograms(subject)) actions.add(action);
    const users = [...compiled.users].flatMap(([name, { action }]) => {
      const uid = this.userIdOf(name);
      return uid === null ? [] : [{ uid, way: book.wayOf(action) }];
    });
    const destinations = this.#destinations(rules);
    const named = new Set([...actions, ...rules.map(({ action }) => action)].map(linkOf));
    return {
      tunnelName: TUNNEL_NAME,
      tunnelAddresses,
      tunnelMark: TUNNEL_MARK,
      marks: [...actions].sort().map((action) => ({ mark: book.markOf(action), way: book.wayOf(action) })),
      users,
      destinations,
      domains,
      links: links.flatMap((link) => (named.has(link.name) ? [this.#tableOf(link)] : [])),
    };
  }

  /** The last rule decides, so it comes first. */
  #destinations(rules: readonly AppRule[]): readonly DestinationWay[] {
    const known = new Set<string>();
    return [...rules].reverse().flatMap(({ subject, action }): readonly DestinationWay[] => {
      if (subject.kind !== 'network') return [];
      const { network, protocol, port } = subject;
      // Bits beyond a network's length make no other network.
      const key = `${canonical(network)} ${protocol} ${port}`;
      if (known.has(key)) return [];
      known.add(key);
      return [
        {
          network: canonical(network),
          ...(protocol === undefined ? {} : { protocol }),
          ...(port === undefined ? {} : { port }),
          way: this.#book.wayOf(action),
        },
      ];
    });
  }

  #tableOf({ name, addresses, gateways }: LinkSnapshot): LinkTable {
    const way = this.#book.wayOf(`only:${name}`);
    return {
      name,
      table: way.kind === 'link' ? way.table : 0,
      addresses: addresses
        .filter(({ scope }) => scope === 'global')
        // Those that last come first: a default route has one source address.
        .sort((one, other) => rank(one) - rank(other))
        .map((own) => ({ family: own.family, address: own.address, network: networkOf(own) })),
      gateways,
    };
  }

  /** Asks the system's own sources of users, which may be on the network, once for each name. */
  async #look(name: string): Promise<void> {
    if (typeof this.#userIds.get(name) === 'number') return;
    try {
      const [, , uid] = (await exec('getent', ['passwd', name])).split(':');
      this.#userIds.set(name, uid === undefined ? null : Number(uid));
    } catch (error) {
      if (!(error instanceof ExecError)) throw error;
      this.#userIds.set(name, null);
    }
  }
}

function rank({ deprecated, temporary }: LinkSnapshot['addresses'][number]): number {
  return Number(deprecated) * 2 + Number(temporary);
}

/** A network as the kernel prints it, without bits beyond its length. */
function canonical(network: string): string {
  const [address = '', length = ''] = network.split('/');
  return networkOf({ family: address.includes(':') ? 6 : 4, address, prefixLength: Number(length) });
}
