// `npm start`: builds the app and opens it: in Electron where its binary is, else the window in the browser.
// Arguments go to `bowline ui`.
import { findElectron } from './lib/electron.mjs';
import { becomeProgram, becomeScript, PROJECT_DIR, runScript } from './lib/run.mjs';

if (!runScript('scripts/build.mjs')) process.exit(1);
const electron = findElectron();
if (electron === null) becomeScript('dist/bin/bowline.js', ['ui', ...process.argv.slice(2)]);
else becomeProgram(electron, [PROJECT_DIR]);
