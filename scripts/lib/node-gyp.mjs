// Compiling the addon with node-gyp, for the product and for the build with sanitizers.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Builds the binding.gyp of a folder from scratch into its build/Release and shows the compiler's output.
 * @param {string} dir
 * @param {readonly string[]} [gypArgs] handed on to gyp, such as `-Dname=value`
 * @returns {boolean} whether it succeeded
 */
export function rebuildAddon(dir, gypArgs = []) {
  const args = ['rebuild', '--directory', dir, '--loglevel', 'warn', '--jobs', 'max'];
  // Node's own headers fit exactly and need no download.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) args.push('--nodedir', prefix);
  if (gypArgs.length > 0) args.push('--', ...gypArgs);
  const script = findNodeGyp(prefix);
  const [command, ...head] = script === undefined ? ['node-gyp'] : [process.execPath, script];
  return spawnSync(command, [...head, ...args], { stdio: 'inherit' }).status === 0;
}

/**
 * npm tells install scripts where its node-gyp is; started by hand, the one that comes with npm is looked for. Without
 * either the one on the PATH has to do.
 * @param {string} prefix
 * @returns {string | undefined}
 */
function findNodeGyp(prefix) {
  const inNpm = join('node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const byNpm = process.env['npm_config_node_gyp'];
  const candidates = [...(byNpm ? [byNpm] : []), join(prefix, 'lib', inNpm), join(prefix, 'share', inNpm)];
  return candidates.find((file) => existsSync(file));
}
