import type { HostRule } from '../../src-native/lib/types.ts';

/** The kernel's list of rules, as far as rules for single addresses are concerned: by priority, then as they came. */
export class FakeHostRules {
  rules: HostRule[] = [];
  /** How packets to an address would go after each single change, as text. */
  readonly moments: string[] = [];
  watched: string | null = null;

  readonly hostRule = (isWanted: boolean, rule: HostRule): boolean => {
    const index = this.rules.findIndex((each) =>
      rule.address === undefined
        ? each.family === rule.family && each.priority === rule.priority && each.owner === rule.owner
        : JSON.stringify(each) === JSON.stringify(rule),
    );
    if (isWanted === index >= 0) return false;
    if (isWanted) this.rules.push(rule);
    else this.rules.splice(index, 1);
    this.rules.sort((one, other) => one.priority - other.priority);
    if (this.watched !== null) this.moments.push(this.wayOf(this.watched));
    return true;
  };

  /** Whereto the first rule that fits leads: `table`, `goto` or `nowhere`; `-` if none does. */
  wayOf(address: string, protocol?: number, port?: number): string {
    const found = this.rules.find(
      (rule) =>
        rule.address === address &&
        (rule.protocol === undefined || rule.protocol === protocol) &&
        (rule.port === undefined || rule.port === port),
    );
    if (found === undefined) return '-';
    return String(found.table ?? (found.goto === undefined ? 'nowhere' : `goto ${found.goto}`));
  }
}
