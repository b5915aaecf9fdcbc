import type { LinkKind, LinkState, LinkStatus } from '../../src-shared/model/link.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
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

/** Whether nobody asks if links reach the box, because there is no tunnel that they could carry. */
export function areLinksIdle(status: DaemonStatus): boolean {
  return status.state === 'failed' || (status.state === 'off' && !status.draining);
}

/** A link as it is shown: one that nobody uses is not called lost. */
export function shownLink(link: LinkStatus, status: DaemonStatus): LinkStatus {
  return areLinksIdle(status) && link.state === 'lost' ? { ...link, state: 'ignored' } : link;
}
