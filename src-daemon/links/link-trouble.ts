import type { LinkKind, LinkState, LinkTrouble } from '../../src-shared/model/link.ts';

/** What is known of one link that is connected. */
export interface TroubledLink {
  readonly kind: LinkKind;
  readonly state: LinkState;
  /** Whether a page that everybody may read came with a login in its place. */
  readonly isPortal: boolean;
  /** How long the link has been connected without reaching the box, in microseconds; 0 while it does. */
  readonly silentMicros: number;
  /** Whether the box answers over another link at this moment, so that it is not the box that is down. */
  readonly isBoxElsewhere: boolean;
  /** Whether the link is in one of the networks that the box is in. */
  readonly isInBoxNetwork: boolean;
  /** What the kernel found when it asked the link for the box's hardware address. */
  readonly boxNeighbour: 'answers' | 'silent' | 'unknown';
  readonly dozes: boolean;
}

/** Names what keeps a link from serving the tunnel as it should; null if nothing does, or it cannot be told. */
export function troubleOf(link: TroubledLink): LinkTrouble | null {
  if (link.state === 'ignored') return null;
  if (link.isPortal && link.state !== 'carrying' && link.state !== 'standby') return 'portal';
  if (link.silentMicros >= CLEAR_AFTER_MICROS) {
    if (!link.isBoxElsewhere) return null;
    if (!link.isInBoxNetwork) return 'other-network';
    if (link.boxNeighbour === 'silent') return 'isolated';
    return link.boxNeighbour === 'answers' ? 'box-blocked' : null;
  }
  return link.dozes ? 'power-save' : null;
}

/** What a path that works takes at most to be found, several times over. */
const CLEAR_AFTER_MICROS = 5_000_000;

/**
 * Tells by its delays that a radio dozes between packets: the access point keeps answers until the next beacon, so they
 * take anything from the least to a beacon's interval more. Delay by load or distance is steadier or has no low end.
 */
export class DozeDetector {
  private hits = 0;

  /** To be told once a second. @returns whether the link dozes. */
  note(link: {
    readonly kind: LinkKind;
    readonly state: LinkState;
    readonly minRttMicros: number | null;
    readonly smoothedRttMicros: number | null;
  }): boolean {
    const { kind, state, minRttMicros: least, smoothedRttMicros: smoothed } = link;
    // A link that carries has no time to doze.
    if (kind !== 'wifi' || state !== 'standby' || least === null || smoothed === null) this.hits = 0;
    else if (smoothed - least < LEAST_DOZING_MICROS || smoothed > MOST_DOZING_MICROS)
      this.hits = Math.max(0, this.hits - 1);
    // An idle link is asked once a second; ten answers may by chance have no early one, which says nothing.
    else if (least < MOST_AWAKE_MICROS) this.hits = Math.min(this.hits + 1, 2 * CERTAIN_HITS);
    return this.hits >= CERTAIN_HITS;
  }
}

/** A Wi-Fi link that is awake answers within this time, at its best, with a quarter of a beacon's interval to spare. */
const MOST_AWAKE_MICROS = 25_000;
/** The mean of what dozing adds is half a beacon's interval, 51 ms; the smoothed delay wanders around it. */
const LEAST_DOZING_MICROS = 25_000;
/** A smoothed delay beyond this is a queue. */
const MOST_DOZING_MICROS = 160_000;
/** Seconds: one slow answer moves the smoothed delay for a few. */
const CERTAIN_HITS = 8;
