import { isIP } from 'node:net';
import type { NameAnswer } from '../../src-platform/index.ts';
import type { AppRule, RuleAction } from '../../src-shared/model/app-rule.ts';
import { NetworkSet } from './network-set.ts';

/** What decides about an address; the first that fits. */
export interface HostDecision {
  readonly action: RuleAction;
  readonly protocol?: 'tcp' | 'udp';
  readonly port?: number;
}

/**
 * Knows which addresses the domains of rules have, from answers to questions for names, and which rule decides about
 * each. Several names may share an address, as in content networks: then the last rule that fits one of them counts, for
 * the packets of all, since nothing in a packet says which name was meant.
 *
 * An address is kept for longer than its answer says, so that the next connection finds it known.
 */
export class DomainBook {
  #rules: readonly AppRule[] = [];
  #networks: readonly (NetworkSet | null)[] = [];
  /** By domain, the numbers of its rules; subjects are unique, so there is one. */
  readonly #domains = new Map<string, number>();
  #refused: NetworkSet = new NetworkSet([]);
  readonly #hosts = new Map<string, Host>();

  /** Addresses that are known. */
  get addresses(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /**
   * Takes rules in place of those before; what no rule is about any more is forgotten.
   *
   * @param refused networks that no answer may lead to
   */
  follow(rules: readonly AppRule[], refused: readonly string[]): void {
    this.#rules = rules;
    this.#refused = new NetworkSet([...NEVER, ...refused]);
    this.#networks = rules.map(({ subject }) =>
      subject.kind === 'network' ? new NetworkSet([subject.network]) : null,
    );
    this.#domains.clear();
    for (const [order, { subject }] of rules.entries())
      if (subject.kind === 'domain') this.#domains.set(subject.name, order);
    for (const [address, host] of this.#hosts) {
      for (const name of host.names.keys()) if (this.#ruleAbout(name) === null) host.names.delete(name);
      if (host.names.size === 0 || this.#refused.has(address)) this.#hosts.delete(address);
    }
  }

  /**
   * Takes an answer in.
   *
   * @param now monotonic microseconds
   * @returns the addresses that are new, or decided about anew, and the domains of rules that it was about
   */
  learn({ names, addresses }: NameAnswer, now: number): Learnt {
    const known = names.flatMap((name) => (this.#ruleAbout(name) === null ? [] : [name]));
    if (known.length === 0) return NOTHING;
    const changed: string[] = [];
    for (const { address, ttlSeconds } of addresses) {
      if (isIP(address) === 0 || isMapped(address) || this.#refused.has(address)) continue;
      const host = this.#hosts.get(address) ?? { names: new Map<string, number>() };
      for (const name of known) {
        if (!host.names.has(name) && host.names.size >= MOST_NAMES_OF_AN_ADDRESS) continue;
        const until = Math.max(host.names.get(name) ?? 0, now + holdMicros(ttlSeconds));
        host.names.set(name, until);
      }
      if (!this.#hosts.has(address)) changed.push(...this.#makeRoom(known), address);
      else changed.push(address);
      this.#hosts.set(address, host);
    }
    return { addresses: [...new Set(changed)], domains: known.map((name) => this.#domainAbout(name) ?? '') };
  }

  /**
   * Forgets what is old.
   *
   * @param inUse whether a connection to an address is open; asked only about those whose time is over
   * @returns the addresses that were decided about anew
   */
  expire(now: number, inUse: (address: string) => boolean): readonly string[] {
    const changed: string[] = [];
    for (const [address, { names }] of this.#hosts) {
      const old = [...names].filter(([, until]) => until <= now);
      if (old.length === 0) continue;
      const isInUse = inUse(address);
      for (const [name] of old) {
        if (isInUse) names.set(name, now + LEAST_HOLD_MICROS);
        else names.delete(name);
      }
      if (names.size === 0) this.#hosts.delete(address);
      if (!isInUse) changed.push(address);
    }
    return changed;
  }

  /** Which rules decide about an address, beside those about networks; none where a later network rule decides wholly. */
  decide(address: string): readonly HostDecision[] {
    const host = this.#hosts.get(address);
    if (host === undefined) return [];
    const domains = new Set([...host.names.keys()].map((name) => this.#ruleAbout(name)));
    const decisions: HostDecision[] = [];
    for (let order = this.#rules.length - 1; order >= 0; order--) {
      const { subject, action } = this.#rules[order]!;
      if (domains.has(order)) return [...decisions, { action }];
      if (subject.kind !== 'network' || this.#networks[order]?.has(address) !== true) continue;
      const { protocol, port } = subject;
      if (protocol === undefined && port === undefined) return [];
      decisions.push({
        action,
        ...(protocol === undefined ? {} : { protocol }),
        ...(port === undefined ? {} : { port }),
      });
    }
    return [];
  }

  /** Makes room among the addresses of the rules that these names are about, and among all. @returns those that went */
  #makeRoom(names: readonly string[]): readonly string[] {
    const orders = new Set(names.map((name) => this.#ruleAbout(name)));
    const ofSame = [...this.#hosts].filter(([, host]) =>
      [...host.names.keys()].some((name) => orders.has(this.#ruleAbout(name))),
    );
    const crowd =
      ofSame.length >= MOST_ADDRESSES_OF_A_RULE
        ? ofSame
        : this.#hosts.size >= MOST_ADDRESSES
          ? [...this.#hosts]
          : [];
    const [oldest] = crowd.sort(([, one], [, other]) => endOf(one) - endOf(other));
    if (oldest === undefined) return [];
    this.#hosts.delete(oldest[0]);
    return [oldest[0]];
  }

  /** The domain of a rule that a name is, or is below of: the last rule's where there are several. */
  #domainAbout(name: string): string | null {
    let best: string | null = null;
    for (let rest = name; ; rest = rest.slice(rest.indexOf('.') + 1)) {
      const order = this.#domains.get(rest);
      if (order !== undefined && order > (this.#domains.get(best ?? '') ?? -1)) best = rest;
      if (!rest.includes('.')) return best;
    }
  }

  #ruleAbout(name: string): number | null {
    return this.#domains.get(this.#domainAbout(name) ?? '') ?? null;
  }
}

/** What came of an answer. */
export interface Learnt {
  readonly addresses: readonly string[];
  readonly domains: readonly string[];
}

interface Host {
  /** Names that rules are about, each with the end of its time. */
  readonly names: Map<string, number>;
}

const NOTHING: Learnt = { addresses: [], domains: [] };

/** How long an address is kept: as long as its answer says, within these bounds. */
function holdMicros(ttlSeconds: number): number {
  return Math.min(Math.max(ttlSeconds * 1e6, LEAST_HOLD_MICROS), MOST_HOLD_MICROS);
}

function endOf({ names }: Host): number {
  return Math.max(...names.values());
}

/**
 * Content networks say one minute, and people come back to a page after some more; each time the first connection would
 * go the old way. Much longer, and addresses are led that have been given to somebody else.
 */
const LEAST_HOLD_MICROS = 15 * 60e6;
/** As long as systemd-resolved answers from its memory without being seen to ask. */
const MOST_HOLD_MICROS = 2 * 3_600e6;

/** The routing looks through its rules one by one: whoever floods us with addresses must not slow that down. */
const MOST_ADDRESSES = 512;
const MOST_ADDRESSES_OF_A_RULE = 64;
const MOST_NAMES_OF_AN_ADDRESS = 16;

/** Where no way leads, or only one that is not a matter of rules. */
const NEVER = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'],
  ...['::/127', 'fe80::/10', 'ff00::/8'],
];

/** IPv4 in the guise of IPv6, which no name server tells in earnest. */
function isMapped(address: string): boolean {
  return address.startsWith('::ffff:');
}
