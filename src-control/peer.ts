import { chmodSync, chownSync, lstatSync } from 'node:fs';
import { lstat, mkdir, unlink } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { dirname } from 'node:path';

/** Who is at the other end of a Unix socket, as the kernel vouches for it. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, as they were when it connected. */
  readonly groups: readonly number[];
}

/** Asks the kernel who connected; `fileDescriptor` is that of the connected socket. */
export type ReadPeerCredentials = (fileDescriptor: number) => PeerCredentials;

/** Why a control socket cannot be opened. */
export type ControlSocketErrorCode = 'ALREADY_RUNNING' | 'SOCKET_PATH_TAKEN' | 'SOCKET_REFUSED';

/** Thrown when the control socket cannot be opened; the message says what to do. */
export class ControlSocketError extends Error {
  readonly code: ControlSocketErrorCode;

  constructor(code: ControlSocketErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ControlSocketError';
    this.code = code;
  }
}

/** Owner and group may talk, nobody else. */
const SOCKET_MODE = 0o660;

/** The folder of the socket: everybody may look, only the owner may add files. */
const SOCKET_DIR_MODE = 0o755;

/** Longest wait for a possible other daemon to accept; it is on the same machine and either listens or does not. */
const PROBE_TIMEOUT_MS = 1000;

/**
 * Makes the place for a control socket ready: the folder exists, and a socket left behind by a dead process is
 * removed.
 *
 * @throws ControlSocketError ALREADY_RUNNING if somebody listens there, SOCKET_PATH_TAKEN if something other than a
 * socket is in the way
 */
export async function prepareSocketPath(socketPath: string): Promise<void> {
  await mkdir(dirname(socketPath), { recursive: true, mode: SOCKET_DIR_MODE });
  const existing = await lstat(socketPath).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (existing === null) return;
  if (!existing.isSocket()) {
    throw new ControlSocketError(
      'SOCKET_PATH_TAKEN',
      `${socketPath} exists and is not a socket; choose another --socket`,
    );
  }
  if (await somebodyListens(socketPath)) {
    throw new ControlSocketError(
      'ALREADY_RUNNING',
      `another process listens on ${socketPath}; stop it or choose another --socket`,
    );
  }
  await unlink(socketPath);
}

/**
 * Restricts a socket to its owner and, if given, a group. Call it in the same turn in which `listen` was called, so
 * that nobody can connect before.
 */
export function restrictSocket(socketPath: string, groupId: number | null): void {
  // A service that runs with this group may not call chown at all.
  if (groupId !== null && lstatSync(socketPath).gid !== groupId) chownSync(socketPath, -1, groupId);
  chmodSync(socketPath, SOCKET_MODE);
}

/**
 * Finds the descriptor of a connected socket. Node has no public way; the handle's `fd` is stable since version 0.12.
 *
 * @returns null when the socket is closed already
 */
export function fileDescriptorOf(socket: Socket): number | null {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: unknown } | null };
  const fd = handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}

/** Reads the errno name of a system error; undefined for other values. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}

function somebodyListens(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection({ path: socketPath });
    const finish = (answer: boolean): void => {
      probe.destroy();
      resolve(answer);
    };
    probe.setTimeout(PROBE_TIMEOUT_MS, () => finish(true));
    probe.once('connect', () => finish(true));
    // Refused means that the file outlived its process. Any other failure is no proof of that, so the file stays.
    probe.once('error', (error) =>
      finish(errorCode(error) !== 'ECONNREFUSED' && errorCode(error) !== 'ENOENT'),
    );
  });
}
