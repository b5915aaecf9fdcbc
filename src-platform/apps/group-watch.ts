import { statSync, watch, type FSWatcher } from 'node:fs';
import { listGroups } from './control-groups.ts';

/** Groups in which a service manager makes others; only these are watched. */
const MANAGED = /(^|\/)([^/]+\.slice|user@\d+\.service)$/;

/**
 * Hears of control groups as they are made, where service managers make them: below slices and users' managers.
 * A manager makes a group before it puts the first process into it.
 */
export class GroupWatch {
  readonly #root: string;
  readonly #onGroup: (path: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Further groups to watch, such as the one in which a group of a rule is expected. */
  readonly #further = new Set<string>();

  constructor(root: string, onGroup: (path: string) => void) {
    this.#root = root;
    this.#onGroup = onGroup;
    this.#watch('');
    for (const path of listGroups(root)) if (MANAGED.test(path)) this.#watch(path);
  }

  /** Watches one more group. */
  include(path: string): void {
    this.#further.add(path);
    this.#watch(path);
  }

  /** Stops watching. May be called twice. */
  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(path: string): void {
    if (this.#watchers.has(path)) return;
    try {
      const watcher = watch(`${this.#root}${path}`, { persistent: false }, (_, name) => {
        if (name !== null) this.#onEntry(`${path}/${name}`);
      });
      // The group is gone, and its entries with it.
      watcher.on('error', () => this.#unwatch(path));
      this.#watchers.set(path, watcher);
    } catch {
      // It has gone meanwhile, or the user's limit of watches is reached; the next walk finds what is new.
    }
  }

  #unwatch(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }

  /** An entry has come or gone. */
  #onEntry(path: string): void {
    if (!isGroup(`${this.#root}${path}`)) {
      this.#unwatch(path);
      return;
    }
    this.#onGroup(path);
    if (!MANAGED.test(path) && !this.#further.has(path)) return;
    this.#watch(path);
    // What was made in it before it was watched.
    for (const child of listGroups(this.#root, path)) {
      this.#onGroup(child);
      if (MANAGED.test(child)) this.#watch(child);
    }
  }
}

function isGroup(dir: string): boolean {
  return statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true;
}
