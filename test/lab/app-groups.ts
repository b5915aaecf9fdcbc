import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { findGroupRoot, listGroups } from '../../src-platform/apps/control-groups.ts';
import type { VirtualHome } from './home.ts';

/** Groups as a desktop's service manager makes them, one for each start of an app. */
export class AppGroups implements AsyncDisposable {
  readonly #home: VirtualHome;
  readonly #made: string[] = [];
  #count = 0;

  constructor(home: VirtualHome) {
    this.#home = home;
    // A desktop's slices are there before its first app.
    mkdirSync(`${findGroupRoot()}${APP_SLICE}`, { recursive: true });
  }

  /** Makes a group for one start. @returns the file that takes the process, as the laptop sees it */
  make(app: string): string {
    const path = `${APP_SLICE}/app-lab-${app}-${this.#home.prefix}${++this.#count}.scope`;
    mkdirSync(`${findGroupRoot()}${path}`, { recursive: true });
    this.#made.push(path);
    return `/sys/fs/cgroup${path}/cgroup.procs`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const root = findGroupRoot() ?? '';
    for (const path of this.#made) {
      for (const child of [...listGroups(root, path)].reverse()) rmdirSync(`${root}${child}`);
      rmdirSync(`${root}${path}`);
    }
    for (let path = APP_SLICE; path !== ''; path = path.slice(0, path.lastIndexOf('/'))) {
      if (listGroups(root, path).length === 0) rmdirSync(`${root}${path}`);
    }
    return Promise.resolve();
  }
}

const APP_SLICE = '/user.slice/user-65534.slice/user@65534.service/app.slice';

/** Groups of the laptop's daemon that are left. */
export function ownGroups(home: VirtualHome): readonly string[] {
  const inode = statSync(`/run/netns/${home.namespace('laptop')}`).ino;
  return listGroups(findGroupRoot() ?? '').filter((path) => path.includes(`bowline-${inode}-`));
}
