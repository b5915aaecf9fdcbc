import * as z from 'zod';
import { ExecError, parseJsonOutput, type Exec } from '../exec.ts';
import type { Family, JournalEntry } from '../journal/entry.ts';
import type { ChangeRecorder } from '../sysctl.ts';
import { NFT_TABLE } from './box-nat.ts';
import {
  FIRST_RULE_PRIORITY,
  HOST_PROTOCOL,
  LAST_RULE_PRIORITY,
  LINK_TABLES,
  PROGRAM_PROTOCOL,
  PROGRAM_RULE_PRIORITY,
} from './constants.ts';
import { RoutesError } from './laptop-routes.ts';
import { listOwnRules, type OwnRule } from './own-rules.ts';
import { linkRoutes, ruleLines, wayRuleset, type DesiredWays, type RuleLine } from './rule-ways.ts';

/** What the ways of rules need of the system. */
export interface WayKeeperOptions {
  readonly exec: Exec;
  readonly journal: ChangeRecorder;
}

const FAMILIES: readonly Family[] = [4, 6];

/**
 * Keeps the kernel's rules, the tables of links and the firewall table as rules of the user need them. Calls are
 * worked off one after the other, and change only what differs.
 */
export class WayKeeper {
  readonly #options: WayKeeperOptions;
  /** What is there as far as we know; null when it has to be read. */
  readonly #lines = new Map<Family, readonly RuleLine[] | null>();
  readonly #routes = new Map<Family, readonly string[]>();
  readonly #destinationPriority = new Map<Family, number>();
  /** Null when it is not known. */
  #ruleset: string | null = null;
  #linkState = '';
  #desired: DesiredWays | null = null;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: WayKeeperOptions) {
    this.#options = options;
  }

  /**
   * Brings everything to the desired state.
   *
   * @param linkState changes whenever a link may have lost its routes: the kernel drops them without a word
   * @throws RoutesError, ExecError if the firewall refuses
   * @throws StorageError if the change cannot be written down; nothing is changed then
   */
  apply(desired: DesiredWays, linkState: string): Promise<void> {
    return this.#inTurn(async () => {
      if (hasWays(desired)) await this.#options.journal.record(entriesFor(desired));
      this.#desired = desired;
      const hasNewLinks = linkState !== this.#linkState;
      // The tables first, so that no rule leads into an empty one.
      for (const family of FAMILIES) await this.#reachRoutes(desired, family, hasNewLinks);
      this.#linkState = linkState;
      // What a rule forbids is forbidden before the routing changes, and allowed after it.
      await this.#reachFirewall(desired);
      for (const family of FAMILIES) await this.#reachRules(desired, family);
    });
  }

  /**
   * Reads the real state and puts back what somebody else removed.
   *
   * @returns the lines that were missing
   */
  reassert(): Promise<string> {
    return this.#inTurn(async () => {
      const desired = this.#desired;
      if (desired === null || !hasWays(desired)) return '';
      const missing: RuleLine[] = [];
      for (const family of FAMILIES) {
        const present = await this.#presentLines(family);
        missing.push(...(this.#lines.get(family) ?? []).filter((line) => !present.includes(line)));
        this.#lines.set(family, present);
        await this.#reachRoutes(desired, family, true);
        await this.#reachRules(desired, family);
      }
      if (!(await this.#hasTable())) {
        missing.push(`table inet ${NFT_TABLE}`);
        this.#ruleset = null;
        await this.#reachFirewall(desired);
      }
      return missing.map((line) => `${line}\n`).join('');
    });
  }

  /** Puts the firewall table back if somebody flushed it. @returns whether it was missing */
  reassertFirewall(): Promise<boolean> {
    return this.#inTurn(async () => {
      const desired = this.#desired;
      if (desired === null || !hasWays(desired) || (await this.#hasTable())) return false;
      this.#ruleset = null;
      await this.#reachFirewall(desired);
      return true;
    });
  }

  async #reachRules(desired: DesiredWays, family: Family): Promise<void> {
    try {
      const known = this.#lines.get(family) ?? (await this.#presentLines(family));
      await this.#lead(family, known, this.#wantedLines(desired, family, known));
    } catch (error) {
      if (!(error instanceof ExecError)) throw error;
      // Whatever was known is wrong. Read it and try once more.
      try {
        const present = await this.#presentLines(family);
        await this.#lead(family, present, this.#wantedLines(desired, family, present));
      } catch (cause) {
        this.#lines.set(family, null);
        const detail = cause instanceof ExecError ? cause.stderr.trim().split('\n')[0] : String(cause);
        throw new RoutesError(`the system refused IPv${family} rules for programs: ${detail}`, { cause });
      }
    }
  }

  /** Rules about destinations only ever get appended to: any other change goes under the other number. */
  #wantedLines(desired: DesiredWays, family: Family, known: readonly RuleLine[]): readonly RuleLine[] {
    const [first, second] = PROGRAM_RULE_PRIORITY.destinations;
    const used = this.#destinationPriority.get(family) ?? first;
    const wanted = ruleLines(desired, family, used);
    const at = (lines: readonly RuleLine[]): readonly RuleLine[] =>
      lines.filter((line) => line.startsWith(`priority ${used} `));
    const present = at(known);
    const isPrefix = present.every((line, index) => at(wanted)[index] === line);
    if (isPrefix) return wanted;
    const other = used === first ? second : first;
    this.#destinationPriority.set(family, other);
    return ruleLines(desired, family, other);
  }

  async #lead(family: Family, from: readonly RuleLine[], to: readonly RuleLine[]): Promise<void> {
    const lines = [
      ...to.filter((line) => !from.includes(line)).map((line) => `rule add ${line}\n`),
      ...from.filter((line) => !to.includes(line)).map((line) => `rule del ${line}\n`),
    ];
    if (lines.length > 0)
      await this.#options.exec('ip', [`-${family}`, '-batch', '-'], { input: lines.join('') });
    this.#lines.set(family, to);
  }

  async #reachRoutes(desired: DesiredWays, family: Family, isAnew: boolean): Promise<void> {
    const known = this.#routes.get(family) ?? [];
    const wanted = desired.links.flatMap((link) => linkRoutes(link, family));
    const due = isAnew ? wanted : wanted.filter((route) => !known.includes(route));
    const lines = [
      ...known.filter((route) => !wanted.includes(route)).map((route) => `route del ${route}\n`),
      ...due.map((route) => `route replace ${route}\n`),
    ];
    this.#routes.set(family, wanted);
    if (lines.length === 0) return;
    try {
      await this.#options.exec('ip', [`-${family}`, '-force', '-batch', '-'], { input: lines.join('') });
    } catch (error) {
      // A link that goes takes its routes with it at any moment, and one that is down refuses new ones.
      if (!(error instanceof ExecError)) throw error;
    }
  }

  async #reachFirewall(desired: DesiredWays): Promise<void> {
    const ruleset = hasWays(desired) ? wayRuleset(desired) : '';
    if (ruleset === this.#ruleset) return;
    await this.#options.exec('nft', ['-f', '-'], { input: wayRuleset(desired) });
    this.#ruleset = ruleset;
  }

  async #hasTable(): Promise<boolean> {
    const output = await this.#options.exec('nft', ['-j', 'list', 'tables', 'inet']);
    return tablesSchema
      .parse(parseJsonOutput(output))
      .nftables.some(({ table }) => table?.name === NFT_TABLE);
  }

  async #presentLines(family: Family): Promise<readonly RuleLine[]> {
    return (await listOwnRules(this.#options.exec, family, PROGRAM_PROTOCOL)).map(presentRuleLine);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    // The failure of an earlier change was told to who asked for it.
    const next = this.#lastChange.catch(() => undefined).then(change);
    this.#lastChange = next;
    return next;
  }
}

