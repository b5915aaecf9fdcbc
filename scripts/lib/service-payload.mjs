// What a package brings for the service: the daemons' bundles, the addon, a Node to run them, unit files and the set-up.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { DAEMON_FLAGS } from './launcher.mjs';
import { PROJECT_DIR } from './run.mjs';

/** Where a package puts the payload; its unit files name this folder. */
export const PACKAGED_PREFIX = '/opt/Bowline/resources/service';

const PROGRAMS = [
  { name: 'bowline', flags: [] },
  { name: 'bowlined', flags: DAEMON_FLAGS },
  { name: 'bowline-gate', flags: [] },
  { name: 'bowline-box', flags: DAEMON_FLAGS },
];

/**
 * Puts the payload of this machine's architecture together, from what `npm run build` made.
 * @param {string} serviceDir gets one folder for the architecture, and the unit files of packages
 * @param {{ projectDir?: string, node?: string }} [from] for tests: another checkout, another Node
 * @returns {string} the payload's folder
 */
export function assemblePayload(serviceDir, { projectDir = PROJECT_DIR, node = standaloneNode() } = {}) {
  /**
   * @param {string} from relative to the checkout
   * @param {string} to
   */
  const copy = (from, to) => {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(projectDir, from), to);
    // Whatever the umask of the one who builds: other users run this.
    chmodSync(to, 0o644);
  };

  const dir = join(serviceDir, process.arch);
  rmSync(dir, { recursive: true, force: true });
  for (const { name, flags } of PROGRAMS) {
    copy(`dist/bin/${name}.js`, join(dir, `dist/bin/${name}.js`));
    put(join(dir, 'bin', name), packagedLauncher(name, flags), 0o755);
  }
  copy('dist/build/Release/bowline.node', join(dir, 'dist/build/Release/bowline.node'));
  // Bundles are modules of Node by what this says.
  put(join(dir, 'dist/package.json'), '{ "type": "module" }\n', 0o644);
  cpSync(node, join(dir, 'node'));
  chmodSync(join(dir, 'node'), 0o755);
  for (const part of ['systemd', 'sysusers.d', 'polkit-1']) {
    cpSync(join(projectDir, 'packaging', part), join(dir, part), { recursive: true });
  }
  copy('packaging/service-setup.sh', join(dir, 'service-setup.sh'));
  put(join(dir, 'SHA256SUMS'), checksums(dir), 0o644);

  for (const unit of readdirSync(join(projectDir, 'packaging/systemd'))) {
    const text = readFileSync(join(projectDir, 'packaging/systemd', unit), 'utf8');
    put(join(serviceDir, 'systemd', unit), text.replaceAll('@PREFIX@', PACKAGED_PREFIX), 0o644);
  }
  return dir;
}

/**
 * The Node that runs this, if it is one file that runs anywhere.
 * @returns {string}
 */
function standaloneNode() {
  const { stdout } = spawnSync('ldd', [process.execPath], { encoding: 'utf8' });
  if (/libnode|not a dynamic/.test(stdout ?? '')) {
    throw new Error(`${process.execPath} needs libnode: run this with a Node from nodejs.org`);
  }
  return process.execPath;
}

/**
 * @param {string} name
 * @param {readonly string[]} flags
 * @returns {string}
 */
function packagedLauncher(name, flags) {
  return [
    '#!/bin/sh',
    'self=$(readlink -f -- "$0") || exit 1',
    'dir=${self%/*/*}',
    `exec ${['"$dir/node"', ...flags, `"$dir/dist/bin/${name}.js"`, '"$@"'].join(' ')}`,
    '',
  ].join('\n');
}

/**
 * @param {string} dir
 * @returns {string} as `sha256sum --check` reads it
 */
function checksums(dir) {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${sha256(path)}  ${relative(dir, path)}\n`)
    .join('');
}

/** @param {string} path */
function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/**
 * @param {string} path
 * @param {string} text
 * @param {number} mode
 */
function put(path, text, mode) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
}
