// Bundles the programs into dist/, puts the addon beside them and writes the launchers in bin/.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import * as esbuild from 'esbuild';
import { DAEMON_FLAGS, launcherText } from './lib/launcher.mjs';
import { PROJECT_DIR } from './lib/run.mjs';
import { buildWindow } from './lib/window.mjs';

process.chdir(PROJECT_DIR);
// Other users start the programs too, whatever the umask of the one who builds.
process.umask(0o022);
const startedAt = Date.now();

const PROGRAMS = [
  { name: 'bowlined', entry: 'src-daemon/main.ts', flags: DAEMON_FLAGS },
  { name: 'bowline-gate', entry: 'src-daemon/gate.ts', flags: [] },
  { name: 'bowline-box', entry: 'src-box/main.ts', flags: DAEMON_FLAGS },
  { name: 'bowline', entry: 'src-cli/main.ts', flags: [] },
];

/** Packages in the older module format ask for Node's modules by a function that newer modules do not have. */
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const ADDON = 'src-native/build/Release/bowline.node';
/** The addon's loader looks in ../build/Release from the file it is bundled into: dist/bin and dist/lab both find this. */
const ADDON_COPY = 'dist/build/Release/bowline.node';

await bundle('dist/bin', Object.fromEntries(PROGRAMS.map(({ name, entry }) => [name, entry])));
await bundle('dist/lab', labEntries());
await bundleApp();
placeAddon();
// `bowline ui` finds the window beside the folder of the programs.
await buildWindow(`${PROJECT_DIR}dist/window`, packageVersion());
for (const { name, flags } of PROGRAMS) {
  const text = launcherText({ bundle: `dist/bin/${name}.js`, node: process.execPath, flags });
  replaceFile(`bin/${name}`, 0o755, (path) => writeFileSync(path, text));
}
console.log(
  `Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s: bin/bowline, bin/bowlined, bin/bowline-box`,
);

/**
 * @param {string} outDir
 * @param {Record<string, string>} entries
 */
async function bundle(outDir, entries) {
  const present = Object.entries(entries).filter(([, entry]) => {
    if (!existsSync(entry)) console.warn(`Left out: ${entry} does not exist`);
    return existsSync(entry);
  });
  await esbuild.build({
    entryPoints: present.map(([out, entry]) => ({ in: entry, out })),
    outdir: outDir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'linked',
    charset: 'utf8',
    logLevel: 'warning',
    banner: { js: REQUIRE_BANNER },
    define: { __BOWLINE_VERSION__: JSON.stringify(packageVersion()) },
  });
}

/** The app: its main process as a module of Node, its preload script as what a sandboxed page may load. */
async function bundleApp() {
  /** @type {esbuild.BuildOptions} */
  const common = {
    bundle: true,
    sourcemap: 'linked',
    charset: 'utf8',
    logLevel: 'warning',
    external: ['electron'],
    define: { __BOWLINE_VERSION__: JSON.stringify(packageVersion()) },
  };
  await esbuild.build({
    ...common,
    entryPoints: {
      'app/main': 'src-main/main.ts',
      'lab/desktop-scenarios': 'test/desktop/electron-main.ts',
    },
    outdir: 'dist',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    banner: { js: REQUIRE_BANNER },
  });
  await esbuild.build({
    ...common,
    entryPoints: { preload: 'src-main/preload/preload.ts' },
    outdir: 'dist/app',
    outExtension: { '.js': '.cjs' },
    platform: 'browser',
    format: 'cjs',
    target: 'chrome140',
  });
}

/** @returns {Record<string, string>} */
function labEntries() {
  const probesDir = 'test/lab/probes';
  const probes = existsSync(probesDir) ? readdirSync(probesDir).filter((file) => file.endsWith('.ts')) : [];
  return {
    demo: 'test/lab/demo.ts',
    bench: 'test/lab/bench.ts',
    'bench-links': 'test/lab/bench-links.ts',
    'bench-manners': 'test/lab/bench-manners.ts',
    ...Object.fromEntries(
      probes.map((file) => [`probes/${file.slice(0, -'.ts'.length)}`, `${probesDir}/${file}`]),
    ),
  };
}

function placeAddon() {
  if (!existsSync(ADDON)) {
    console.log('The addon is not built: building it ...');
    // Through npm, since it hands its own node-gyp to the scripts it runs.
    const { status } = spawnSync('npm', ['run', '--silent', 'install'], { stdio: 'inherit' });
    if (status !== 0 || !existsSync(ADDON)) {
      console.error(`${ADDON} is missing: see the lines above, then run npm ci`);
      process.exit(1);
    }
  }
  replaceFile(ADDON_COPY, 0o755, (path) => copyFileSync(ADDON, path));
}

/**
 * Puts a new file in the place of the old one in one step: a running program keeps the file that it has mapped.
 * @param {string} path
 * @param {number} mode
 * @param {(temporaryPath: string) => void} write
 */
function replaceFile(path, mode, write) {
  mkdirSync(dirname(path), { recursive: true });
  const temporaryPath = `${path}.${process.pid}.tmp`;
  write(temporaryPath);
  chmodSync(temporaryPath, mode);
  renameSync(temporaryPath, path);
}

/** @returns {string} */
function packageVersion() {
  return JSON.parse(readFileSync('package.json', 'utf8')).version;
}