/** Everything that rules for programs may leave behind, for the journal. */
function entriesFor({ links }: DesiredWays): readonly JournalEntry[] {
  return [
    ...FAMILIES.map((family) => ({
      kind: 'rules' as const,
      family,
      firstPriority: FIRST_RULE_PRIORITY,
      lastPriority: LAST_RULE_PRIORITY,
      protocol: PROGRAM_PROTOCOL,
    })),
    ...links.flatMap(({ table }) =>
      FAMILIES.map((family) => ({ kind: 'route-table' as const, family, table })),
    ),
    { kind: 'nft-table', family: 'inet', name: NFT_TABLE },
  ];
}

/** Whether a change that is written down belongs to rules of the user, rather than to the tunnel. */
export function isOfUserRules(entry: JournalEntry): boolean {
  switch (entry.kind) {
    case 'rules':
      return entry.protocol === PROGRAM_PROTOCOL || entry.protocol === HOST_PROTOCOL;
    case 'route-table':
      return entry.table >= LINK_TABLES.first && entry.table < LINK_TABLES.first + LINK_TABLES.count;
    case 'nft-table':
    case 'control-groups':
      return true;
    default:
      return false;
  }
}

function hasWays({ marks, users, destinations, domains }: DesiredWays): boolean {
  return marks.length + users.length + destinations.length > 0 || domains !== null;
}

const tablesSchema = z.looseObject({
  nftables: z.array(z.looseObject({ table: z.looseObject({ name: z.string() }).optional() })),
});

/** The line that makes a rule of ours. */
export function presentRuleLine(rule: OwnRule): RuleLine {
  return [
    `priority ${rule.priority}`,
    ...(rule.from === undefined ? [] : [`from ${rule.from}`]),
    ...(rule.to === undefined ? [] : [`to ${rule.to}`]),
    ...(rule.fwmark === undefined
      ? []
      : [`fwmark ${rule.fwmark}${rule.fwmask === undefined ? '' : `/${rule.fwmask}`}`]),
    ...(rule.uid_start === undefined ? [] : [`uidrange ${rule.uid_start}-${rule.uid_end}`]),
    ...(rule.ipproto === undefined ? [] : [`ipproto ${rule.ipproto}`]),
    ...(rule.dport === undefined ? [] : [`dport ${rule.dport}`]),
    actionOf(rule),
    `protocol ${PROGRAM_PROTOCOL}`,
  ].join(' ');
}

function actionOf(rule: OwnRule): string {
  if (rule.goto !== undefined) return `goto ${rule.goto}`;
  if (rule.table !== undefined) return `lookup ${rule.table}`;
  return rule.nop === null ? 'nop' : 'unreachable';
}
