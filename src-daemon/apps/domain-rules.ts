import { isIP } from 'node:net';
import {
  HostWays,
  NameTap,
  type DomainWays,
  type HostWay,
  type LinkSnapshot,
  type NameAnswer,
  type SystemJournal,
} from '../../src-platform/index.ts';
import { describeError, type Log } from '../../src-platform/log.ts';
import type { NativeApi } from '../../src-platform/native.ts';
import type { AppRule } from '../../src-shared/model/app-rule.ts';
import type { WatchedPackets } from '../packet-loop.ts';
import { networkOf } from '../routing/network-of.ts';
import { TUNNEL_NAME } from '../tunnel.ts';
import { DomainBook } from './domain-book.ts';
import type { NameAsker } from './name-asker.ts';
import { TunnelNames } from './tunnel-names.ts';
import type { WayBook } from './way-book.ts';

/*
 * Rules about domains, without standing between programs and their name servers: the answers that this machine gets are
 * listened to, and each address that a rule's domain has gets rules of its own in the routing. These come after the
 * rules by address, so that a connection keeps the way that it began with: what is learnt or forgotten later is for the
 * connections that come after.
 *
 * What comes through the tunnel is ours to deliver: the routing knows of an answer before whoever asked has it. Of all
 * others we hear at the same moment as they do. So the way from an answer to the routing is as short as can be, starts no
 * program and waits for nothing; addresses are kept; and the domains themselves are asked for ahead.
 */

/** What stands around the rules about domains. */
export interface DomainSurroundings {
  readonly links: readonly LinkSnapshot[];
  readonly tunnelAddresses: readonly string[];
  /** Addresses of the box, outside the tunnel. */
  readonly boxAddresses: readonly string[];
}

export interface DomainRulesOptions {
  readonly native: Pick<NativeApi, 'NameTap' | 'hostRule' | 'inetSockets' | 'nowMicros'>;
  readonly journal: Pick<SystemJournal, 'record'>;
  readonly log: Log;
  readonly ways: WayBook;
  readonly asker: Pick<NameAsker, 'follow' | 'hasAskedFor'>;
  readonly packets: WatchedPackets;
  /** The firewall has to follow: see {@link DomainRules.ways}. */
  readonly onChange: () => void;
}

/** Leads packets by what their destination is called. Nothing is open and nothing listens while no rule needs it. */
export class DomainRules {
  readonly #options: DomainRulesOptions;
  readonly #book = new DomainBook();
  readonly #hosts: HostWays;
  #tap: NameTap | null = null;
  /** Why nothing can be heard; null while that works. */
  #failure: string | null = null;
  #rules: readonly AppRule[] = [];
  #links: readonly LinkSnapshot[] = [];
  /** Domains of rules that a program has asked about since the daemon started. */
  readonly #heard = new Set<string>();
  /** Until when a resolver may remember the answer to our own question about a domain, monotonic microseconds. */
  readonly #remembered = new Map<string, number>();
  #ticker: NodeJS.Timeout | null = null;
  #due: NodeJS.Timeout | null = null;
  #isPrepared = false;
  #isClosed = false;
  /** Addresses of the links, and whether others have come since the domains were asked for. */
  #network = '';
  #isElsewhere = false;

  constructor(options: DomainRulesOptions) {
    this.#options = options;
    this.#hosts = new HostWays(options);
  }

