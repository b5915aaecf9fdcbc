// Checks the types of every folder against its own tsconfig.json: what a layer may not use is not there to be found.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { PROJECT_DIR } from './lib/run.mjs';

process.chdir(PROJECT_DIR);

const folders = [
  '.',
  ...readdirSync('.').filter((name) => /^(src-|test$)/.test(name) && hasSource(name)),
  // Tests of a page have the types of a browser.
  'test/view',
];
const waiting = [...folders];
/** @type {string[]} */
const failed = [];
await Promise.all(Array.from({ length: Math.min(availableParallelism(), folders.length) }, checkNext));
if (failed.length > 0) {
  console.error(`Types are wrong in: ${failed.sort().join(', ')}`);
  process.exit(1);
}
console.log(`Types are right in ${folders.length} folders.`);

async function checkNext() {
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    if (!(await check(folder))) failed.push(folder);
  }
}

/**
 * @param {string} folder
 * @returns {Promise<boolean>}
 */
function check(folder) {
  const args = ['node_modules/typescript/bin/tsc', '-p', folder, '--pretty', 'false'];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let report = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (report += text));
    child.on('close', (code) => {
      if (report !== '') console.log(report.trimEnd());
      resolve(code === 0);
    });
  });
}

/** @param {string} folder */
function hasSource(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((file) => file.endsWith('.ts'));
}
