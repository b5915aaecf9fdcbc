import type { HostRule, NativeApi } from '../../src-native/lib/types.ts';
import type { Family, JournalEntry } from '../journal/entry.ts';
import type { ChangeRecorder } from '../sysctl.ts';
import {
  FIRST_RULE_PRIORITY,
  HOST_PROTOCOL,
  LAST_RULE_PRIORITY,
  MAIN_TABLE,
  PROGRAM_RULE_PRIORITY,
  TUNNEL_TABLE,
} from './constants.ts';
import { WAY_MARK_MASK, type HostWay } from './rule-ways.ts';

/** What ways of single addresses need of the system. */
export interface HostWaysOptions {
  readonly native: Pick<NativeApi, 'hostRule'>;
  readonly journal: ChangeRecorder;
}

/**
 * Ways of single addresses that come and go while others are at work: rules of the kernel's routing, made without
 * starting a program, since whoever has learnt of an address is about to send its first packet.
 *
 * An address has ways of its own and is led by nothing else here, so that addresses need no order among themselves.
 */
export class HostWays {
  readonly #options: HostWaysOptions;
  readonly #ways = new Map<string, PlacedWays>();

  constructor(options: HostWaysOptions) {
    this.#options = options;
  }

  get addresses(): readonly string[] {
    return [...this.#ways.keys()];
  }

  /** Writes down that there will be such rules, and removes those of an earlier process. @throws StorageError */
  async prepare(): Promise<void> {
    await this.#options.journal.record(FAMILIES.map(entryFor));
    for (const family of FAMILIES)
      for (const priority of PROGRAM_RULE_PRIORITY.hosts)
        while (this.#options.native.hostRule(false, { family, priority, owner: HOST_PROTOCOL }));
  }

  /**
   * Gives an address its ways, the first that fits decides; none at all lets it go with everybody else. The same as
   * before costs nothing. At no moment is there no way, or a mixture.
   *
   * @returns whether that changed anything
   * @throws NativeSystemError
   */
  set(address: string, ways: readonly HostWay[]): boolean {
    const placed = this.#ways.get(address);
    const key = JSON.stringify(ways);
    if (placed?.key === key || (placed === undefined && ways.length === 0)) return false;
    const [first, second] = PROGRAM_RULE_PRIORITY.hosts;
    const priority = placed?.priority === first ? second : first;
    const rules = ways.flatMap((way) => rulesOf(address, way, priority));
    for (const rule of rules) this.#options.native.hostRule(true, rule);
    if (rules.length === 0) this.#ways.delete(address);
    else this.#ways.set(address, { key, priority, rules });
    // From the end: what refuses goes before what leads.
    for (const rule of [...(placed?.rules ?? [])].reverse()) this.#options.native.hostRule(false, rule);
    return true;
  }

  /** Puts back what somebody else removed. @returns how many rules were missing @throws NativeSystemError */
  repair(): number {
    let missing = 0;
    for (const { rules } of this.#ways.values()) {
      const added = rules.filter((rule) => this.#options.native.hostRule(true, rule)).length;
      missing += added;
      // Those that were missing now stand behind those that were not, and their order matters.
      if (added === 0 || added === rules.length) continue;
      for (const rule of [...rules].reverse()) this.#options.native.hostRule(false, rule);
      for (const rule of rules) this.#options.native.hostRule(true, rule);
    }
    return missing;
  }
}

interface PlacedWays {
  readonly key: string;
  readonly priority: number;
  readonly rules: readonly HostRule[];
}

const FAMILIES: readonly Family[] = [4, 6];
const IP_PROTOCOLS = { tcp: 6, udp: 17 } as const;

function entryFor(family: Family): JournalEntry {
  return {
    kind: 'rules',
    family,
    firstPriority: FIRST_RULE_PRIORITY,
    lastPriority: LAST_RULE_PRIORITY,
    protocol: HOST_PROTOCOL,
  };
}

function rulesOf(address: string, { protocol, port, way }: HostWay, priority: number): readonly HostRule[] {
  const rule: HostRule = {
    family: address.includes(':') ? 6 : 4,
    ...{ priority, owner: HOST_PROTOCOL, address, markMask: WAY_MARK_MASK },
    ...(protocol === undefined ? {} : { protocol: IP_PROTOCOLS[protocol] }),
    ...(port === undefined ? {} : { port }),
  };
  switch (way.kind) {
    case 'direct':
      return [{ ...rule, table: MAIN_TABLE }, rule];
    case 'tunnel-only':
      return [{ ...rule, table: TUNNEL_TABLE }, rule];
    case 'link':
      return [{ ...rule, table: way.table }, rule];
    case 'bonded':
    case 'redundant':
      return [{ ...rule, goto: PROGRAM_RULE_PRIORITY.decided }];
  }
}
