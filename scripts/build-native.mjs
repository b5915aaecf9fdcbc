// Builds the addon in src-native into build/Release. Runs as the install script of `npm ci`, before there are any
// modules, so it uses nothing but Node and the compiler.
import { ensureDebianPackages } from './lib/debian.mjs';
import { rebuildAddon } from './lib/node-gyp.mjs';
import { PROJECT_DIR } from './lib/run.mjs';

if (!ensureDebianPackages(['build'])) process.exit(1);
console.log('Compiling the addon (about 15 s) ...');
const started = Date.now();
if (!rebuildAddon(`${PROJECT_DIR}src-native`)) {
  console.error('The addon did not compile; the reason stands above.');
  process.exit(1);
}
console.log(`The addon was built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
