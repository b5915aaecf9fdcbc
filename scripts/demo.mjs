// `npm run demo`: a virtual home on this machine and its roaming cycle.
import { ensureDebianPackages } from './lib/debian.mjs';
import { labObstacle } from './lib/lab-host.mjs';
import { becomeScript, runScript } from './lib/run.mjs';

const EXIT_FAILED = 1;
const EXIT_NOT_PERMITTED = 4;

if (!ensureDebianPackages(['build', 'network'])) process.exit(EXIT_FAILED);
if (process.getuid?.() !== 0) {
  console.error(
    'The demo builds a virtual home from network namespaces, which needs root. Run: sudo npm run demo',
  );
  process.exit(EXIT_NOT_PERMITTED);
}
const obstacle = labObstacle();
if (obstacle !== null) {
  console.error(`The demo cannot run on this machine: ${obstacle}.`);
  process.exit(EXIT_FAILED);
}
console.log('Building ...');
if (!runScript('scripts/build.mjs')) process.exit(EXIT_FAILED);
console.log('Setting up the virtual home ...');
becomeScript('dist/lab/demo.js', process.argv.slice(2));
