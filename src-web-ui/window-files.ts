import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** A file of the window as it goes over the wire. */
export interface WindowFile {
  readonly body: Buffer;
  readonly contentType: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/**
 * Reads the built window into memory, by its path in the address. What is not in the list does not exist, so no
 * address reaches any other file.
 *
 * @throws Error if the folder cannot be read
 */
export function readWindowFiles(dir: string): ReadonlyMap<string, WindowFile> {
  const files = new Map<string, WindowFile>();
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    files.set(`/${name}`, { body: readFileSync(join(dir, name)), contentType });
  }
  const page = files.get('/index.html');
  if (page === undefined) throw new Error(`no index.html in ${dir}`);
  files.set('/', page);
  return files;
}
