import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { NativeApi } from '../../src-native/lib/types.ts';
import { errnoOf } from '../storage/atomic-file.ts';
import { childrenOf, foldersIn, groupOfProcess, numbersIn, readOrNull } from './processes.ts';

/*
 * Our control groups. A program under a rule lives in a group below the one that it was started in, so that whoever
 * keeps accounts there (systemd, the login manager, portals, container engines) still finds it: they look at the part
 * of the path that they made. The kernel gives every socket that is made in the group the group's mark.
 *
 * A group's name says whose it is: `bowline-`, the number of the network namespace, and what for. `mark` stands for the
 * group around it: that one's sockets get a mark, and somebody has to take it away again.
 */

/** What {@link ControlGroups} needs of the addon. */
export type GroupMarker = Pick<NativeApi, 'cgroupMarkSet' | 'cgroupMarkClear'>;

/** Where the unified hierarchy is mounted; null if it is not, or only a part of it. */
export function findGroupRoot(mountInfo = readFileSync('/proc/self/mountinfo', 'utf8')): string | null {
  for (const line of mountInfo.split('\n')) {
    const [, , , root, mountPoint] = line.split(' ');
    if (root === '/' && mountPoint !== undefined && line.includes(' - cgroup2 '))
      return mountPoint.replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(parseInt(digits, 8)),
      );
  }
  return null;
}

/** How the names of this network namespace's groups begin. */
export function ownGroupPrefix(): string {
  return `bowline-${statSync('/proc/self/ns/net').ino}-`;
}

/** Paths of all groups below one, itself left out, as paths from the root. Parents come before their children. */
export function listGroups(root: string, below = ''): readonly string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of foldersIn(`${root}${path}`)) {
      const child = `${path}/${entry}`;
      found.push(child);
      visit(child);
    }
  };
  visit(below);
  return found;
}

/**
 * Removes every group of a prefix: processes go back to the group around theirs, marks are taken away.
 *
 * @returns whether there was any
 * @throws an error with an errno code if one cannot be removed
 */
export function dissolveGroups(root: string, prefix: string, marker: GroupMarker): boolean {
  const own = listGroups(root).filter((path) => nameOf(path).startsWith(prefix));
  for (const path of [...own].reverse()) {
    if (nameOf(path) === `${prefix}${MARK}`) clearMark(`${root}${dirname(path)}`, marker);
    dissolve(root, path);
  }
  return own.length > 0;
}

/** Where a process lives. */
export interface GroupPlace {
  /** The group without our part of it; empty for the root. */
  readonly base: string;
  /** That part; null if it is in none of our groups. */
  readonly purpose: string | null;
}

interface OwnGroup {
  readonly purpose: string;
  /** Stays open, which spares two of three turns through the thread pool; a group can be removed all the same. */
  procs: Promise<FileHandle> | null;
}

/** Our groups on this machine. Paths begin with a slash and are those from the root of the hierarchy. */
export class ControlGroups {
  readonly root: string;
  readonly #prefix: string;
  readonly #marker: GroupMarker;
  /** By path. */
  readonly #own = new Map<string, OwnGroup>();
  /** Marks of groups that others made, by path. */
  readonly #foreign = new Map<string, number>();

  constructor(root: string, prefix: string, marker: GroupMarker) {
    this.root = root;
    this.#prefix = prefix;
    this.#marker = marker;
  }

