import { startDetached } from '../../src-platform/exec.ts';
import { VERSION } from '../../src-shared/version.ts';
import type { HomeCables } from '../../src-web-ui/home-cables.ts';
import { WindowServer } from '../../src-web-ui/window-server.ts';
import { projectDir } from './programs.ts';

/**
 * Serves the window of the virtual laptop, with cables to pull. It is served from here and not by `bowline ui`, because
 * the cables are this program's and nobody else's.
 */
export function serveDemoWindow(socketPath: string, cables: HomeCables): Promise<WindowServer> {
  return WindowServer.listen({
    windowDir: `${projectDir()}/dist/window`,
    socketPath,
    version: VERSION,
    port: 0,
    cables,
    onAddressUsed: (address) => console.log(`For another window: ${address}`),
  });
}

/** Opens an address in the browser of whoever called sudo, if there is a desktop; true if a browser was started. */
export async function openInBrowser(address: string): Promise<boolean> {
  const { DISPLAY, WAYLAND_DISPLAY, SUDO_USER, SUDO_UID } = process.env;
  if (SUDO_USER === undefined || SUDO_UID === undefined || (DISPLAY ?? WAYLAND_DISPLAY ?? '') === '')
    return false;
  const runtimeDir = `XDG_RUNTIME_DIR=/run/user/${SUDO_UID}`;
  return startDetached('runuser', ['-u', SUDO_USER, '--', 'env', runtimeDir, 'xdg-open', address]);
}
