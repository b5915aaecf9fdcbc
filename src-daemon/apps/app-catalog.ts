import { exec, ExecError } from '../../src-platform/index.ts';
import {
  changedAt,
  entryFolders,
  readEntries,
  type DesktopEntry,
  type EntryFolder,
} from '../../src-platform/apps/desktop-entries.ts';
import { iconPath, indexIcons, readIcon, type IconIndex } from '../../src-platform/apps/icons.ts';
import { appIdSchema, MAX_APPS } from '../../src-shared/model/app-rule.ts';

/** The installed apps, read anew when a folder of entries has changed. */
export class AppCatalog {
  readonly #folders = new Map<string, { readonly at: number; readonly entries: readonly DesktopEntry[] }>();
  readonly #homes = new Map<number, string | null>();
  #icons: IconIndex = new Map();
  #version = 0;
  #byId: ReadonlyMap<string, DesktopEntry> = new Map();
  #lastRefresh: Promise<void> = Promise.resolve();

  /** Another number whenever the apps have changed. */
  get version(): number {
    return this.#version;
  }

  /** All apps that were read. */
  entries(): readonly DesktopEntry[] {
    return [...this.#folders.values()].flatMap(({ entries }) => entries);
  }

  /** Reads what has changed. @param uid the user whose own apps count too; null for none */
  refresh(uid: number | null): Promise<void> {
    this.#lastRefresh = this.#lastRefresh.catch(() => undefined).then(() => this.#refresh(uid));
    return this.#lastRefresh;
  }

  /** An app by its id; those of users count as far as they were read. */
  find(id: string): DesktopEntry | null {
    return this.#byId.get(id) ?? null;
  }

  /** The apps of a user, by name. */
  async list(uid: number | null): Promise<readonly DesktopEntry[]> {
    await this.refresh(uid);
    const apps = new Map<string, DesktopEntry>();
    for (const { dir } of await this.#foldersOf(uid))
      for (const entry of this.#folders.get(dir)?.entries ?? [])
        if (!apps.has(entry.id)) apps.set(entry.id, entry);
    return [...apps.values()]
      .filter(({ id }) => appIdSchema.safeParse(id).success)
      .sort((one, other) => one.name.localeCompare(other.name))
      .slice(0, MAX_APPS);
  }

  hasIcon({ icon }: DesktopEntry): boolean {
    return iconPath(icon, this.#icons) !== null;
  }

  /** A picture as a `data:` address; null if there is none. */
  async icon(id: string): Promise<string | null> {
    const path = iconPath(this.find(id)?.icon ?? null, this.#icons);
    return path === null ? null : readIcon(path);
  }

  async #refresh(uid: number | null): Promise<void> {
    let hasChanged = false;
    for (const folder of await this.#foldersOf(uid)) {
      const at = await changedAt(folder.dir);
      if (this.#folders.get(folder.dir)?.at === at) continue;
      this.#folders.set(folder.dir, { at, entries: at === 0 ? [] : await readEntries(folder) });
      hasChanged = true;
    }
    if (!hasChanged) return;
    this.#version++;
    this.#byId = new Map(this.entries().map((entry) => [entry.id, entry]));
    this.#icons = await indexIcons();
  }

  async #foldersOf(uid: number | null): Promise<readonly EntryFolder[]> {
    const dir = uid === null ? null : await this.#homeOf(uid);
    return entryFolders(uid === null || dir === null ? null : { dir, uid });
  }

  async #homeOf(uid: number): Promise<string | null> {
    const known = this.#homes.get(uid);
    if (known !== undefined) return known;
    const home = await homeOf(uid);
    this.#homes.set(uid, home);
    return home;
  }
}

async function homeOf(uid: number): Promise<string | null> {
  try {
    const dir = (await exec('getent', ['passwd', String(uid)])).split(':')[5] ?? '';
    return dir.startsWith('/') ? dir : null;
  } catch (error) {
    if (!(error instanceof ExecError)) throw error;
    return null;
  }
}
