import { constants } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirs } from './desktop-entries.ts';

/** More than a picture of this size needs on a screen. */
const MOST_ICON_BYTES = 64 * 1024;

/** Folders of the default theme, the best first: pictures of lines, then sizes near that of a row. */
const SIZES = ['scalable', '64x64', '128x128', '48x48', '256x256', '512x512', '32x32'];

/** Where pictures of apps lie. Nothing else is ever shown: what users wrote into an entry may name any file. */
const ICON_ROOTS = ['/usr/', '/opt/', '/snap/', '/var/lib/flatpak/', '/var/lib/snapd/'];

/** Paths of pictures by their name in the icon theme. */
export type IconIndex = ReadonlyMap<string, string>;

/** Lists the pictures of apps in the shared folders. */
export async function indexIcons(): Promise<IconIndex> {
  const index = new Map<string, string>();
  const shared = [...dataDirs(), '/var/lib/flatpak/exports/share'];
  const dirs = shared.flatMap((dir) => [
    ...SIZES.map((size) => join(dir, 'icons/hicolor', size, 'apps')),
    join(dir, 'pixmaps'),
  ]);
  for (const dir of dirs) {
    for (const file of await readdir(dir).catch(() => [])) {
      const name = /^(.+)\.(png|svg)$/.exec(file)?.[1];
      if (name !== undefined && !index.has(name)) index.set(name, join(dir, file));
    }
  }
  return index;
}

/** Finds the picture that an entry names; null if there is none that may be shown. */
export function iconPath(icon: string | null, index: IconIndex): string | null {
  if (icon === null) return null;
  if (!icon.startsWith('/')) return index.get(icon) ?? index.get(icon.replace(/\.(png|svg)$/, '')) ?? null;
  return /\.(png|svg)$/.test(icon) ? icon : null;
}

/** Reads a picture as a `data:` address; null if it is gone, too large, or somewhere else than pictures of apps are. */
export async function readIcon(path: string): Promise<string | null> {
  const roots = [...ICON_ROOTS, ...dataDirs().map((dir) => `${dir}/`)];
  const real = await realpath(path).catch(() => null);
  if (real === null || !roots.some((root) => real.startsWith(root))) return null;
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => null);
  if (file === null) return null;
  try {
    const { size } = await file.stat();
    if (size > MOST_ICON_BYTES) return null;
    const bytes = await file.readFile();
    const type = typeOf(bytes);
    return type === null ? null : `data:${type};base64,${bytes.toString('base64')}`;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

function typeOf(bytes: Buffer): string | null {
  if (bytes.subarray(0, 4).equals(PNG)) return 'image/png';
  return /^\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)/.test(bytes.toString('latin1', 0, 200))
    ? 'image/svg+xml'
    : null;
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
