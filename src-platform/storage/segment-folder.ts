import { open, readdir, readFile, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, PRIVATE_FILE_MODE, storageError } from './atomic-file.ts';
import { makeStateDir } from './json-file.ts';

/** One file of a folder of segments. */
export interface Segment {
  readonly name: string;
  readonly bytes: number;
}

/** The file operations that segments need; replaced in tests. */
export interface SegmentOperations {
  readonly open: (
    path: string,
    flags: string,
    mode: number,
  ) => Promise<Pick<FileHandle, 'stat' | 'read' | 'appendFile' | 'truncate' | 'close'>>;
  readonly readFile: (path: string, encoding: 'utf8') => Promise<string>;
  readonly readdir: (path: string) => Promise<string[]>;
  readonly stat: (path: string) => Promise<{ readonly size: number }>;
  readonly unlink: (path: string) => Promise<void>;
}

const nodeSegmentOperations: SegmentOperations = { open, readFile, readdir, stat, unlink };

/**
 * A folder of files that only ever grow, by whole lines. What was appended survives the death of the process; a power
 * cut may take the last seconds and leave half a line, which neither spoils the lines before it nor those after.
 */
export class SegmentFolder {
  readonly dir: string;
  readonly #files: SegmentOperations;

  constructor(dir: string, files: SegmentOperations = nodeSegmentOperations) {
    this.dir = dir;
    this.#files = files;
  }

  /**
   * Appends lines to a segment, which is made if it is missing, readable by its owner only.
   *
   * @param lines without line ends.
   * @returns bytes that were written
   * @throws StorageError; then none of the lines is there
   */
  async append(name: string, lines: readonly string[]): Promise<number> {
    const path = join(this.dir, name);
    await makeStateDir(this.dir);
    try {
      const file = await this.#files.open(path, 'a+', PRIVATE_FILE_MODE);
      try {
        const { size } = await file.stat();
        const isTorn = size > 0 && !(await endsWithNewline(file, size));
        const text = `${isTorn ? '\n' : ''}${lines.map((line) => `${line}\n`).join('')}`;
        try {
          await file.appendFile(text);
        } catch (error) {
          // A part of it may be there, and all of it will be tried again. If this fails too, readers drop the half line.
          await file.truncate(size).catch(() => undefined);
          throw error;
        }
        return Buffer.byteLength(text);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw storageError(path, 'write', error);
    }
  }

  /**
   * Reads the lines of a segment; a missing one has none. A last line without an end was torn: it comes last and is
   * for the caller to refuse, as is a line that was torn earlier.
   *
   * @throws StorageError
   */
  async read(name: string): Promise<readonly string[]> {
    const path = join(this.dir, name);
    try {
      return (await this.#files.readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw storageError(path, 'read', error);
    }
  }

  /**
   * Lists the segments whose names match, by name; a missing folder has none.
   *
   * @throws StorageError
   */
  async list(pattern: RegExp): Promise<readonly Segment[]> {
    try {
      const names = (await this.#files.readdir(this.dir)).filter((name) => pattern.test(name)).sort();
      return await Promise.all(
        names.map(async (name) => ({ name, bytes: (await this.#files.stat(join(this.dir, name))).size })),
      );
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw storageError(this.dir, 'read', error);
    }
  }

  /** @throws StorageError */
  async remove(name: string): Promise<void> {
    const path = join(this.dir, name);
    try {
      await this.#files.unlink(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw storageError(path, 'write', error);
    }
  }
}

async function endsWithNewline(file: Pick<FileHandle, 'read'>, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === NEWLINE;
}

const NEWLINE = 0x0a;
