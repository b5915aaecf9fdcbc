import type { Stats } from 'node:fs';
import { readFile, stat, statfs } from 'node:fs/promises';
import { errnoOf } from './storage/atomic-file.ts';

/** Who may use a socket or file, and how. */
export interface AccessFacts {
  /** Permission bits, such as 0o660. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** Users who are in that group beside its own user. */
  readonly groupMembers: readonly string[];
}

/** Looks at this machine without changing anything; for checks that people run, not for every second. */
export interface MachineFacts {
  /** A small text file, without its last line's end; null if it is not there or may not be read. */
  readText(path: string): Promise<string | null>;
  /** Null if there is no such file. */
  accessTo(path: string): Promise<AccessFacts | null>;
  /** Major and minor number of a character device, such as `10:200`; null if it is not there or is something else. */
  deviceNumber(path: string): Promise<string | null>;
  /** Space that this user may still fill. @throws an error with an errno code if the folder is gone */
  freeSpace(dir: string): Promise<{ readonly bytes: number; readonly files: number }>;
  /** When a file was last written, in milliseconds since 1970; null if it is not there. */
  writtenAt(path: string): Promise<number | null>;
  /** Milliseconds since 1970. */
  wallClock(): number;
}

/** The machine as it is. */
export const machineFacts: MachineFacts = {
  readText: async (path) => {
    try {
      return (await readFile(path, 'utf8')).trimEnd();
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return null;
    }
  },
  accessTo: async (path) => {
    const found = await statOf(path);
    if (found === null) return null;
    const [users, groups] = await Promise.all([namesIn('/etc/passwd'), namesIn('/etc/group')]);
    const group = groups.get(found.gid);
    return {
      mode: found.mode & 0o7777,
      owner: users.get(found.uid)?.[0] ?? `user ${found.uid}`,
      group: group?.[0] ?? `group ${found.gid}`,
      groupMembers: (group?.[3] ?? '').split(',').filter((name) => name !== ''),
    };
  },
  deviceNumber: async (path) => {
    const found = await statOf(path);
    if (found === null || !found.isCharacterDevice()) return null;
    // Small numbers, as those of the kernel's own devices, need no more of the encoding (`makedev`).
    return `${(found.rdev >> 8) & 0xfff}:${found.rdev & 0xff}`;
  },
  freeSpace: async (dir) => {
    const { bavail, bsize, ffree, files } = await statfs(dir);
    // File systems that make room for names as they need it tell of none at all.
    return { bytes: bavail * bsize, files: files === 0 ? Infinity : ffree };
  },
  writtenAt: async (path) => (await statOf(path))?.mtimeMs ?? null,
  wallClock: () => Date.now(),
};

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

/** Lines of /etc/passwd and /etc/group by their number; both have it in the third field. */
async function namesIn(path: string): Promise<ReadonlyMap<number, readonly string[]>> {
  const text = (await machineFacts.readText(path)) ?? '';
  const lines = text.split('\n').map((line) => line.split(':'));
  return new Map(lines.map((fields) => [Number(fields[2]), fields]));
}
