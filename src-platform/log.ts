/** Levels, from the rarest: broken; worth waking someone; visible to a user; decisions and deviations. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Values of a log line; addresses, names and keys only at `debug`, private keys never. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes structured log lines. */
export type Log = Readonly<Record<LogLevel, (event: string, fields?: LogFields) => void>>;

/** A log of JSON lines: time, level, event, fields. Lines above `level` are not made. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  const most = LOG_LEVELS.indexOf(level);
  const at =
    (own: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (LOG_LEVELS.indexOf(own) > most) return;
      write(`${JSON.stringify({ time: new Date().toISOString(), level: own, event, ...fields })}\n`);
    };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** What to say of a caught value: code and message, with the cause's. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const { code, cause } = error as Error & { code?: unknown };
  return {
    error: error.message,
    ...(code === undefined ? {} : { code }),
    ...(cause instanceof Error ? { cause: cause.message } : {}),
  };
}
