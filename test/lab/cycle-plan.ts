import type { CableCondition } from '../../src-shared/bridge/home-cables.ts';
import type { LinkName } from './home-plan.ts';

/** How a link is made to be. */
export type LinkCondition = CableCondition;

/** Which links are usable. */
export type Left = 'both' | 'eth0' | 'wlan0' | 'neither';

/** One change of the roaming cycle. */
export interface CycleStep {
  readonly number: number;
  /** What happens, as a person would say it. */
  readonly title: string;
  readonly change: Partial<Readonly<Record<LinkName, LinkCondition>>>;
  readonly left: Left;
  /**
   * What the change asks of the tunnel: `link-lost` with another one ready, `swap` to a link that appears at the same
   * moment, `all-lost`, `back` from nothing, `link-added`.
   */
  readonly kind: 'link-lost' | 'swap' | 'all-lost' | 'back' | 'link-added';
  readonly holdMs: number;
}

/** Long enough for a returned link to be measured, used and shown before the next change. */
const HOLD_MS = 3000;
/** As long as a person is without both on the way from a dock to another room's access point. */
const NEITHER_MS = 2000;

/**
 * The cycle: a closed walk over both, Ethernet only, Wi-Fi only and neither that takes each of the twelve changes
 * between them, and the commonest (Ethernet lost and back) twice, by carrier and by silence. Either link is lost in
 * either way.
 */
export const ROAMING_CYCLE: readonly CycleStep[] = (
  [
    ['Cable pulled', { eth0: 'carrier-lost' }, 'wlan0', 'link-lost'],
    ['Cable plugged in', { eth0: 'up' }, 'both', 'link-added'],
    ['Ethernet falls silent', { eth0: 'silent' }, 'wlan0', 'link-lost'],
    ['Ethernet answers again', { eth0: 'up' }, 'both', 'link-added'],
    ['Wi-Fi falls silent', { wlan0: 'silent' }, 'eth0', 'link-lost'],
    ['Wi-Fi back, cable pulled', { wlan0: 'up', eth0: 'carrier-lost' }, 'wlan0', 'swap'],
    ['Wi-Fi out of range', { wlan0: 'carrier-lost' }, 'neither', 'all-lost'],
    ['Cable plugged in', { eth0: 'up' }, 'eth0', 'back'],
    ['Ethernet falls silent', { eth0: 'silent' }, 'neither', 'all-lost'],
    ['Wi-Fi in range', { wlan0: 'up' }, 'wlan0', 'back'],
    ['Ethernet back, Wi-Fi silent', { eth0: 'up', wlan0: 'silent' }, 'eth0', 'swap'],
    ['Wi-Fi answers again', { wlan0: 'up' }, 'both', 'link-added'],
    ['Both lost at once', { eth0: 'carrier-lost', wlan0: 'carrier-lost' }, 'neither', 'all-lost'],
    ['Both back at once', { eth0: 'up', wlan0: 'up' }, 'both', 'back'],
  ] as const
).map(([title, change, left, kind], index) => ({
  number: index + 1,
  title,
  change,
  left,
  kind,
  holdMs: left === 'neither' ? NEITHER_MS : HOLD_MS,
}));
