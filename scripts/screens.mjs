// `npm run screens`: pictures of the window in every view and state, into docs/screens.
import { bundleBrowserTool } from './lib/browser-tools.mjs';
import { ensureDebianPackages } from './lib/debian.mjs';
import { becomeScript, PROJECT_DIR, runScript } from './lib/run.mjs';

process.chdir(PROJECT_DIR);
if (!ensureDebianPackages(['build', 'browser'])) process.exit(1);
if (!runScript('scripts/build.mjs')) process.exit(1);
becomeScript(await bundleBrowserTool('screens'), process.argv.slice(2));
