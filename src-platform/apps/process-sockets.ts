import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { listProcesses } from './processes.ts';

/** Those of some processes that have an IP socket open in this network namespace. */
export function withInternetSockets(pids: readonly number[]): readonly number[] {
  if (pids.length === 0) return [];
  const inodes = new Set(TABLES.flatMap((table) => rowsOf(table).map((fields) => fields[9] ?? '')));
  return pids.filter((pid) => socketInodesOf(pid).some((inode) => inodes.has(inode)));
}

/** Processes of a user. */
export function processesOfUser(uid: number): readonly number[] {
  return listProcesses().filter((pid) => statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === uid);
}

/** Numbers of the sockets that a process holds; empty if it has ended or hides them. */
export function socketInodesOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOrEmpty(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

/** Rows of one of the kernel's tables of sockets, by column. */
export function rowsOf(table: string): readonly (readonly string[])[] {
  try {
    const [, ...rows] = readFileSync(`/proc/net/${table}`, 'utf8').trimEnd().split('\n');
    return rows.map((row) => row.trim().split(/\s+/));
  } catch {
    // A kernel without IPv6 has no such table.
    return [];
  }
}

/** Kinds of IP sockets that the kernel lists. */
const TABLES = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6', 'icmp', 'icmp6'];

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