  /** What the firewall and the other rules of the routing have to know; null while no rule is about a domain. */
  get ways(): DomainWays | null {
    if (!this.#isInForce) return null;
    const hosts = this.#book.addresses.flatMap((address) => {
      const ways = this.#waysOf(address);
      return ways.length === 0 ? [] : [{ address, ways }];
    });
    const linkAddresses = this.#links
      .filter(({ ignoredBecause }) => ignoredBecause === null)
      .flatMap(({ addresses }) => addresses.filter(({ scope }) => scope === 'global'))
      .map(({ address }) => address);
    return { linkAddresses, hosts };
  }

  /** Why names cannot be heard on this machine; null if they can, or need not. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Domains of rules. */
  get domains(): readonly string[] {
    return this.#rules.flatMap(({ subject }) => (subject.kind === 'domain' ? [subject.name] : []));
  }

  /**
   * Whether no program has asked for a rule's domain, or for a name below it, since the daemon started, although that
   * would be heard. It would not where our own question has filled a resolver's memory, which answers in silence.
   */
  isUnheard(domain: string): boolean {
    const isRemembered = this.#options.native.nowMicros() < (this.#remembered.get(domain) ?? 0);
    return !isRemembered && !this.#heard.has(domain);
  }

  /** Removes what a killed daemon left. @throws StorageError */
  async adopt(): Promise<void> {
    await this.#hosts.prepare();
    this.#isPrepared = true;
  }

  /**
   * Takes rules and surroundings in, and stops leading what no rule is about any more. The rest is up to {@link apply},
   * once {@link ways} is in force. @throws StorageError
   */
  async follow(rules: readonly AppRule[], surroundings: DomainSurroundings): Promise<void> {
    const network = JSON.stringify(surroundings.links.map(({ addresses }) => addresses));
    this.#isElsewhere ||= network !== this.#network;
    this.#network = network;
    this.#rules = rules;
    this.#links = surroundings.links;
    if (this.#isInForce && !this.#isPrepared) await this.adopt();
    this.#book.follow(rules, refusedNetworks(surroundings));
    this.#lead(this.#hosts.addresses.filter((address) => this.#book.decide(address).length === 0));
  }

  /** Lets the routing follow, and listens. */
  apply(): void {
    if (this.#isClosed) return;
    this.#lead(this.#book.addresses);
    if (!this.#isInForce) return this.#rest();
    this.#listen();
    this.#options.asker.follow(this.domains, this.#isElsewhere);
    this.#isElsewhere = false;
  }

  /** Puts back what somebody else removed. @returns the lines that were missing */
  repair(): string {
    if (!this.#isInForce) return '';
    try {
      const missing = this.#hosts.repair();
      return missing === 0 ? '' : `${missing} rules about addresses of domains\n`;
    } catch (error) {
      this.#options.log.warn('domains-not-repaired', describeError(error));
      return '';
    }
  }

  /** Hears nothing any more; the journal takes away what is in the routing. */
  close(): void {
    this.#isClosed = true;
    this.#rules = [];
    this.#rest();
  }

  get #isInForce(): boolean {
    return this.#rules.some(({ subject }) => subject.kind === 'domain');
  }

  #listen(): void {
    this.#ticker ??= setInterval(() => this.#onTick(), TICK_MS).unref();
    const { native, packets } = this.#options;
    const onAnswer = (answer: NameAnswer): void => this.#take(answer);
    const tap = (this.#tap ??= new NameTap({ native, now: native.nowMicros, onAnswer }));
    packets.watcher ??= new TunnelNames((packet) => tap.hear(packet));
    try {
      // What passes through the tunnel is heard in our own hands, and a socket there would cost every packet.
      tap.follow(this.#links.flatMap(({ name, ifindex }) => (name === TUNNEL_NAME ? [] : [ifindex])));
      this.#failure = null;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (this.#failure === null) this.#options.log.warn('names-not-heard', describeError(error));
      this.#failure = error.message;
    }
  }

  #rest(): void {
    this.#options.packets.watcher = null;
    this.#tap?.close();
    this.#tap = null;
    this.#failure = null;
    this.#options.asker.follow([], false);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#due !== null) clearTimeout(this.#due);
    this.#ticker = null;
    this.#due = null;
  }

  #take(answer: NameAnswer): void {
    const { native, asker } = this.#options;
    const now = native.nowMicros();
    const { addresses, domains } = this.#book.learn(answer, now);
    if (domains.length === 0) return;
    // The routing first: the one who asked is about to connect.
    this.#lead(addresses);
    const isOurs = asker.hasAskedFor(answer.names[0] ?? '');
    const until = now + Math.max(0, ...answer.addresses.map(({ ttlSeconds }) => ttlSeconds)) * 1e6;
    for (const domain of domains) {
      if (isOurs) this.#remembered.set(domain, until);
      else this.#heard.add(domain);
    }
  }

  #lead(addresses: readonly string[]): void {
    let hasChanged = false;
    try {
      for (const address of addresses) {
        if (this.#hosts.set(address, this.#waysOf(address))) hasChanged = true;
      }
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#options.log.warn('domain-not-led', describeError(error));
    }
    if (hasChanged) this.#tellChange();
  }

  #waysOf(address: string): readonly HostWay[] {
    const { ways } = this.#options;
    return this.#book
      .decide(address)
      .map(({ action, ...selector }) => ({ ...selector, way: ways.wayOf(action) }));
  }

  /** Addresses come in swarms, and the firewall takes each change as a whole. */
  #tellChange(): void {
    this.#due ??= setTimeout(() => {
      this.#due = null;
      this.#options.onChange();
    }, CHANGE_DELAY_MS).unref();
  }

  #onTick(): void {
    const { native } = this.#options;
    let open: ReadonlySet<string> | null = null;
    const inUse = (address: string): boolean => {
      open ??= new Set(native.inetSockets().map(({ remote }) => remote));
      return open.has(address);
    };
    const changed = this.#book.expire(native.nowMicros(), inUse);
    if (changed.length > 0) this.#lead(changed);
    this.#listen();
    this.#options.asker.follow(this.domains, false);
  }
}

const TICK_MS = 30_000;
/** Until the firewall knows of an address, what has no way over IPv6 may take another. */
const CHANGE_DELAY_MS = 20;

function refusedNetworks({ links, tunnelAddresses, boxAddresses }: DomainSurroundings): readonly string[] {
  return [
    // Hosts of the own networks are reached without a router: there is nothing to choose, and much to lose.
    ...links.flatMap(({ addresses }) => addresses.map(networkOf)),
    ...tunnelAddresses.map((address) => networkOf(tunnelNetwork(address))),
    ...boxAddresses.filter((address) => isIP(address) !== 0),
  ];
}

/** Boxes hand out networks of these sizes; the other addresses in them are theirs. */
function tunnelNetwork(address: string): Parameters<typeof networkOf>[0] {
  return address.includes(':')
    ? { family: 6, address, prefixLength: 64 }
    : { family: 4, address, prefixLength: 24 };
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
