import { setPriority } from 'node:os';
import { describeError, type Log } from '../src-platform/log.ts';
import { native } from '../src-platform/native.ts';
import { managerSocket, watchdogMillis } from '../src-platform/service-manager.ts';

/** Something that runs until it is told to stop. */
export interface Stoppable {
  stop(): Promise<void>;
}

/**
 * Runs a daemon in the foreground until SIGTERM or SIGINT and tells a service manager when it is ready.
 * @returns the exit status: 0 after a clean stop, 1 if it could not start, 4 if it may not.
 */
export async function runDaemon(log: Log, start: () => Promise<Stoppable>): Promise<number> {
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve(name));
  });
  preferThisProcess(log);
  let daemon: Stoppable;
  try {
    daemon = await start();
  } catch (error) {
    log.error('start-failed', { ...describeError(error), advice: adviceFor(error) });
    return isPermission(error) ? 4 : 1;
  }
  notifyManager('READY=1');
  showLife(log);
  log.info('stopping', { signal: await signal });
  notifyManager('STOPPING=1');
  await daemon.stop();
  return 0;
}

/**
 * Takes the last steps of a start. If one of them fails, what has begun is stopped, so that nothing keeps the process alive.
 *
 * @throws what the step threw
 */
export async function startOrStop<T extends Stoppable>(begun: T, steps: () => Promise<void>): Promise<T> {
  try {
    await steps();
    return begun;
  } catch (error) {
    // The first failure says more than one that follows from it.
    await begun.stop().catch(() => undefined);
    throw error;
  }
}

/**
 * Lets the scheduler prefer this process: every program's packets wait while it waits, and a pause of 10 ms looks like
 * a failing link to the other end. A service whose unit forbids these calls has the niceness from it.
 */
function preferThisProcess(log: Log): void {
  try {
    setPriority(PREFERRED_NICENESS);
    native.useTimeSlice(TIME_SLICE_MICROS);
  } catch (error) {
    log.debug('priority-refused', describeError(error));
  }
}

/** Ahead of a compile job, behind what a desktop runs for sound (-11 and below). */
const PREFERRED_NICENESS = -7;
/**
 * Packets take less than this, so that a turn is rarely cut short, and whoever computes gives way at once: with the usual
 * 1 to 3 ms twice as many packets of a call came more than 2 ms late on a machine with two busy cores.
 */
const TIME_SLICE_MICROS = 100;

function notifyManager(message: string): void {
  const path = managerSocket(process.env);
  if (path !== null) native.sdNotify(path, message);
}

/** Tells the service manager again and again that the event loop turns, if it wants to know. */
function showLife(log: Log): void {
  const pauseMillis = watchdogMillis(process.env, process.pid);
  if (pauseMillis === null) return;
  const show = (): void => {
    try {
      notifyManager('WATCHDOG=1');
    } catch (error) {
      log.debug('manager-not-told', describeError(error));
    }
  };
  setInterval(show, pauseMillis).unref();
}

function isPermission(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'EPERM' || code === 'EACCES' || code === 'STORAGE_DENIED';
}

function adviceFor(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (isPermission(error)) return 'run it as root, or give the service CAP_NET_ADMIN';
  if (code === 'ENOENT') return 'load the tun module: modprobe tun';
  if (code === 'EBUSY') return 'another daemon holds the tunnel device; stop it first';
  if (code === 'EADDRINUSE') return 'another program uses the port; choose one with --listen';
  return 'see the error above';
}