  /** Takes over what a dead process left, without letting anything out of it. */
  adopt(): void {
    for (const path of listGroups(this.root)) {
      if (!nameOf(path).startsWith(this.#prefix)) continue;
      const purpose = nameOf(path).slice(this.#prefix.length);
      if (purpose === MARK) this.#foreign.set(dirname(path), NaN);
      else this.#own.set(path, { purpose, procs: null });
    }
  }

  /** What the groups of ours are there for. */
  get purposes(): ReadonlySet<string> {
    return new Set([...this.#own.values()].map(({ purpose }) => purpose));
  }

  /** Where a process lives; null if it has ended or lives outside the tree. */
  placeOf(pid: number): GroupPlace | null {
    const path = groupOfProcess(pid);
    if (path === null) return null;
    const parts = path === '/' ? [] : path.slice(1).split('/');
    const index = parts.findIndex((part) => part.startsWith(this.#prefix));
    if (index < 0) return { base: parts.length === 0 ? '' : path, purpose: null };
    const base = parts.slice(0, index);
    return {
      base: base.length === 0 ? '' : `/${base.join('/')}`,
      purpose: parts[index]!.slice(this.#prefix.length),
    };
  }

  /**
   * Puts a process into the group of a purpose, below where it lives. The kernel takes some ten milliseconds for the
   * first move after a while without one, which are spent beside the event loop.
   *
   * @returns false if it has ended, or is there already
   * @throws an error with an errno code if the kernel refuses
   */
  async enter(pid: number, place: GroupPlace, purpose: string, mark: number): Promise<boolean> {
    if (place.purpose === purpose) return false;
    const path = `${place.base}/${this.#prefix}${purpose}`;
    try {
      return await this.#move(pid, this.#own.get(path) ?? this.#make(path, purpose, mark), path);
    } catch (error) {
      if (!isGone(error)) throw error;
      return await this.#move(pid, this.#make(path, purpose, mark), path);
    }
  }

  /** As {@link enter}, with the children that a process has by then. */
  async enterWithChildren(pid: number, place: GroupPlace, purpose: string, mark: number): Promise<boolean> {
    if (!(await this.enter(pid, place, purpose, mark))) return false;
    // Started in the instant before: they have their parent's old group, unless they have one of their own.
    for (const child of childrenOf(pid)) {
      const childPlace = this.placeOf(child);
      if (childPlace?.base === place.base && childPlace.purpose === place.purpose)
        await this.enterWithChildren(child, childPlace, purpose, mark);
    }
    return true;
  }

  /** Puts a process back where it was before. @throws as {@link enter} does */
  leave(pid: number): void {
    const place = this.placeOf(pid);
    if (place !== null && place.purpose !== null) move(pid, `${this.root}${place.base}`);
  }

  /** Gives all groups of a purpose another mark, for sockets that are made from then on. */
  setMark(purpose: string, mark: number): void {
    for (const [path, own] of this.#own)
      if (own.purpose === purpose && this.#exists(path))
        this.#marker.cgroupMarkSet(`${this.root}${path}`, mark);
  }

  /** Ends all groups of a purpose. @throws as {@link enter} does */
  dissolve(purpose: string): void {
    for (const [path, own] of this.#own) {
      if (own.purpose !== purpose) continue;
      dissolve(this.root, path);
      this.#forget(path);
    }
  }

  /** Ends groups in which nobody lives. */
  sweep(): void {
    for (const path of this.#own.keys()) if (removeIfEmpty(`${this.root}${path}`)) this.#forget(path);
    for (const path of this.#foreign.keys()) if (!this.#exists(path)) this.#foreign.delete(path);
  }

  /** Processes in the groups of a purpose. */
  processesFor(purpose: string): readonly number[] {
    return [...this.#own].flatMap(([path, own]) =>
      own.purpose === purpose ? processesBelow(this.root, path) : [],
    );
  }

  /** Processes of a group and of all below it but ours. */
  processesOf(path: string): readonly number[] {
    return processesBelow(this.root, path, this.#prefix);
  }

  /** Takes all marks away from groups that others made, but from those that are named. */
  keepMarks(kept: { has(path: string): boolean }): void {
    for (const path of this.#foreign.keys()) if (!kept.has(path)) this.unmarkOther(path);
  }

  /** Has one group that others made give a mark. @returns the errno name if it cannot, else null */
  markOther(path: string, mark: number): string | null {
    if (this.#foreign.get(path) === mark && this.#exists(path)) return null;
    try {
      // First the sign by which the mark is found again.
      makeFolder(`${this.root}${path}/${this.#prefix}${MARK}`);
      this.#marker.cgroupMarkSet(`${this.root}${path}`, mark);
      this.#foreign.set(path, mark);
      return null;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      return errno === 'ENOENT' ? null : errno;
    }
  }

  /** Takes a mark away from a group that others made. */
  unmarkOther(path: string): void {
    this.#foreign.delete(path);
    clearMark(`${this.root}${path}`, this.#marker);
    removeIfEmpty(`${this.root}${path}/${this.#prefix}${MARK}`);
  }

  /** Whether a group is there. */
  #exists(path: string): boolean {
    return statSync(`${this.root}${path}`, { throwIfNoEntry: false }) !== undefined;
  }

  /** Lets go of what is open; the groups stay. */
  close(): void {
    for (const group of this.#own.values()) shut(group);
  }

  #make(path: string, purpose: string, mark: number): OwnGroup {
    makeFolder(`${this.root}${path}`);
    // Before anybody is in it.
    this.#marker.cgroupMarkSet(`${this.root}${path}`, mark);
    const group = { purpose, procs: null };
    this.#own.set(path, group);
    return group;
  }

  /** @returns false if the process has ended */
  async #move(pid: number, group: OwnGroup, path: string): Promise<boolean> {
    try {
      group.procs ??= open(`${this.root}${path}/cgroup.procs`, 'w');
      await (await group.procs).write(`${pid}\n`);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ESRCH') return false;
      shut(group);
      throw error;
    }
  }

  #forget(path: string): void {
    const group = this.#own.get(path);
    if (group !== undefined) shut(group);
    this.#own.delete(path);
  }
}

/** Closes a group's file once moves that are under way are done. */
function shut(group: OwnGroup): void {
  // Nothing is lost if it fails: it could not be opened, or holds no data.
  group.procs?.then((procs) => procs.close()).catch(() => undefined);
  group.procs = null;
}

const MARK = 'mark';
function processesBelow(root: string, path: string, leftOut?: string): readonly number[] {
  const own = numbersIn(readOrNull(`${root}${path}/cgroup.procs`));
  const below = foldersIn(`${root}${path}`).filter(
    (name) => leftOut === undefined || !name.startsWith(leftOut),
  );
  return [...own, ...below.flatMap((name) => processesBelow(root, `${path}/${name}`, leftOut))];
}

/** @returns false if the process has ended */
function move(pid: number, dir: string): boolean {
  try {
    writeFileSync(`${dir}/cgroup.procs`, `${pid}\n`);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw error;
  }
}

/** Whether a group was removed, by us when it was empty or by somebody else: before its file was opened, or after. */
function isGone(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV';
}

/** Processes that are started meanwhile make another round; who starts faster than this moves would need thousands. */
const MOST_ROUNDS = 1_000;

function dissolve(root: string, path: string): void {
  const dir = `${root}${path}`;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (removeIfEmpty(dir)) return;
    // A program may have made groups of its own below ours.
    for (const entry of foldersIn(dir)) dissolve(root, `${path}/${entry}`);
    for (const pid of numbersIn(readOrNull(`${dir}/cgroup.procs`))) move(pid, dirname(dir));
  }
  throw Object.assign(new Error(`${dir} does not become empty`), { code: 'EBUSY' });
}

/** @returns false if somebody lives there */
function removeIfEmpty(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EBUSY' || errnoOf(error) === 'ENOTEMPTY') return false;
    if (errnoOf(error) === 'ENOENT') return true;
    throw error;
  }
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function clearMark(dir: string, marker: GroupMarker): void {
  try {
    marker.cgroupMarkClear(dir);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
