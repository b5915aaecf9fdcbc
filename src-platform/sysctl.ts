import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry } from './journal/entry.ts';
import { errnoOf } from './storage/atomic-file.ts';

/** Plain access to kernel settings by their path below /proc/sys, such as `net/ipv4/ip_forward`. */
export interface SysctlFiles {
  /** Null when there is no such setting, for example because its interface is gone. */
  read(path: string): string | null;
  /** @throws Error with an errno code */
  write(path: string, value: string): void;
  /** Names in a folder of settings; empty when it does not exist. */
  list(dir: string): readonly string[];
}

/** Where a change is written down before it is made. */
export interface ChangeRecorder {
  record(entries: readonly JournalEntry[]): Promise<void>;
}

/** Kernel settings below a root folder. Values are single lines; the kernel ends them with a newline. */
export function sysctlFiles(root = '/proc/sys'): SysctlFiles {
  return {
    read: (path) => {
      try {
        return readFileSync(join(root, path), 'utf8').trim();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return null;
        throw error;
      }
    },
    write: (path, value) => writeFileSync(join(root, path), `${value}\n`),
    list: (dir) => {
      try {
        return readdirSync(join(root, dir));
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
  };
}

/** One wanted kernel setting. */
export interface WantedSysctl {
  readonly path: string;
  readonly value: string;
  /** Settings that the kernel resets when this one changes; they are put back after it was. */
  readonly consequences?: readonly string[];
}

/** What became of wanted settings. */
export interface SysctlReport {
  readonly changed: readonly string[];
  /** Settings that the kernel or a policy refused, with the errno name. */
  readonly refused: readonly { readonly path: string; readonly errno: string }[];
}

/** Changes kernel settings, each written down before. */
export class Sysctls {
  readonly #files: SysctlFiles;
  readonly #journal: ChangeRecorder;
  /** What has to be put back, by path. */
  readonly #changed = new Map<string, { readonly before: string; readonly written: string }>();

  constructor(files: SysctlFiles, journal: ChangeRecorder) {
    this.#files = files;
    this.#journal = journal;
  }

  /** Reads a setting; null when it does not exist. */
  read(path: string): string | null {
    return this.#files.read(path);
  }

  /** Names in a folder of settings; empty when it does not exist. */
  list(dir: string): readonly string[] {
    return this.#files.list(dir);
  }

  /**
   * Sets what is not set yet, in the order given. Settings that do not exist are skipped: their interface is gone, or
   * the kernel was built without them.
   *
   * @throws StorageError if the changes cannot be written down; nothing is changed then
   */
  async apply(wanted: readonly WantedSysctl[]): Promise<SysctlReport> {
    const due = wanted.flatMap((setting) => {
      const before = this.#files.read(setting.path);
      return before === null || before === setting.value ? [] : [{ ...setting, before }];
    });
    if (due.length === 0) return { changed: [], refused: [] };

    const entries = due.flatMap(({ path, value, before, consequences = [] }): JournalEntry[] => [
      ...consequences.flatMap((consequence): JournalEntry[] => {
        const old = this.#files.read(consequence);
        return old === null
          ? []
          : [{ kind: 'sysctl-consequence', path: consequence, before: old, cause: path }];
      }),
      { kind: 'sysctl', path, before, written: value },
    ]);
    await this.#journal.record(entries);

    const changed: string[] = [];
    const refused: { path: string; errno: string }[] = [];
    for (const { path, value, before } of due) {
      try {
        this.#files.write(path, value);
        changed.push(path);
        this.#changed.set(path, { before, written: value });
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === undefined) throw error;
        if (errno !== 'ENOENT' && errno !== 'ENODEV') refused.push({ path, errno });
      }
    }
    return { changed, refused };
  }

  /**
   * Puts settings back that are no longer wanted, unless somebody else has changed them since. What cannot be put back
   * is left to the journal.
   *
   * @param isKept whether a setting is still wanted
   */
  release(isKept: (path: string) => boolean): void {
    for (const [path, { before, written }] of this.#changed) {
      if (isKept(path)) continue;
      this.#changed.delete(path);
      try {
        if (this.#files.read(path) === written) this.#files.write(path, before);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
      }
    }
  }
}
