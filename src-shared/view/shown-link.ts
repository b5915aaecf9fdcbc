import type { LinkStatus } from '../model/link.ts';
import type { DaemonStatus } from '../model/status.ts';

/** Whether nobody asks if links reach the box, because there is no tunnel that they could carry. */
export function areLinksIdle(status: DaemonStatus): boolean {
  return status.state === 'failed' || (status.state === 'off' && !status.draining);
}

/** A link as it is shown: one that nobody asks is not used, rather than lost. */
export function shownLink(link: LinkStatus, status: DaemonStatus): LinkStatus {
  return areLinksIdle(status) && link.state === 'lost' ? { ...link, state: 'ignored' } : link;
}
