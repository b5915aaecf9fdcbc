import type { Bridge } from '../../src-shared/bridge/bridge.ts';
import { WebBridge } from './web-bridge.ts';

declare global {
  interface Window {
    /** Made by the preload script in Electron; absent in a browser. */
    readonly bridge?: Bridge;
  }
}

/** A token is alone behind the #; names of views begin with a slash there. */
const TOKEN = /^#([\w-]{20,})$/;

/** Hands out the bridge that is there, or makes the one of a browser's page. Called once. */
export function findBridge(version: string): Bridge {
  if (window.bridge !== undefined) return window.bridge;
  const token = TOKEN.exec(location.hash)?.[1] ?? null;
  // The token is used up: neither the address bar nor the history needs it.
  if (token !== null) history.replaceState(null, '', location.pathname);
  return new WebBridge(
    {
      socketUrl: `ws://${location.host}/bridge`,
      token,
      session: sessionStorage,
      preferences: localStorage,
      openSocket: (url) => new WebSocket(url),
    },
    version,
  );
}
