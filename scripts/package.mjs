// `npm run package [-- deb rpm AppImage dir]`: packages for this machine's architecture, in dist/packages. The addon is
// built where it will run, so packages for arm64 are made on arm64.
import { build } from 'electron-builder';
import { PROJECT_DIR, runScript } from './lib/run.mjs';
import { assemblePayload } from './lib/service-payload.mjs';

process.chdir(PROJECT_DIR);
process.umask(0o022);

const KNOWN = ['deb', 'rpm', 'AppImage', 'dir'];
const targets = process.argv.slice(2);
const unknown = targets.filter((target) => !KNOWN.includes(target));
if (unknown.length > 0) {
  console.error(`No such package: ${unknown.join(', ')}. There are: ${KNOWN.join(', ')}`);
  process.exit(2);
}
if (!runScript('scripts/build.mjs')) process.exit(1);
assemblePayload('dist/service');
await build({
  linux: targets.length > 0 ? targets : ['deb', 'rpm', 'AppImage'],
  [process.arch]: true,
  config: 'electron-builder.yml',
  publish: 'never',
});
