import type { LinkKind, LinkState } from '../../src-shared/model/link.ts';
import type { IconName } from './icon.tsx';

/** How many links have a colour of their own; further ones share them. Names stand beside every colour. */
const LINK_COLOURS = 6;

/** The token of a link's colour, the same in cards, bands and graphs. */
export function linkColour(name: string, names: readonly string[]): string {
  const place = Math.max(names.indexOf(name), 0);
  return `--link-${(place % LINK_COLOURS) + 1}`;
}

/** The icon of a link's kind. */
export function kindIcon(kind: LinkKind): IconName {
  return kind;
}

/** The shape that tells a link's state apart without any colour. */
export const STATE_ICON: Readonly<Record<LinkState, IconName>> = {
  carrying: 'check',
  standby: 'dots',
  suspect: 'question',
  lost: 'cross',
  ignored: 'dash',
};
