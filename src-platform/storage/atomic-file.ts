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
  const temporaryPath = `${path}.${process.pid}.tmp`;
  try {
    const file = await files.open(temporaryPath, 'w', PRIVATE_FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(temporaryPath, path);
  } catch (error) {
    // The write's own error is the one worth reporting; a leftover temporary file is overwritten by the next write.
    await files.unlink(temporaryPath).catch(() => undefined);
    throw storageError(path, 'write', error);
  }
  await syncFolder(dirname(path), files);
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
