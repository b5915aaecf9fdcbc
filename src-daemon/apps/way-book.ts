import { LINK_TABLES, type Way } from '../../src-platform/index.ts';
import type { RuleAction } from '../../src-shared/model/app-rule.ts';

/**
 * Gives each action its way: the mark of its sockets and, over one link, the table of that link. The marks' bits are
 * the highest eight: not Tailscale's (0xff0000), nor those of container engines (0xc000) or of the tunnel.
 */
export class WayBook {
  /** Slot of each link that some action names; a slot is kept for as long as the daemon runs. */
  readonly #links = new Map<string, number>();

  /** Whether there is room for the links of these actions. */
  hasRoomFor(actions: Iterable<RuleAction>): boolean {
    const links = new Set(this.#links.keys());
    for (const action of actions) {
      const link = linkOf(action);
      if (link !== null) links.add(link);
    }
    return links.size <= LINK_TABLES.count;
  }

  /** The mark of an action's sockets. */
  markOf(action: RuleAction): number {
    const way = this.wayOf(action);
    const number =
      way.kind === 'link' ? FIRST_LINK_NUMBER + way.table - LINK_TABLES.first : NUMBERS[way.kind];
    return number * 2 ** 24;
  }

  /** The way of an action's packets. @throws RangeError if there is no room for its link */
  wayOf(action: RuleAction): Way {
    const link = linkOf(action);
    if (link !== null) return { kind: 'link', link, table: LINK_TABLES.first + this.#slotOf(link) };
    return { kind: KINDS[action as keyof typeof KINDS] };
  }

  #slotOf(link: string): number {
    const known = this.#links.get(link);
    if (known !== undefined) return known;
    const slot = this.#links.size;
    if (slot >= LINK_TABLES.count) throw new RangeError(`there is no table left for ${link}`);
    this.#links.set(link, slot);
    return slot;
  }
}

/** The link that an action names; null if it names none. */
export function linkOf(action: RuleAction): string | null {
  return action.startsWith(ONLY) ? action.slice(ONLY.length) : null;
}

const ONLY = 'only:';

const KINDS = {
  direct: 'direct',
  bonded: 'bonded',
  redundant: 'redundant',
  'block-without-tunnel': 'tunnel-only',
} as const;

const NUMBERS = { direct: 0xb1, bonded: 0xb2, redundant: 0xb3, 'tunnel-only': 0xb4 } as const;
const FIRST_LINK_NUMBER = 0xc0;
