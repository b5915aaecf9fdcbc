import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { native } from '../native.ts';
import { errnoOf } from '../storage/atomic-file.ts';

/* What the kernel says of processes. All of them may end at any moment, also between two questions. */

/** The executable of a process, also of one that was replaced on the disk; null if it has ended or hides it. */
export function executableOf(pid: number): string | null {
  return native.executableOf(pid);
}

/** Whether a process uses this process's network namespace. */
export function isInOwnNetwork(pid: number): boolean {
  // This process never leaves its own.
  ownNetwork ??= readlinkSync('/proc/self/ns/net');
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === ownNetwork;
  } catch {
    return false;
  }
}

/** Ids of all processes. */
export function listProcesses(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Ids of children that a process has now. */
export function childrenOf(pid: number): readonly number[] {
  return foldersIn(`/proc/${pid}/task`).flatMap((task) =>
    numbersIn(readOrNull(`/proc/${pid}/task/${task}/children`)),
  );
}

/** The group of a process; null if it has ended, or is outside what this process sees. */
export function groupOfProcess(pid: number): string | null {
  const text = readOrNull(`/proc/${pid}/cgroup`);
  const path = text === null ? undefined : /^0::(\/.*)$/m.exec(text)?.[1];
  // `/..` stands for a group outside what this process sees.
  if (path === undefined || path.startsWith('/..')) return null;
  return path.endsWith(DELETED) ? null : path;
}

/** Names of the folders in a folder; none if it is not there. */
export function foldersIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    // Groups and processes end at any moment.
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/** @returns null if the file is not there, or cannot be read */
export function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

/** Whole numbers between blanks and line ends. */
export function numbersIn(text: string | null): readonly number[] {
  return (text ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);
}

let ownNetwork: string | null = null;

const DELETED = ' (deleted)';
