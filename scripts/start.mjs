// `npm start`: builds the window and opens it in the browser. Arguments go to `bowline ui`.
import { becomeScript, runScript } from './lib/run.mjs';

if (!runScript('scripts/build.mjs')) process.exit(1);
becomeScript('dist/bin/bowline.js', ['ui', ...process.argv.slice(2)]);
