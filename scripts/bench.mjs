// `npm run bench`: the tunnel against the raw link and against whichever peers are installed.
// `npm run bench:links`: how much of two links is used, against the links alone and kernel MPTCP.
// `npm run bench:manners`: delay under load, rate steps, fairness, copies and processor time.
// `npm run bench:window`: what the window weighs, how soon it can be used, and what it takes of a core while idle.
import { bundleBrowserTool } from './lib/browser-tools.mjs';
import { ensureDebianPackages } from './lib/debian.mjs';
import { labObstacle } from './lib/lab-host.mjs';
import { becomeScript, runScript } from './lib/run.mjs';

const [first, ...rest] = process.argv.slice(2);
const isOfWindow = first === 'window';
if (!ensureDebianPackages(['build', 'network', isOfWindow ? 'browser' : 'bench'])) process.exit(1);
const obstacle = labObstacle();
if (obstacle !== null) {
  console.error(`The benchmark cannot run on this machine: ${obstacle}.`);
  process.exit(1);
}
console.log('Building ...');
if (!runScript('scripts/build.mjs')) process.exit(1);
if (first === 'links') becomeScript('dist/lab/bench-links.js', rest);
else if (first === 'manners') becomeScript('dist/lab/bench-manners.js', rest);
else if (isOfWindow) becomeScript(await bundleBrowserTool('bench-window'), rest);
else becomeScript('dist/lab/bench.js', process.argv.slice(2));
