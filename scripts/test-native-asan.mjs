// Runs the addon's tests on a build with AddressSanitizer and UndefinedBehaviorSanitizer: every access that leaves its
// object and every undefined operation ends the test process with a report.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { rebuildAddon } from './lib/node-gyp.mjs';
import { PROJECT_DIR } from './lib/run.mjs';

const NATIVE_DIR = join(PROJECT_DIR, 'src-native');
/** node-gyp always builds into build/ beside the binding.gyp, so this build gets a folder that looks like src-native. */
const BUILD_DIR = join(NATIVE_DIR, 'build-asan');

const runtime = findRuntime();
if (runtime === null) {
  console.log('Skipped: the compiler has no AddressSanitizer runtime (Debian: libasan8 comes with g++).');
} else {
  process.exitCode = buildAndTest(runtime) ? 0 : 1;
}

/** @param {string} runtimeFile */
function buildAndTest(runtimeFile) {
  mkdirSync(BUILD_DIR, { recursive: true });
  for (const name of ['binding.gyp', 'src']) link(join('..', name), join(BUILD_DIR, name));
  console.log('Compiling the addon with sanitizers (about 40 s) ...');
  if (!rebuildAddon(BUILD_DIR, ['-Dsanitize=true'])) {
    console.error('The addon did not compile with sanitizers; the reason stands above.');
    return false;
  }
  console.log('Testing it ...');
  const env = {
    ...process.env,
    // The runtime has to be there before Node, which was not built with it.
    LD_PRELOAD: runtimeFile,
    // Node itself frees little at its end, so the search for leaks would only find that.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    BOWLINE_NATIVE: join(BUILD_DIR, 'build', 'Release', 'bowline.node'),
  };
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'native', ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { cwd: PROJECT_DIR, stdio: 'inherit', env }).status === 0;
}

/** @returns {string | null} */
function findRuntime() {
  const { stdout } = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const file = (stdout ?? '').trim();
  // The compiler answers with the bare name if it has no such file.
  return file.startsWith('/') && existsSync(file) ? file : null;
}

/**
 * @param {string} target
 * @param {string} file
 */
function link(target, file) {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) symlinkSync(target, file);
}
