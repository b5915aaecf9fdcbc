import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Half a megabyte is weeks of what the app has to say; one older file of the same size is kept. */
const MAX_BYTES = 512 * 1024;

/** Field values of a log line. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Writes the app's log: one JSON object a line, no addresses, no keys. */
export class LogFile {
  /** Absolute path, for people. */
  readonly path: string;
  readonly #now: () => number;

  constructor(path: string, now: () => number) {
    this.path = path;
    this.#now = now;
  }

  /** Appends a line. A log that cannot be written must not end the app, so failures are ignored. */
  write(level: 'info' | 'warn' | 'error', event: string, fields: LogFields = {}): void {
    const line = JSON.stringify({ at: new Date(this.#now()).toISOString(), level, event, ...fields });
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      this.#rotate();
      appendFileSync(this.path, `${line}\n`, { mode: 0o600 });
    } catch {
      // The disk is full or the folder is not ours: nobody could be told in a better way.
    }
  }

  #rotate(): void {
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > MAX_BYTES) renameSync(this.path, `${this.path}.1`);
  }
}
