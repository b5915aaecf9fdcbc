import { startDetached } from '../../src-platform/exec.ts';
import { controlError } from '../../src-shared/control/error.ts';
import { WindowServer, type WindowServerOptions } from '../../src-web-ui/window-server.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** Tried first, so that the browser finds the window's language again; one above the box's port. */
const USUAL_PORT = 4748;

/** The build puts the window beside the folder of the programs. */
const WINDOW_DIR = new URL('../window/', import.meta.url).pathname;

/** How often it is looked whether whoever started this is still there. */
const OWNER_CHECK_MS = 2_000;

/** Serves the window to a browser on this machine until interrupted, or until the program that started this is gone. */
export async function serveWindow(
  { print, version, interrupted }: CommandContext,
  options: { readonly socket: string; readonly port: number | undefined; readonly opensBrowser: boolean },
): Promise<CommandOutcome> {
  let server: WindowServer;
  try {
    server = await listen({
      windowDir: WINDOW_DIR,
      socketPath: options.socket,
      version,
      port: options.port ?? USUAL_PORT,
      onAddressUsed: (address) => print(`For another window: ${address}`),
    });
  } catch (error) {
    return controlError('NOT_AVAILABLE', whyNot(error, options.port));
  }
  print(`The window: ${server.address}`);
  print('Each address opens one window. Ctrl-C ends this.');
  if (options.opensBrowser && hasDesktop()) {
    const isStarted = await startDetached('xdg-open', [server.address]);
    if (!isStarted) print('No browser could be opened: open the address by hand.');
  }
  await Promise.race([aborted(interrupted), ownerGone(interrupted)]);
  await server.close();
  return null;

  /** A port that was asked for has to be free; the usual one gives way to any other. */
  async function listen(wish: WindowServerOptions): Promise<WindowServer> {
    try {
      return await WindowServer.listen(wish);
    } catch (error) {
      if (options.port !== undefined || errorCode(error) !== 'EADDRINUSE') throw error;
      return WindowServer.listen({ ...wish, port: 0 });
    }
  }
}

function whyNot(error: unknown, port: number | undefined): string {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return `port ${port} is taken by another program; choose another or leave --port out`;
    case 'EACCES':
      return `port ${port} is reserved for the administrator; choose one above 1023`;
    case 'ENOENT':
      return 'the window is not built here; run npm run build';
    default:
      return `the window cannot be served (${error instanceof Error ? error.message : String(error)})`;
  }
}

function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}

/** A browser belongs to the user's desktop; root's would be another user's program on it. */
function hasDesktop(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.getuid?.() !== 0 && (DISPLAY ?? WAYLAND_DISPLAY ?? '') !== '';
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** A process whose parent ends gets another one. */
function ownerGone(signal: AbortSignal): Promise<void> {
  const owner = process.ppid;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (process.ppid !== owner) resolve();
      if (process.ppid !== owner || signal.aborted) clearInterval(timer);
    }, OWNER_CHECK_MS).unref();
  });
}
