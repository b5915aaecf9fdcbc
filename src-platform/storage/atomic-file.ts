import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Why a file could not be stored or read. */
export type StorageErrorCode = 'STORAGE_FULL' | 'STORAGE_DENIED' | 'STORAGE_FAILED';

/** A file that could not be stored or read. What was there before is still there. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  readonly path: string;

  constructor(code: StorageErrorCode, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
    this.path = path;
  }
}

/** The file operations that storing needs; replaced in tests. */
export interface FileOperations {
  readonly open: (
    path: string,
    flags: string,
    mode?: number,
  ) => Promise<Pick<FileHandle, 'writeFile' | 'sync' | 'close'>>;
  readonly rename: (from: string, to: string) => Promise<void>;
  readonly unlink: (path: string) => Promise<void>;
}

const nodeFileOperations: FileOperations = { open, rename, unlink };

/** Secrets are for the daemon's user alone; so is everything else in its state folder. */
export const PRIVATE_FILE_MODE = 0o600;

/**
 * Replaces a file so that, whenever the power goes, either the old or the new text is there.
 *
 * @throws StorageError with the old file untouched
 */
export async function writeFileAtomically(
  path: string,
  text: string,
  files: FileOperations = nodeFileOperations,
): Promise<void> {
  const staged = await stageFile(path, text, `${path}.${process.pid}.tmp`, files);
  await staged.commit();
}

/** Text that is on the disk, but not in its place yet. Ends with one of the two calls. */
export interface StagedFile {
  /** Puts the text in its place, which needs no space any more. @throws StorageError with the old file untouched */
  commit(): Promise<void>;
  /** Leaves the old file. */
  discard(): Promise<void>;
}

/**
 * Does all of {@link writeFileAtomically} that may find the disk full, and leaves the old text in its place.
 *
 * @param temporaryPath in the folder of `path`; what is there is overwritten.
 * @throws StorageError
 */
export async function stageFile(
  path: string,
  text: string,
  temporaryPath: string,
  files: FileOperations = nodeFileOperations,
): Promise<StagedFile> {
  // The write's own error is the one worth reporting; a leftover temporary file is overwritten by the next write.
  const discard = (): Promise<void> => files.unlink(temporaryPath).catch(() => undefined);
  try {
    const file = await files.open(temporaryPath, 'w', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await discard();
    throw storageError(path, 'write', error);
  }
  const commit = async (): Promise<void> => {
    try {
      await files.rename(temporaryPath, path);
    } catch (error) {
      await discard();
      throw storageError(path, 'write', error);
    }
    await syncFolder(dirname(path), files);
  };
  return { commit, discard };
}

/**
 * Makes creations, renames and removals in a folder durable.
 *
 * @throws StorageError
 */
export async function syncFolder(dir: string, files: FileOperations = nodeFileOperations): Promise<void> {
  try {
    const folder = await files.open(dir, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw storageError(dir, 'sync', error);
  }
}

/** Names a failed file operation: what, where, why, and what to do. */
export function storageError(path: string, action: 'read' | 'write' | 'sync', error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const errno = errnoOf(error);
  const options = { cause: error };
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StorageError(
        'STORAGE_FULL',
        path,
        `cannot ${action} ${path}: the disk is full; free some space`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const text = `cannot ${action} ${path} (${errno}); check the owner and mode of --state-dir`;
      return new StorageError('STORAGE_DENIED', path, text, options);
    }
    default:
      return new StorageError(
        'STORAGE_FAILED',
        path,
        `cannot ${action} ${path} (${errno ?? String(error)})`,
        options,
      );
  }
}

/** Reads the errno name of a system error; undefined for other values. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
