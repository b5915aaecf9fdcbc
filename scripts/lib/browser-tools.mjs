// Programs of test/e2e that are not tests: they drive the browser, whose package has to stay outside of a bundle.
import * as esbuild from 'esbuild';
import { PROJECT_DIR } from './run.mjs';

/**
 * Bundles one of them.
 * @param {string} name the file's name in test/e2e, without its ending
 * @returns {Promise<string>} the script to run, relative to the checkout
 */
export async function bundleBrowserTool(name) {
  await esbuild.build({
    absWorkingDir: PROJECT_DIR,
    entryPoints: [`test/e2e/${name}.ts`],
    outdir: 'dist/e2e',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  return `dist/e2e/${name}.js`;
}
