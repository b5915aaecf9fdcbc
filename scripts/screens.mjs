// `npm run screens`: pictures of the window in every view and state, into docs/screens.
import * as esbuild from 'esbuild';
import { ensureDebianPackages } from './lib/debian.mjs';
import { becomeScript, PROJECT_DIR, runScript } from './lib/run.mjs';

process.chdir(PROJECT_DIR);
if (!ensureDebianPackages(['build', 'browser'])) process.exit(1);
if (!runScript('scripts/build.mjs')) process.exit(1);
await esbuild.build({
  entryPoints: ['test/e2e/screens.ts'],
  outdir: 'dist/e2e',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
becomeScript('dist/e2e/screens.js', process.argv.slice(2));
