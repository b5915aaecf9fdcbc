import type { IpcRenderer } from 'electron';
import type { Bridge, BridgeListener, Preferences, ShellError } from '../../src-shared/bridge/bridge.ts';
import type { LinkMedium } from '../../src-shared/bridge/link-medium.ts';
import type { UnreachableReason } from '../../src-shared/model/status.ts';
import type { Result } from '../../src-shared/util/result.ts';
import { CHANNELS, type ShellFacts, type SubscriptionNotice } from './channels.ts';

/** The part of Electron that the preload script uses. */
export type PreloadIpc = Pick<IpcRenderer, 'invoke' | 'on' | 'send' | 'sendSync'>;

/**
 * Makes the window's bridge. No IPC object, event or channel name gets into the page: only these functions.
 *
 * @throws Error in a page that is not the window's: main refuses to tell it anything
 */
export function createBridge(ipc: PreloadIpc): Bridge {
  const facts = ipc.sendSync(CHANNELS.shellFacts) as ShellFacts | null;
  if (facts === null) throw new Error('this page is not the window of Bowline');

  const listeners = new Map<number, BridgeListener<never>>();
  let nextId = 1;
  ipc.on(CHANNELS.notice, (_event, id: number, notice: SubscriptionNotice) => {
    const listener = listeners.get(id);
    if (notice.kind === 'event') listener?.onEvent(notice.payload as never);
    else listener?.onUnreachable(notice.error);
  });

  return {
    call: (method, params) => ipc.invoke(CHANNELS.call, method, params) as never,
    subscribe: (event, listener) => {
      const id = nextId;
      nextId += 1;
      listeners.set(id, listener);
      ipc.send(CHANNELS.subscribe, event, id);
      return () => {
        if (listeners.delete(id)) ipc.send(CHANNELS.unsubscribe, id);
      };
    },
    shell: {
      kind: 'electron',
      version: facts.version,
      preferences: facts.preferences,
      setPreferences: (change) =>
        ipc.invoke(CHANNELS.setPreferences, change) as Promise<Result<Preferences, ShellError>>,
      fixService: facts.canFixService
        ? (reason: UnreachableReason) =>
            ipc.invoke(CHANNELS.fixService, reason) as Promise<Result<null, ShellError>>
        : null,
      cables: null,
      readLinkMedia: () => ipc.invoke(CHANNELS.readLinkMedia) as Promise<readonly LinkMedium[]>,
    },
  };
}
