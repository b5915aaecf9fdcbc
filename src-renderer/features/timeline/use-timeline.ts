import { useEffect, useState } from 'react';
import type { ControlError } from '../../../src-shared/control/error.ts';
import type { TimelineEntry } from '../../../src-shared/model/timeline.ts';
import { useModel, useWindow } from '../../window-context.ts';

/** As many as the daemon hands out at once. */
const MAX_ENTRIES = 5_000;

/** What is known of the daemon's timeline. */
export type Timeline =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: ControlError }
  | { readonly kind: 'ready'; readonly entries: readonly TimelineEntry[]; readonly isTruncated: boolean };

/** Reads the timeline of the last while, and again whenever the daemon says that it has grown. */
export function useTimeline(lengthMs: number): Timeline {
  const model = useModel();
  const [timeline, setTimeline] = useState<Timeline>({ kind: 'loading' });
  const timelineLength = useWindow((state) => state.timelineLength);
  const isReachable = useWindow(({ status }) => status !== null && status.state !== 'unreachable');
  useEffect(() => {
    if (!isReachable) return;
    let isStale = false;
    const since = new Date(model.now() - lengthMs).toISOString();
    void model.bridge.call('timeline.list', { since, limit: MAX_ENTRIES }).then((answer) => {
      if (isStale) return;
      setTimeline(
        answer.ok
          ? { kind: 'ready', entries: answer.value.entries, isTruncated: answer.value.truncated }
          : { kind: 'failed', error: answer.error },
      );
    });
    return () => {
      isStale = true;
    };
  }, [model, lengthMs, timelineLength, isReachable]);
  return timeline;
}
