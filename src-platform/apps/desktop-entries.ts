import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a desktop entry comes from. */
export type EntryOrigin = 'system' | 'user' | 'flatpak' | 'snap';

/** An app, as its desktop entry describes it (Desktop Entry Specification 1.5). */
export interface DesktopEntry {
  readonly id: string;
  readonly name: string;
  readonly keywords: readonly string[];
  readonly origin: EntryOrigin;
  /** Name in the icon theme, or a path; null if it has none. */
  readonly icon: string | null;
  /** The command line without places for files. */
  readonly command: readonly string[];
  /** Hands over to an instance that runs, as far as the entry says so. */
  readonly isSingleInstance: boolean;
}

/** A folder of desktop entries. */
export interface EntryFolder {
  readonly dir: string;
  readonly origin: EntryOrigin;
  /** Only files of this user count; null where root alone can write. */
  readonly ownerUid: number | null;
}

/** The folders that hold entries, those first whose entries take the place of others of the same id. */
export function entryFolders(
  home: { readonly dir: string; readonly uid: number } | null,
): readonly EntryFolder[] {
  const ofUser = (path: string, origin: EntryOrigin): readonly EntryFolder[] =>
    home === null ? [] : [{ dir: join(home.dir, path), origin, ownerUid: home.uid }];
  return [
    ...ofUser('.local/share/applications', 'user'),
    ...ofUser('.local/share/flatpak/exports/share/applications', 'flatpak'),
    { dir: '/var/lib/flatpak/exports/share/applications', origin: 'flatpak', ownerUid: null },
    { dir: '/var/lib/snapd/desktop/applications', origin: 'snap', ownerUid: null },
    ...dataDirs().map((dir) => ({
      dir: join(dir, 'applications'),
      origin: 'system' as const,
      ownerUid: null,
    })),
  ];
}

/** Folders of data that all users share. */
export function dataDirs(): readonly string[] {
  const named = (process.env['XDG_DATA_DIRS'] ?? '').split(':').filter((dir) => dir.startsWith('/'));
  return named.length > 0 ? named : ['/usr/local/share', '/usr/share'];
}

/** When a folder changed last, in milliseconds since 1970; 0 if it is not there. */
export async function changedAt(dir: string): Promise<number> {
  return (await stat(dir).catch(() => null))?.mtimeMs ?? 0;
}

/** Reads the entries of a folder that stand for apps. What cannot be read or understood is left out. */
export async function readEntries({ dir, origin, ownerUid }: EntryFolder): Promise<readonly DesktopEntry[]> {
  const entries: DesktopEntry[] = [];
  for (const path of await listEntryFiles(dir, '')) {
    const text = await readEntryFile(join(dir, path), ownerUid);
    const id = path.slice(0, -SUFFIX.length).replaceAll('/', '-');
    const entry = text === null ? null : parseEntry(id, origin, text);
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/** Reads the text of an entry; null if it does not stand for an app that people start. */
export function parseEntry(id: string, origin: EntryOrigin, text: string): DesktopEntry | null {
  const values = new Map<string, string>();
  let isMain = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('[')) isMain = line.trim() === '[Desktop Entry]';
    const separator = line.indexOf('=');
    if (!isMain || separator < 0 || line.startsWith('#')) continue;
    values.set(line.slice(0, separator).trim(), line.slice(separator + 1).trim());
  }
  const isTrue = (key: string): boolean => values.get(key) === 'true';
  const name = values.get('Name');
  if (values.get('Type') !== 'Application' || name === undefined || isTrue('NoDisplay') || isTrue('Hidden'))
    return null;
  const words = [values.get('GenericName') ?? '', ...(values.get('Keywords') ?? '').split(';')];
  const icon = values.get('Icon') ?? '';
  return {
    id,
    name: unescaped(name).slice(0, MOST_NAME_LENGTH),
    keywords: [...new Set(words.map((word) => unescaped(word.trim()).slice(0, 100)))]
      .filter((word) => word !== '')
      .slice(0, 50),
    origin,
    icon: icon === '' ? null : icon,
    command: commandOf(values.get('Exec') ?? ''),
    isSingleInstance: ['DBusActivatable', 'SingleMainWindow', 'X-GNOME-SingleWindow'].some(isTrue),
  };
}

/** Takes a command line of an entry apart, without field codes such as `%U`. */
export function commandOf(exec: string): readonly string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of unescaped(exec).matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)) {
    const word = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(["`$\\])/g, '$1');
    if (!/^%[a-zA-Z]$/.test(word) && !/^@@[a-z]?$/.test(word)) words.push(word.replaceAll('%%', '%'));
  }
  return words;
}

const SUFFIX = '.desktop';
const MOST_NAME_LENGTH = 300;
/** The largest entries, with translations to a hundred languages, have half of this. */
const MOST_ENTRY_BYTES = 256 * 1024;
/** Vendors' folders are one level deep. */
const MOST_DEPTH = 3;

async function listEntryFiles(dir: string, below: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(dir, below), { withFileTypes: true }).catch(() => [])) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && path.split('/').length < MOST_DEPTH)
      found.push(...(await listEntryFiles(dir, path)));
    else if (entry.name.endsWith(SUFFIX)) found.push(path);
  }
  return found;
}

/** Reads as root what users write: only their own plain files, and not for ever. */
async function readEntryFile(path: string, ownerUid: number | null): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    const found = await file.stat();
    const isTrusted = ownerUid === null || found.uid === ownerUid;
    if (!found.isFile() || found.size > MOST_ENTRY_BYTES || !isTrusted) return null;
    return await file.readFile('utf8');
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

function unescaped(text: string): string {
  return text.replace(/\\([sntr\\;])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}

const ESCAPES: Readonly<Record<string, string>> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\', ';': ';' };
