import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../programs.ts';

/**
 * Finds a program of a Debian package: the installed one, or a copy of it that is unpacked below `dist`. Unpacking
 * changes nothing on the machine, whereas installing systemd-resolved would take over its resolver.
 *
 * @param file the program's path in the package, such as `/lib/systemd/systemd-resolved`
 * @returns null where there is neither
 */
export function debianProgram(packageName: string, file: string): string | null {
  if (existsSync(file)) return file;
  const unpackedDir = join(projectDir(), 'dist/lab/debian', packageName);
  const unpacked = join(unpackedDir, file);
  if (!existsSync(unpacked)) unpack(packageName, unpackedDir);
  return existsSync(unpacked) && hasLibraries(unpacked) ? unpacked : null;
}

/** What is only unpacked may lack libraries of packages that it depends on; then it is as good as not there. */
function hasLibraries(program: string): boolean {
  return !execFileSync('ldd', [program], { encoding: 'utf8' }).includes('not found');
}

function unpack(packageName: string, unpackedDir: string): void {
  const parent = join(unpackedDir, '..');
  mkdirSync(parent, { recursive: true });
  // Moved into place as a whole: tests that run beside this one see all of it or nothing.
  const workDir = mkdtempSync(join(parent, `.${packageName}-`));
  try {
    execFileSync('apt-get', ['-q', 'download', packageName], { cwd: workDir, stdio: 'ignore' });
    const archive = readdirSync(workDir).find((name) => name.endsWith('.deb'));
    if (archive === undefined) return;
    execFileSync('dpkg-deb', ['-x', archive, 'files'], { cwd: workDir, stdio: 'ignore' });
    renameSync(join(workDir, 'files'), unpackedDir);
  } catch {
    // No Debian, no network, or another run was faster: who asked looks whether the program is there.
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}
