import { mkdir, readFile, rename } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ZodType } from 'zod';
import {
  errnoOf,
  stageFile,
  storageError,
  writeFileAtomically,
  type FileOperations,
  type StagedFile,
} from './atomic-file.ts';

/** Only the daemon's user looks into its state folder. */
const STATE_DIR_MODE = 0o700;

/** Turns the content of one version into that of the next. */
export type Migration = (content: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** How a file of settings or memory is read and written. */
export interface JsonFileOptions<T> {
  readonly path: string;
  /** Checks content of the present version, which has a numeric `version` field. */
  readonly schema: ZodType<T>;
  readonly version: number;
  /** `migrations[n]` makes version n + 1 of version n. */
  readonly migrations: Readonly<Record<number, Migration>>;
  /** Content of a file that is not there. */
  readonly fallback: T;
  /** Replaced in tests. */
  readonly files?: FileOperations;
}

/** What was read; `setAsideAs` names the file that a bad one was renamed to. */
export interface LoadedJson<T> {
  readonly value: T;
  readonly setAsideAs: string | null;
  /** What was wrong with the bad file, as a sentence; null if nothing was. */
  readonly warning: string | null;
}

/** One JSON file with a schema version that is replaced as a whole. */
export class JsonFile<T> {
  readonly #options: JsonFileOptions<T>;
  #lastSave: Promise<void> = Promise.resolve();

  constructor(options: JsonFileOptions<T>) {
    this.#options = options;
  }

  /**
   * Reads the file. One that cannot be understood is renamed to `NAME.bad-<n>`, never overwritten, and the fallback
   * is used.
   *
   * @throws StorageError if the file exists but cannot be read or set aside
   */
  async load(): Promise<LoadedJson<T>> {
    const { path, fallback } = this.#options;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return { value: fallback, setAsideAs: null, warning: null };
      throw storageError(path, 'read', error);
    }
    const parsed = this.#parse(text);
    if ('value' in parsed) return { value: parsed.value, setAsideAs: null, warning: null };
    const setAsideAs = await setAside(path);
    const warning = `${path} was not used: ${parsed.fault}; it is kept as ${setAsideAs}`;
    return { value: fallback, setAsideAs, warning };
  }

  /**
   * Replaces the file, after saves that were asked for before.
   *
   * @throws StorageError with the old file untouched
   */
  save(value: T): Promise<void> {
    const { path, files } = this.#options;
    const text = textOf(value);
    const save = this.#lastSave
      // The failure of an earlier save was told to who asked for it.
      .catch(() => undefined)
      .then(async () => {
        await makeStateDir(dirname(path));
        await writeFileAtomically(path, text, files);
      });
    this.#lastSave = save;
    return save;
  }

  /**
   * Prepares to replace the file, so that {@link StagedFile.commit} cannot find the disk full. One at a time, after
   * saves that were asked for before; one that is asked for while it is staged is lost to it.
   *
   * @throws StorageError with the old file untouched
   */
  async stage(value: T): Promise<StagedFile> {
    const { path, files } = this.#options;
    await this.#lastSave.catch(() => undefined);
    await makeStateDir(dirname(path));
    return stageFile(path, textOf(value), `${path}.staged`, files);
  }

  #parse(text: string): { value: T } | { fault: string } {
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch {
      return { fault: 'it is no JSON' };
    }
    if (typeof content !== 'object' || content === null || Array.isArray(content))
      return { fault: 'it is no object' };
    let record = content as Record<string, unknown>;
    const version = record['version'];
    if (typeof version !== 'number') return { fault: 'it has no version' };
    if (version > this.#options.version) return { fault: `version ${version} is newer than this program` };
    for (let from = version; from < this.#options.version; from += 1) {
      const migrate = this.#options.migrations[from];
      if (migrate === undefined) return { fault: `version ${version} is unknown` };
      record = { ...migrate(record), version: from + 1 };
    }
    const checked = this.#options.schema.safeParse(record);
    if (checked.success) return { value: checked.data };
    const issue = checked.error.issues[0];
    return { fault: `${issue?.path.join('.') || 'content'}: ${issue?.message ?? 'invalid'}` };
  }
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Makes a state folder that only its owner can look into.
 *
 * @throws StorageError
 */
export async function makeStateDir(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: STATE_DIR_MODE });
  } catch (error) {
    throw storageError(dir, 'write', error);
  }
}

/**
 * Renames a file that cannot be used to `NAME.bad-<n>` with the first free number.
 *
 * @returns the new path
 * @throws StorageError
 */
export async function setAside(path: string): Promise<string> {
  let number = 1;
  while (existsSync(`${path}.bad-${number}`)) number += 1;
  const newPath = `${path}.bad-${number}`;
  try {
    await rename(path, newPath);
  } catch (error) {
    throw storageError(path, 'write', error);
  }
  return newPath;
}
