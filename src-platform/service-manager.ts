/** Where the service manager that started this process listens (sd_notify(3)); null if none does. */
export function managerSocket(environment: NodeJS.ProcessEnv): string | null {
  const path = environment['NOTIFY_SOCKET'];
  return path === undefined || path === '' ? null : path;
}

/**
 * Descriptors that the service manager has handed over to this very process, by their names (sd_listen_fds(3)). What
 * tells of them is taken out of the environment, whomever it was meant for. Children get none of them: Node has seen to
 * that at its start. The caller closes them.
 */
export function takeHandedOver(environment: NodeJS.ProcessEnv, pid: number): ReadonlyMap<string, number> {
  const { LISTEN_PID: owner, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = environment;
  delete environment['LISTEN_PID'];
  delete environment['LISTEN_FDS'];
  delete environment['LISTEN_FDNAMES'];
  // A shell that was started with descriptors passes the variables on to what is started in it.
  if (owner !== String(pid) || !/^[1-9]\d{0,3}$/.test(count)) return new Map();
  const handedOver = names.split(':').slice(0, Number(count));
  return new Map(handedOver.map((name, index) => [name, FIRST_DESCRIPTOR + index]));
}

/**
 * How often the service manager wants a sign of life from this very process (sd_watchdog_enabled(3)), in milliseconds:
 * twice in the time after which it takes it for hung. Null if it wants none.
 */
export function watchdogMillis(environment: NodeJS.ProcessEnv, pid: number): number | null {
  const { WATCHDOG_PID: watched, WATCHDOG_USEC: micros = '' } = environment;
  if ((watched !== undefined && watched !== String(pid)) || !/^[1-9]\d{0,11}$/.test(micros)) return null;
  return Math.max(1, Math.floor(Number(micros) / 2_000));
}

/** Behind standard input, output and error. */
const FIRST_DESCRIPTOR = 3;
