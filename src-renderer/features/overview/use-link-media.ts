import { useEffect, useState } from 'react';
import type { LinkMedium } from '../../../src-shared/bridge/link-medium.ts';
import { useModel } from '../../window-context.ts';

/** A signal that follows somebody through the house; more often would tell nothing new. */
const READ_EVERY_MS = 5_000;

/** Follows what carries the links while the window can be seen; empty where the program does not tell. */
export function useLinkMedia(): readonly LinkMedium[] {
  const { readLinkMedia } = useModel().bridge.shell;
  const [media, setMedia] = useState<readonly LinkMedium[]>([]);
  useEffect(() => {
    if (readLinkMedia === null) return;
    let isOver = false;
    const read = async (): Promise<void> => {
      if (document.visibilityState === 'hidden') return;
      const told = await readLinkMedia();
      if (!isOver) setMedia(told);
    };
    void read();
    const timer = setInterval(() => void read(), READ_EVERY_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [readLinkMedia]);
  return media;
}
