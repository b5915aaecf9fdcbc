import { closeSync, openSync, readFileSync, readSync, readlinkSync, realpathSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

/** Where programs are found that are named without a folder. */
const SEARCH_PATH = [
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/snap/bin',
];

/** The longest first line that the kernel reads of a script. */
const MOST_LINE_BYTES = 256;

/** The path without links; the path itself if there is no such file, or it is hidden from here. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Finds a program that is named as on a command line; null if there is none. */
export function findProgram(name: string): string | null {
  if (isAbsolute(name)) return name;
  for (const dir of SEARCH_PATH) {
    const path = `${dir}/${name}`;
    const real = realPath(path);
    if (real !== path || canBeRead(path)) return path;
  }
  return null;
}

/** The program that runs a script, without links; null if the file is no script, or cannot be read. */
export function interpreterOf(path: string): string | null {
  const line = firstLine(path);
  if (line?.startsWith('#!') !== true) return null;
  const [program = '', ...args] = line.slice(2).trim().split(/\s+/);
  if (!program.endsWith('/env')) return program === '' ? null : realPath(program);
  const named = args.find((word) => !word.startsWith('-') && !word.includes('='));
  const found = named === undefined ? null : findProgram(named);
  return found === null ? null : realPath(found);
}

/** The script that an interpreter runs, without links: its first argument that is no option; null if there is none. */
export function scriptOf(pid: number): string | null {
  try {
    const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const script = args.find((word) => word !== '' && !word.startsWith('-'));
    if (script === undefined) return null;
    return isAbsolute(script)
      ? realPath(script)
      : realPath(resolve(readlinkSync(`/proc/${pid}/cwd`), script));
  } catch {
    // It has ended.
    return null;
  }
}

function canBeRead(path: string): boolean {
  return firstLine(path) !== null;
}

function firstLine(path: string): string | null {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    const bytes = Buffer.alloc(MOST_LINE_BYTES);
    const length = readSync(file, bytes);
    return bytes.toString('latin1', 0, length).split('\n')[0] ?? '';
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}
