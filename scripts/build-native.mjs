// Builds the addon in src-native. Runs as the install script of `npm ci`, which puts node-gyp on the PATH
// and tells its place; run by hand it finds the one that comes with npm.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NATIVE_DIR = fileURLToPath(new URL('../src-native', import.meta.url));
const PACKAGES = { 'g++': 'g++', make: 'make', python3: 'python3' };

installTools();
build();

function installTools() {
  const missing = Object.keys(PACKAGES).filter((tool) => !isOnPath(tool));
  if (missing.length === 0) return;
  const packages = missing.map((tool) => PACKAGES[tool]).join(' ');
  const line = `apt-get update && apt-get install -y ${packages}`;
  if (!isOnPath('apt-get')) fail(`The addon needs ${missing.join(', ')}. Install them and run npm ci again.`);
  if (process.getuid() !== 0) fail(`sudo sh -c '${line}'`);
  say(`installing ${packages}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (run('sh', ['-c', line], env) !== 0) fail(`Installing failed. Run: ${line}`);
}

function build() {
  const args = ['rebuild', '--directory', NATIVE_DIR, '--loglevel', 'warn', '--jobs', 'max'];
  // Node's own headers fit exactly and need no download.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) args.push('--nodedir', prefix);
  say('compiling (about 10 s)');
  const started = Date.now();
  const script = findNodeGyp();
  const status = script ? run(process.execPath, [script, ...args]) : run('node-gyp', args);
  if (status !== 0) fail('The addon did not compile; the reason stands above.');
  say(`built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function findNodeGyp() {
  const byNpm = process.env.npm_config_node_gyp;
  if (byNpm && existsSync(byNpm)) return byNpm;
  const path = join('node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const prefix = dirname(dirname(process.execPath));
  return [join(prefix, 'lib', path), join(prefix, 'share', path)].find((file) => existsSync(file));
}

function isOnPath(tool) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => dir !== '' && existsSync(join(dir, tool)));
}

function run(command, args, env = process.env) {
  return spawnSync(command, args, { stdio: 'inherit', env }).status ?? 1;
}

function say(text) {
  console.log(`native: ${text}`);
}

function fail(text) {
  console.error(text);
  process.exit(1);
}
