import type { AppWebContents } from '../electron-api.ts';
import { isPageUrl } from './app-protocol.ts';

/** "Copy diagnostics" is a button of ours; nothing else needs to be permitted. */
const PERMITTED = 'clipboard-sanitized-write';

/**
 * Refuses whatever the page has no use for: other pages, windows, embedded pages, and every permission from camera to
 * notifications. The page is our own; this is for the day on which it is made to run somebody else's text.
 *
 * @param onRefused told what was asked for
 */
export function hardenContents(contents: AppWebContents, onRefused: (what: string) => void): void {
  contents.setWindowOpenHandler(({ url }) => {
    onRefused(`a window with ${url}`);
    return { action: 'deny' };
  });
  contents.on('will-frame-navigate', (event) => {
    if (event.isMainFrame && isPageUrl(event.url)) return;
    event.preventDefault();
    onRefused(`to go to ${event.url}`);
  });
  contents.on('will-redirect', (event) => {
    if (!isPageUrl(event.url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
    onRefused('a page inside the page');
  });

  const { session } = contents;
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    if (permission !== PERMITTED) onRefused(`the permission ${permission}`);
    answer(permission === PERMITTED);
  });
  session.setPermissionCheckHandler((_contents, permission) => permission === PERMITTED);
  session.setDevicePermissionHandler(() => false);
}
